//! A program with a database of sqlx in SQLite beside joblib's feature `sqlite`: both link one SQLite.

use joblib::prelude::*;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

#[cached]
async fn total(#[cached(skip)] pool: &Pool, above: i64) -> Result<i64, String> {
    let row = sqlx::query_as::<_, (i64,)>("SELECT sum(n) FROM numbers WHERE n > ?").bind(above);
    row.fetch_one(&pool.0).await.map(|row| row.0).map_err(|error| error.to_string())
}

/// A pool of connections, known by what is asked of it.
struct Pool(SqlitePool);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::with_backend("sqlite", "cache")?.install()?;
    let options = SqliteConnectOptions::new().filename("numbers.sqlite").create_if_missing(true);
    let pool = Pool(SqlitePool::connect_with(options).await?);
    if !again {
        sqlx::query("CREATE TABLE numbers (n INTEGER)").execute(&pool.0).await?;
        for n in 1..=10_i64 {
            sqlx::query("INSERT INTO numbers VALUES (?)").bind(n).execute(&pool.0).await?;
        }
    }
    assert_eq!(total(&pool, 5).await?, 40);
    assert_eq!(total::stats().hits, u64::from(again));
    assert!(std::fs::read_dir("cache")?.count() > 0);
    Ok(())
}
