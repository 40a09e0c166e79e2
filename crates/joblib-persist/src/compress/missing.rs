//! The compressors of this crate that the program was built without: their names, so that errors can say which feature to
//! switch on.

use std::path::Path;

use crate::error::{Error, Kind};

/// A compressor behind a feature that is off.
pub(super) struct Missing {
    name: &'static str,
    feature: &'static str,
    extension: &'static str,
    recognises: fn(&[u8]) -> bool,
}

/// All of them. Each entry is in the program only where its feature is not.
const MISSING: &[Missing] = &[
    #[cfg(not(feature = "zlib"))]
    Missing {
        name: "zlib",
        feature: "zlib",
        extension: ".z",
        recognises: |first| matches!(first, &[0x78, flags, ..] if (0x7800 | u16::from(flags)).is_multiple_of(31)),
    },
    #[cfg(not(feature = "zlib"))]
    Missing {
        name: "gzip",
        feature: "zlib",
        extension: ".gz",
        recognises: |first| first.starts_with(b"\x1f\x8b"),
    },
    #[cfg(not(feature = "bz2"))]
    Missing { name: "bz2", feature: "bz2", extension: ".bz2", recognises: |first| first.starts_with(b"BZh") },
    #[cfg(not(feature = "xz"))]
    Missing {
        name: "lzma",
        feature: "xz",
        extension: ".lzma",
        recognises: |first| first.starts_with(b"\x5d\0\0"),
    },
    #[cfg(not(feature = "xz"))]
    Missing {
        name: "xz",
        feature: "xz",
        extension: ".xz",
        recognises: |first| first.starts_with(b"\xfd7zXZ\0"),
    },
    #[cfg(not(feature = "lz4"))]
    Missing {
        name: "lz4",
        feature: "lz4",
        extension: ".lz4",
        recognises: |first| first.starts_with(b"\x04\x22\x4d\x18"),
    },
    #[cfg(not(feature = "zstd"))]
    Missing {
        name: "zstd",
        feature: "zstd",
        extension: ".zst",
        recognises: |first| first.starts_with(b"\x28\xb5\x2f\xfd"),
    },
];

fn find(wanted: impl Fn(&Missing) -> bool) -> Option<Error> {
    MISSING.iter().find(|missing| wanted(missing)).map(|missing| {
        Error::new(
            Kind::Foreign,
            format!(
                "the compressor {:?} is not in this program: build joblib with the feature {:?}",
                missing.name, missing.feature
            ),
        )
    })
}

/// The error of a compressor that is missing under this name.
pub(crate) fn by_name(name: &str) -> Option<Error> {
    find(|missing| missing.name == name)
}

/// The error of a compressor that is missing and has the extension of this path.
pub(crate) fn by_extension(path: &Path) -> Option<Error> {
    let name = path.file_name()?.as_encoded_bytes();
    find(|missing| name.len() > missing.extension.len() && name.ends_with(missing.extension.as_bytes()))
}

/// The error of a compressor that is missing and whose files start so.
pub(crate) fn detect(first: &[u8]) -> Option<Error> {
    find(|missing| (missing.recognises)(first))
}
