//! Caches in a bucket, beside the plain client's requests to the same server.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use joblib_array::Array;
use joblib_memory::{MemorizedFunc, Memory};
use joblib_tests::proxy::{Mode, Proxy};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode, PutPayload, UpdateVersion};
use tokio::runtime::Runtime;

use crate::Result;
use crate::bucket::{self, BUCKET};
use crate::data::Data;
use crate::measure::seconds;
use crate::probe;
use crate::row::{Bar, Peer, Row, Sides, Unit};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        hit("memory.object.hit.1KB", 1, 100).bar(Bar::AtMost(1.2)),
        hit("memory.object.hit.8MB", 7800, 5).bar(Bar::AtMost(1.2)),
        miss().bar(Bar::OfLimit(1.5)),
        hits_at_once().bar(Bar::AtMost(1.25)),
        near_hit().bar(Bar::AtMost(1.1)),
    ]
}

/// The plain client of the same server.
struct Client {
    runtime: Runtime,
    bucket: Arc<AmazonS3>,
}

impl Client {
    /// A client that finds the server at `port`.
    fn new(port: u16) -> Result<Self> {
        // An error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let bucket = AmazonS3Builder::from_env()
            .with_endpoint(format!("http://127.0.0.1:{port}"))
            .with_bucket_name(BUCKET)
            .with_allow_http(true)
            .build()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Self { runtime, bucket: Arc::new(bucket) })
    }

    fn get(&self, path: &Path) -> Result<usize> {
        let bytes = self.runtime.block_on(async { self.bucket.get(path).await?.bytes().await })?;
        Ok(bytes.len())
    }

    fn is_missing(&self, path: &Path) -> bool {
        self.runtime.block_on(self.bucket.get(path)).is_err()
    }

    fn put(&self, path: &Path, bytes: Vec<u8>) -> Result {
        self.put_if(path, bytes, PutMode::Overwrite)?;
        Ok(())
    }

    /// Puts under a condition. Returns which version of the object it made.
    fn put_if(&self, path: &Path, bytes: Vec<u8>, mode: PutMode) -> Result<UpdateVersion> {
        Ok(self.runtime.block_on(self.bucket.put_opts(path, PutPayload::from(bytes), mode.into()))?.into())
    }
}

fn memory(prefix: &str) -> Result<Memory> {
    Ok(Memory::open(format!("s3://{BUCKET}/{prefix}"))?)
}

fn numbers(kilobytes: usize) -> Array<f64> {
    Array::from_fn(&[kilobytes * 128], |_| 1.0)
}

fn identity(i: u64) -> u64 {
    i
}

fn tiny(memory: &Memory) -> MemorizedFunc<fn(u64) -> u64> {
    memory.cache("identity", identity)
}

/// The bytes of the results in a cache.
fn stored_bytes(memory: &Memory) -> Result<Vec<u8>> {
    let items = memory.items()?;
    let (item, _) = items.first().ok_or("nothing is stored")?;
    Ok(vec![7; item.bytes as usize])
}

fn hit(name: &'static str, kilobytes: usize, repeat: usize) -> Row {
    Row::new(name, Unit::Microseconds, move |_| {
        let memory = memory(&format!("hit-{kilobytes}"))?;
        let cached = memory.cache("numbers", numbers);
        cached.eval((kilobytes,));
        let (client, path) = (Client::new(bucket::port()?)?, Path::from(format!("plain-{kilobytes}")));
        client.put(&path, stored_bytes(&memory)?)?;
        Ok(Sides::new(move || Ok(1e6 * seconds(repeat, || Ok(cached.eval((kilobytes,))))?))
            .peer(move || Ok(1e6 * seconds(repeat, || client.get(&path))?)))
    })
    .against(Peer::Named("client"))
}

/// A miss looks, claims and stores; the client looks and stores what is not there. Nobody can do the same with fewer
/// requests: the limit is theirs alone.
fn miss() -> Row {
    Row::new("memory.object.miss", Unit::Microseconds, |_| {
        let memory = memory("miss")?;
        let cached = tiny(&memory);
        cached.eval((0,));
        let bytes = stored_bytes(&memory)?;
        let client = Rc::new(Client::new(bucket::port()?)?);
        let (ours, theirs) = (Cell::new(0), Rc::new(Cell::new(0)));
        let next = |cell: &Cell<u64>| {
            cell.set(cell.get() + 1);
            cell.get()
        };
        // What the client does with an object that is not there, which it has looked for.
        let of_client = move |then: fn(&Client, &Path, Vec<u8>) -> Result| {
            let (client, bytes, theirs) = (Rc::clone(&client), bytes.clone(), Rc::clone(&theirs));
            move || {
                Ok(1e6
                    * seconds(30, || {
                        let path = Path::from(format!("plain-miss/{}", next(&theirs)));
                        if !client.is_missing(&path) {
                            return Err("it is there already".into());
                        }
                        then(&client, &path, bytes.clone())
                    })?)
            }
        };
        let create = |client: &Client, path: &Path, bytes| {
            client.put_if(path, bytes, PutMode::Create)?;
            Ok(())
        };
        let claim_and_replace = |client: &Client, path: &Path, bytes: Vec<u8>| {
            let claim = client.put_if(path, b"claimed".to_vec(), PutMode::Create)?;
            client.put_if(path, bytes, PutMode::Update(claim))?;
            Ok(())
        };
        Ok(Sides::new(move || Ok(1e6 * seconds(30, || Ok(cached.eval((next(&ours),))))?))
            .peer(of_client(create))
            .limit(of_client(claim_and_replace)))
    })
    .against(Peer::Named("client"))
}

/// Callers at once, and calls of each.
const AT_ONCE: u64 = 16;
const EACH: u64 = 10;
/// What they read: ours a cache, and the client an object.
const FAR: &str = "far";
const FAR_OBJECT: &str = "plain-far";

/// Hits of many threads over a way of 50 ms.
fn hits_at_once() -> Row {
    Row::new("memory.object.hits.50ms", Unit::Milliseconds, |_| {
        let memory = memory(FAR)?;
        let cached = tiny(&memory);
        (0..AT_ONCE * EACH).for_each(|i| _ = cached.eval((i,)));
        let client = Client::new(bucket::port()?)?;
        client.put(&Path::from(FAR_OBJECT), stored_bytes(&memory)?)?;
        let proxy = Proxy::start(bucket::port()?, Mode::Delay(Duration::from_millis(50)));
        let endpoint = format!("http://127.0.0.1:{}", proxy.port());
        // The address of the server is the environment's: each side is a process of its own.
        let side = Rc::new(move |who: &str| {
            probe::alone_with(
                &["far", who],
                &[("AWS_ENDPOINT_URL", &endpoint), (bucket::PORT, &proxy.port().to_string())],
            )
        });
        let peer = Rc::clone(&side);
        Ok(Sides::new(move || side("ours")).peer(move || peer("client")))
    })
    .against(Peer::Named("client"))
}

/// In a process of its own: how long the calls of many threads take, in milliseconds.
pub(crate) fn far(who: &str) -> Result<f64> {
    if who == "ours" {
        let cached = tiny(&memory(FAR)?);
        return at_once(&|i| {
            cached.eval((i,));
            Ok(())
        });
    }
    let (client, path) = (Client::new(bucket::port()?)?, Path::from(FAR_OBJECT));
    at_once(&|_| client.get(&path).map(drop))
}

fn at_once(call: &(dyn Fn(u64) -> Result + Sync)) -> Result<f64> {
    // Connections and what is asked once are not what is measured.
    call(0)?;
    let since = Instant::now();
    thread::scope(|scope| {
        let each = |at| (0..EACH).try_for_each(|i| call(at * EACH + i).map_err(|error| error.to_string()));
        let threads: Vec<_> = (0..AT_ONCE).map(|at| scope.spawn(move || each(at))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err("it panicked".to_owned())))
    })?;
    Ok(1e3 * since.elapsed().as_secs_f64())
}

/// A hit in the own cache, with a bucket behind it and without.
fn near_hit() -> Row {
    Row::new("memory.object.near_hit", Unit::Microseconds, |data: &Data| {
        let alone = Memory::new(data.path("alone"))?;
        let shared = Memory::new(data.path("shared"))?.shared(format!("s3://{BUCKET}/behind"))?;
        let (alone, shared) = (tiny(&alone), tiny(&shared));
        alone.eval((1,));
        shared.eval((1,));
        Ok(Sides::new(move || Ok(1e6 * seconds(200, || Ok(shared.eval((1,))))?))
            .peer(move || Ok(1e6 * seconds(200, || Ok(alone.eval((1,))))?)))
    })
    .against(Peer::Named("no bucket"))
}
