//! A server of axum on tokio, one of whose handlers is a cached async function. Requests for the same result at the same time
//! compute it once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use joblib::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

static COMPUTED: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone, Serialize, Deserialize)]
struct Report {
    station: u32,
    mean: f64,
}

#[cached]
async fn report(station: u32) -> Report {
    COMPUTED.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(100)).await;
    Report { station, mean: f64::from(station) / 2.0 }
}

async fn handler(Path(station): Path<u32>) -> Json<Report> {
    Json(report(station).await)
}

/// Blocking work, which a handler gives to a thread for such.
#[cached]
fn sum(n: u64) -> u64 {
    (0..n).sum()
}

async fn blocking(Path(n): Path<u64>) -> Result<String, String> {
    let sum = tokio::task::spawn_blocking(move || sum(n)).await.map_err(|error| error.to_string())?;
    Ok(sum.to_string())
}

async fn body(address: std::net::SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    Ok(response.rsplit("\r\n").find(|line| !line.is_empty()).unwrap_or_default().to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;
    let router = Router::new().route("/report/{station}", get(handler)).route("/sum/{n}", get(blocking));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });

    let requests: Vec<_> =
        (0..20).map(|_| tokio::spawn(async move { body(address, "/report/7").await })).collect();
    for request in requests {
        assert_eq!(request.await??, r#"{"station":7,"mean":3.5}"#);
    }
    assert_eq!(COMPUTED.load(Ordering::SeqCst), usize::from(!again), "one computation for all requests");
    assert_eq!(body(address, "/sum/10").await?, "45");
    assert_eq!(sum::stats().hits, u64::from(again));
    Ok(())
}
