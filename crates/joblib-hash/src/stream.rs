//! Bytes on their way into a hash function: collected while few, fed in large pieces when many.

use joblib_array::transfer::RawArray;
#[cfg(feature = "digests")]
use sha2::Digest as _;
use twox_hash::XxHash3_128 as Xxh3;

use crate::{Algorithm, Digest};

/// Bytes that lie in one place are worth several threads from this size on. The buffer never is: waking threads for each
/// piece of it costs more than they save.
pub(crate) const PARALLEL: usize = 128 << 10;

/// The buffer is fed to the hash function when it holds more than this, still in the processor's cache.
const FULL: usize = 64 << 10;

/// An entry of at most this many bytes stands for itself; hashing it first would cost more than it saves.
const SHORT: usize = 64;

/// What stands in place of the length of an entry that is represented by its digest.
const DIGEST: u8 = 255;

pub(crate) struct Stream {
    algorithm: Algorithm,
    /// From `base` on, what is not yet fed.
    pub(crate) buffer: Vec<u8>,
    /// What is before it in the buffer is not part of the stream: the entries of a map that are finished.
    base: usize,
    /// `None` while all input is still in the buffer: most values never need the state.
    state: Option<State>,
}

enum State {
    Blake3(Box<blake3::Hasher>),
    Xxh3(Box<Xxh3>),
    #[cfg(feature = "digests")]
    Sha256(sha2::Sha256),
    #[cfg(feature = "digests")]
    Sha1(sha1::Sha1),
    #[cfg(feature = "digests")]
    Md5(md5::Md5),
}

impl Stream {
    /// A stream that collects in `buffer`, whose content is dropped.
    pub(crate) fn new(algorithm: Algorithm, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self { algorithm, buffer, base: 0, state: None }
    }

    /// Feeds the buffer when it is full. The caller decides when: what is in the buffer may still be changed.
    pub(crate) fn settle(&mut self) {
        if self.buffer.len() - self.base > FULL {
            self.feed();
        }
    }

    /// Takes bytes that need not be copied into the buffer.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if bytes.len() < PARALLEL {
            self.buffer.extend_from_slice(bytes);
            self.settle();
        } else {
            self.feed();
            let state = self.state();
            if let State::Blake3(state) = state {
                state.update_rayon(bytes);
            } else {
                state.update(bytes);
            }
        }
    }

    /// Takes an array's elements in C order.
    pub(crate) fn elements(&mut self, array: &RawArray<'_>) {
        if array.is_in_c_order() {
            return self.extend(array.bytes);
        }
        let size = array.dtype.size();
        for start in (0..array.bytes.len()).step_by(FULL) {
            let part = FULL.min(array.bytes.len() - start);
            let end = self.buffer.len();
            self.buffer.resize(end + part, 0);
            array.copy_in_c_order(start / size, &mut self.buffer[end..]);
            self.settle();
        }
    }

    /// Starts a stream of its own behind what the buffer holds, for an entry of a map.
    #[inline]
    pub(crate) fn begin_entry(&mut self) {
        self.buffer.push(0);
        self.base = self.buffer.len();
    }

    /// The entry so far; `None` if a part of it was fed to the hash function.
    pub(crate) fn entry(&self) -> Option<&[u8]> {
        self.state.is_none().then(|| &self.buffer[self.base..])
    }

    /// Ends that stream. A short entry stays in the buffer behind its length, a long one becomes its digest.
    #[inline]
    pub(crate) fn end_entry(&mut self) {
        let len = self.buffer.len() - self.base;
        if self.state.is_none() && len <= SHORT {
            self.buffer[self.base - 1] = len as u8;
        } else {
            self.digest_entry();
        }
    }

    #[cold]
    fn digest_entry(&mut self) {
        let digest = self.digest();
        self.state = None;
        self.buffer.truncate(self.base);
        self.buffer[self.base - 1] = DIGEST;
        self.buffer.extend_from_slice(digest.as_bytes());
    }

    /// All bytes so far, if they are at most `limit` and none was fed to the hash function.
    pub(crate) fn short(&self, limit: usize) -> Option<&[u8]> {
        (self.state.is_none() && self.base == 0 && self.buffer.len() <= limit).then_some(&self.buffer)
    }

    /// The digest of all bytes.
    pub(crate) fn finish(mut self) -> Digest {
        self.digest()
    }

    fn digest(&mut self) -> Digest {
        let algorithm = self.algorithm;
        // One call is twice as fast as setting up a state for a few bytes.
        if self.state.is_none() {
            return digest_of(algorithm, &self.buffer[self.base..]);
        }
        self.feed();
        match self.state() {
            State::Blake3(state) => Digest::new(algorithm, state.finalize().as_bytes()),
            State::Xxh3(state) => Digest::new(algorithm, &state.finish_128().to_be_bytes()),
            #[cfg(feature = "digests")]
            State::Sha256(state) => Digest::new(algorithm, &state.clone().finalize()),
            #[cfg(feature = "digests")]
            State::Sha1(state) => Digest::new(algorithm, &state.clone().finalize()),
            #[cfg(feature = "digests")]
            State::Md5(state) => Digest::new(algorithm, &state.clone().finalize()),
        }
    }

    fn feed(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        let base = self.base;
        self.state().update(&buffer[base..]);
        self.buffer = buffer;
        self.buffer.truncate(base);
    }

    fn state(&mut self) -> &mut State {
        let algorithm = self.algorithm;
        self.state.get_or_insert_with(|| match algorithm {
            Algorithm::Blake3 => State::Blake3(Box::default()),
            Algorithm::Xxh3 => State::Xxh3(Box::default()),
            #[cfg(feature = "digests")]
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::default()),
            #[cfg(feature = "digests")]
            Algorithm::Sha1 => State::Sha1(sha1::Sha1::default()),
            #[cfg(feature = "digests")]
            Algorithm::Md5 => State::Md5(md5::Md5::default()),
        })
    }
}

/// The digest of bytes that lie in one place, made by this thread alone.
pub(crate) fn digest_of(algorithm: Algorithm, bytes: &[u8]) -> Digest {
    match algorithm {
        Algorithm::Blake3 => Digest::new(algorithm, blake3::hash(bytes).as_bytes()),
        Algorithm::Xxh3 => Digest::new(algorithm, &Xxh3::oneshot(bytes).to_be_bytes()),
        #[cfg(feature = "digests")]
        Algorithm::Sha256 => Digest::new(algorithm, &sha2::Sha256::digest(bytes)),
        #[cfg(feature = "digests")]
        Algorithm::Sha1 => Digest::new(algorithm, &sha1::Sha1::digest(bytes)),
        #[cfg(feature = "digests")]
        Algorithm::Md5 => Digest::new(algorithm, &md5::Md5::digest(bytes)),
    }
}

impl State {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Blake3(state) => {
                state.update(bytes);
            }
            Self::Xxh3(state) => state.write(bytes),
            #[cfg(feature = "digests")]
            Self::Sha256(state) => state.update(bytes),
            #[cfg(feature = "digests")]
            Self::Sha1(state) => state.update(bytes),
            #[cfg(feature = "digests")]
            Self::Md5(state) => state.update(bytes),
        }
    }
}
