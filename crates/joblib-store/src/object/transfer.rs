//! Results in and out: small ones in one request, large ones in parts.

use std::io::{self, Write};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Error as Failure, GetOptions, GetRange, ObjectMeta, ObjectStoreExt, PutMode, PutPayload, UpdateVersion,
};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::{JoinHandle, JoinSet};

use super::bucket::Bucket;
use super::client::{Action, Client, Refused};
use super::layout::{end_of, is_claim, size_of_result};
use super::runtime;
use crate::blob::Blob;
use crate::error::Error;
use crate::store::WriteBytes;

/// Bytes of one request.
const PART: usize = 8 << 20;
/// Bytes beyond which a result is uploaded in parts.
const WHOLE: usize = 2 * PART;
/// Requests of one result at a time.
const AT_ONCE: usize = 4;

/// What a download found.
pub(super) enum Object {
    Result(Blob, Option<Whole>),
    /// A claim, in its version with this entity tag.
    Claim(Option<String>),
}

/// An object that came with one request, to write it again.
pub(super) struct Whole {
    pub(super) meta: ObjectMeta,
    pub(super) bytes: Bytes,
}

/// Writes an object again as it is, unless it has changed, so that the bucket takes it for a new one.
pub(super) async fn write_again(bucket: Bucket, object: Whole) {
    let Whole { meta, bytes } = object;
    let version = UpdateVersion { e_tag: meta.e_tag, version: meta.version };
    // It stays as old as it is, and the next process that uses it tries again.
    let _ = bucket.put_opts(&meta.location, bytes.into(), PutMode::Update(version).into()).await;
}

/// The object at `path`, whole.
pub(super) async fn download(bucket: Bucket, path: Path) -> Result<Object, Failure> {
    /// How often an object is replaced while it is read, before that is an error.
    const ATTEMPTS: usize = 4;
    let mut attempt = 1;
    loop {
        match download_one(&bucket, &path).await {
            Err(Failure::Precondition { .. }) if attempt < ATTEMPTS => attempt += 1,
            other => return other,
        }
    }
}

async fn download_one(bucket: &Bucket, path: &Path) -> Result<Object, Failure> {
    let (meta, first) = range(bucket, path, 0..PART as u64, None).await?;
    if is_claim(meta.size) {
        return Ok(Object::Claim(meta.e_tag));
    }
    let size = size_of_result(meta.size);
    if meta.size <= PART as u64 {
        let bytes = first.slice(..first.len().min(size as usize));
        let whole = Whole { meta, bytes: first };
        return Ok(Object::Result(Blob::Owned(Box::new(bytes)), Some(whole)));
    }
    let starts = (PART as u64..meta.size).step_by(PART);
    let rest = starts.map(|start| {
        let end = (start + PART as u64).min(meta.size);
        let tag = meta.e_tag.clone();
        async move { range(bucket, path, start..end, tag).await.map(|(_, bytes)| bytes) }
    });
    let mut rest = stream::iter(rest).buffered(AT_ONCE);
    let mut whole = first.to_vec();
    whole.reserve(usize::try_from(meta.size).unwrap_or(0).saturating_sub(whole.len()));
    while let Some(bytes) = rest.try_next().await? {
        whole.extend_from_slice(&bytes);
    }
    whole.truncate(size as usize);
    Ok(Object::Result(Blob::Owned(Box::new(whole)), None))
}

/// At least the first `bytes` bytes of a result, or all of them.
pub(super) async fn head(bucket: Bucket, path: Path, bytes: u64) -> Result<Object, Failure> {
    if bytes >= PART as u64 {
        return download(bucket, path).await;
    }
    let (meta, first) = range(&bucket, &path, 0..bytes.max(1), None).await?;
    if is_claim(meta.size) {
        return Ok(Object::Claim(meta.e_tag));
    }
    let size = size_of_result(meta.size) as usize;
    Ok(Object::Result(Blob::Owned(Box::new(first.slice(..first.len().min(size)))), None))
}

type Bytes = bytes::Bytes;

/// A range of the object, of its version with the entity tag if one is given.
pub(super) async fn range(
    bucket: &Bucket,
    path: &Path,
    range: std::ops::Range<u64>,
    tag: Option<String>,
) -> Result<(ObjectMeta, Bytes), Failure> {
    let options =
        GetOptions { range: Some(GetRange::Bounded(range)), if_match: tag, ..GetOptions::default() };
    let found = bucket.soon(bucket.get_opts(path, options)).await?;
    let meta = found.meta.clone();
    Ok((meta, found.bytes().await?))
}

/// What `write` wrote: to be stored, or in its place already.
pub(super) enum Encoded {
    /// The object's bytes.
    Whole(PutPayload),
    /// It was uploaded in parts.
    Uploaded,
}

/// Takes what `write` writes. Returns the number of its bytes too.
pub(super) fn encode(client: &Client, path: &Path, write: WriteBytes<'_>) -> Result<(Encoded, u64), Error> {
    let mut out = Out { client, path, buffer: Vec::new(), sent: 0, upload: None, failed: None };
    let written = write(&mut out);
    if let Some(error) = out.failed {
        return Err(error);
    }
    // Dropping an upload gives it up.
    written.map_err(Error::value)?;
    let bytes = out.sent + out.buffer.len() as u64;
    out.buffer.extend_from_slice(end_of(bytes));
    match out.upload.take() {
        None => Ok((Encoded::Whole(out.buffer.into()), bytes)),
        Some(upload) => {
            let last = std::mem::take(&mut out.buffer);
            upload.finish(client, path, last, bytes + end_of(bytes).len() as u64)?;
            Ok((Encoded::Uploaded, bytes))
        }
    }
}

struct Out<'a> {
    client: &'a Client,
    path: &'a Path,
    buffer: Vec<u8>,
    /// Bytes that were uploaded.
    sent: u64,
    upload: Option<Upload>,
    /// Why the store could not take the bytes.
    failed: Option<Error>,
}

impl Out<'_> {
    fn send(&mut self) -> Result<(), Error> {
        let upload = match &mut self.upload {
            Some(upload) => upload,
            None => self.upload.insert(Upload::begin(self.client, self.path)?),
        };
        while self.buffer.len() >= PART {
            let rest = self.buffer.split_off(PART);
            let part = std::mem::replace(&mut self.buffer, rest);
            self.sent += part.len() as u64;
            if !upload.send(Message::Part(part.into())) {
                let ended = self.upload.take().map_or(Ok(()), |upload| upload.result(self.client));
                // Without an error of its own it was given up, and what follows would be stored without this part.
                let reason = "an upload in parts ended before all of them were sent";
                return ended.and_then(|()| Err(Error::backend(self.client.location(), reason)));
            }
        }
        Ok(())
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed.is_some() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        // Not more at once than is sent at once.
        let bytes = &bytes[..bytes.len().min(PART)];
        self.buffer.extend_from_slice(bytes);
        if (self.upload.is_some() || self.buffer.len() > WHOLE)
            && let Err(error) = self.send()
        {
            let message = error.to_string();
            self.failed = Some(error);
            return Err(io::Error::other(message));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An upload in parts, which goes on while the next parts are written.
struct Upload {
    sender: Sender<Message>,
    task: JoinHandle<Result<(), Failure>>,
}

enum Message {
    Part(PutPayload),
    Complete,
}

impl Upload {
    fn begin(client: &Client, path: &Path) -> Result<Self, Error> {
        let bucket = client.connection(Action::Write)?.bucket();
        let path = path.clone();
        let (sender, mut receiver) = channel(1);
        let handle = runtime::handle().map_err(|error| Error::backend(client.location(), error))?;
        let task = handle.spawn(async move {
            let mut upload = bucket.put_multipart(&path).await?;
            let mut parts: JoinSet<Result<(), Failure>> = JoinSet::new();
            let outcome = loop {
                if parts.len() >= AT_ONCE
                    && let Some(Err(error)) = parts.join_next().await.map(flat)
                {
                    break Err(error);
                }
                match receiver.recv().await {
                    Some(Message::Part(part)) => {
                        parts.spawn(upload.put_part(part));
                    }
                    Some(Message::Complete) => {
                        break loop {
                            match parts.join_next().await.map(flat) {
                                Some(Ok(())) => {}
                                Some(Err(error)) => break Err(error),
                                None => break Ok(true),
                            }
                        };
                    }
                    None => break Ok(false),
                }
            };
            match outcome {
                Ok(true) => upload.complete().await.map(|_| ()),
                other => {
                    parts.shutdown().await;
                    // What can't be removed is what the bucket's rule for unfinished uploads is for.
                    let _ = upload.abort().await;
                    other.map(|_| ())
                }
            }
        });
        Ok(Self { sender, task })
    }

    /// Sends a message when there is room for it. Returns whether it could.
    fn send(&self, message: Message) -> bool {
        let sender = self.sender.clone();
        runtime::wait(async move { sender.send(message).await.is_ok() }).unwrap_or(false)
    }

    /// How the upload ended.
    fn result(self, client: &Client) -> Result<(), Error> {
        drop(self.sender);
        let task = self.task;
        let ended = runtime::wait(task).map_err(|error| Error::backend(client.location(), error))?;
        let outcome = ended.map_err(|error| Error::backend(client.location(), error.to_string()))?;
        match client.settle(Action::Write, outcome)? {
            Ok(()) => Ok(()),
            Err(refused) => Err(client.refused(Action::Write, refused)),
        }
    }

    /// Uploads the rest and puts the object, which should have `size` bytes, in its place.
    fn finish(self, client: &Client, path: &Path, rest: Vec<u8>, size: u64) -> Result<(), Error> {
        // An upload that ended early is told by its result.
        let _ = self.send(Message::Part(rest.into())) && self.send(Message::Complete);
        self.result(client)?;
        let path = path.clone();
        let found = client.run(Action::Write, |bucket| async move { bucket.head(&path).await })?;
        match found {
            Ok(meta) if meta.size == size => Ok(()),
            // Replaced or dropped meanwhile, as any result may be.
            Err(Refused::Missing) => Ok(()),
            Ok(meta) => Err(Error::backend(
                client.location(),
                format!("the object that was uploaded in parts has {} bytes instead of {size}", meta.size),
            )),
            Err(refused) => Err(client.refused(Action::Write, refused)),
        }
    }
}

fn flat(joined: Result<Result<(), Failure>, tokio::task::JoinError>) -> Result<(), Failure> {
    joined.unwrap_or_else(|error| Err(error.into()))
}

/// Stores an object, whatever was there.
pub(super) fn put(client: &Client, path: &Path, payload: PutPayload) -> Result<(), Error> {
    let path = path.clone();
    let put = client.run(Action::Write, |bucket| async move {
        bucket.put_opts(&path, payload, PutMode::Overwrite.into()).await
    })?;
    put.map(|_| ()).map_err(|refused| client.refused(Action::Write, refused))
}
