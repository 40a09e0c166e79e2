//! Several objects in a row, in one stream.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::atomic::AtomicFile;
use crate::compress::Encoder;
use crate::error::{Error, Result};
use crate::native::encode;
use crate::options::{DumpOptions, choose};
use crate::output::{Output, Target};

/// Writes several values to one file or stream; [`Reader`](crate::Reader) reads them.
///
/// ```
/// use joblib_persist::{DumpOptions, LoadOptions, Reader, Writer};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("entry");
/// let mut writer = Writer::create(&path, &DumpOptions::new())?;
/// writer.write("what it is")?;
/// writer.write(&[1, 2, 3])?;
/// writer.finish()?;
///
/// let mut reader = Reader::open(&path, &LoadOptions::new())?;
/// assert_eq!(reader.next::<String>()?.as_deref(), Some("what it is"));
/// assert_eq!(reader.next::<Vec<u8>>()?, Some(vec![1, 2, 3]));
/// assert_eq!(reader.next::<()>()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Writer<'w> {
    // Before `file`: it writes to the file until it is finished.
    output: Output<'w>,
    file: Option<AtomicFile>,
    path: Option<PathBuf>,
    failed: bool,
}

impl Writer<'static> {
    /// Starts a file, which is created at `path` or replaces the file there when [`Writer::finish`] is called; without that
    /// call nothing changes.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder of `path` can't be written to, or the compressor is unknown.
    pub fn create(path: impl AsRef<Path>, options: &DumpOptions) -> Result<Self> {
        let path = path.as_ref();
        let at_path = |error: Error| error.at_path(Some(path));
        let chosen = choose(options.compress.as_ref(), Some(path)).map_err(at_path)?;
        let file =
            AtomicFile::create(path).map_err(|source| at_path(Error::file("creating the file", source)))?;
        let handle = file.handle().map_err(|source| at_path(Error::file("creating the file", source)))?;
        let output = match chosen {
            None => Output::plain(Target::File(handle)),
            Some((compressor, level)) => {
                let encoder = compressor
                    .encoder(Box::new(handle), level)
                    .map_err(|source| at_path(Error::io("starting to compress", source)))?;
                Output::compressed(Target::Stream(encoder), compressor.shuffle_helps())
            }
        };
        Ok(Self { output, file: Some(file), path: Some(path.to_owned()), failed: false })
    }
}

impl<'w> Writer<'w> {
    /// Starts a stream into `writer`. Small pieces are gathered before they are written.
    ///
    /// # Errors
    ///
    /// Returns an error if the compressor is unknown, or the writer fails.
    pub fn new<W: Write + 'w>(writer: W, options: &DumpOptions) -> Result<Self> {
        let output = match choose(options.compress.as_ref(), None)? {
            None => Output::plain(Target::Stream(Box::new(Plain(writer)))),
            Some((compressor, level)) => {
                let encoder = compressor
                    .encoder(Box::new(writer), level)
                    .map_err(|source| Error::io("starting to compress", source))?;
                Output::compressed(Target::Stream(encoder), compressor.shuffle_helps())
            }
        };
        Ok(Self { output, file: None, path: None, failed: false })
    }

    /// Writes a value. After an error the stream can't be used, and [`Writer::finish`] returns an error.
    ///
    /// # Errors
    ///
    /// Returns an error if the writer fails, `value` can't be serialized, or an earlier value could
    /// not be written.
    pub fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        if self.failed {
            return Err(self.unusable());
        }
        self.failed = true;
        encode(value, &mut self.output).map_err(|error| error.at_path(self.path.as_deref()))?;
        self.failed = false;
        Ok(())
    }

    /// Writes buffered data, and gives a file its name.
    ///
    /// # Errors
    ///
    /// Returns an error if an earlier value could not be written, or the rest or the file's name
    /// can't be.
    pub fn finish(self) -> Result<()> {
        if self.failed {
            return Err(self.unusable());
        }
        let Self { output, file, path, .. } = self;
        output.finish().map_err(|error| error.at_path(path.as_deref()))?;
        if let Some(file) = file {
            file.commit().map_err(|source| {
                Error::file("putting the file in its place", source).at_path(path.as_deref())
            })?;
        }
        Ok(())
    }

    #[cold]
    fn unusable(&self) -> Error {
        Error::value("an earlier value could not be written, so the stream is not complete")
            .at_path(self.path.as_deref())
    }
}

impl DumpOptions {
    /// Saves `value` to the file at `path`, completely or not at all. See [`dump`](crate::dump).
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`dump`](crate::dump), and an error for an unknown compressor or level.
    pub fn dump<T: Serialize + ?Sized>(&self, value: &T, path: impl AsRef<Path>) -> Result<()> {
        let mut writer = Writer::create(path, self)?;
        writer.write(value)?;
        writer.finish()
    }

    /// Saves `value` to a writer. See [`dump_to`](crate::dump_to).
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`dump_to`](crate::dump_to), and an error for an unknown compressor or level.
    ///
    /// ```
    /// use joblib_persist::{DumpOptions, load_from};
    ///
    /// let mut bytes = Vec::new();
    /// DumpOptions::new().compress("xz").dump_to("text", &mut bytes)?;
    /// assert!(bytes.starts_with(b"\xfd7zXZ"));
    /// assert_eq!(load_from::<String, _>(&bytes[..])?, "text");
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    pub fn dump_to<T: Serialize + ?Sized, W: Write>(&self, value: &T, writer: W) -> Result<()> {
        let mut writer = Writer::new(writer, self)?;
        writer.write(value)?;
        writer.finish()
    }
}

/// A writer that needs no end.
struct Plain<W>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> Encoder for Plain<W> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}
