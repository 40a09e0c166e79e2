//! A memory with a shared cache behind it.

use super::Memory;
use super::shared::SharedCache;
use crate::error::{Error, Result};

impl Memory {
    /// The same cache with a shared one behind it: a bucket such as `s3://bucket/prefix`, or a folder. A result that this
    /// cache does not have is looked for there and copied to this cache; a computed result is stored in this cache, and
    /// uploaded in the background.
    ///
    /// If the shared cache fails, one warning is printed and results are not affected. The limits of this handle apply to
    /// this cache, not to the shared one. Several shared caches can be chained; the last one is asked last.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no cache in front, or the shared one can't be opened.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let team = folder.path().join("team");
    /// let on_machine = |name: &str| Memory::new(folder.path().join(name))?.shared(&*team);
    ///
    /// let square = |memory: &Memory| memory.eval("square", |x: f64| x * x, (3.0,));
    ///
    /// let memory = on_machine("one")?;
    /// assert_eq!(square(&memory), 9.0);
    /// memory.flush()?;
    ///
    /// let memory = on_machine("another")?;
    /// assert_eq!(square(&memory), 9.0);
    /// assert_eq!((memory.stats().hits, memory.stats().tiers[1].hits), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shared(self, shared: impl Into<SharedCache>) -> Result<Self> {
        let Some(source) = self.source() else {
            return Err(Error::option(
                "there is no cache in front of the shared one: `Memory::open` uses it alone",
            ));
        };
        let memory = Self::of_source(source.with_shared(shared.into().absolute()?))?;
        Ok(Self { shared: memory.shared, settings: self.settings })
    }
}
