//! `joblib convert`.

use joblib_persist::{Compress, DumpOptions, LoadOptions, PythonDumpOptions, Reader, Writer};

use crate::args::{Convert, Format};
use crate::failure::Failure;

pub(crate) fn run(options: &Convert) -> Result<(), Failure> {
    let mut reader = Reader::open(&options.input, &LoadOptions::new())?;
    let to = options.to.unwrap_or(match reader.format() {
        joblib_persist::Format::Python => Format::Native,
        _ => Format::Python,
    });
    let compress = options.compress.as_deref().map(compress).transpose()?;
    let values = crate::inspect::values(&mut reader, &options.input)?;
    match to {
        Format::Native => {
            let mut dump = DumpOptions::new();
            if let Some(compress) = compress {
                dump = dump.compress(compress);
            }
            let mut writer = Writer::create(&options.output, &dump)?;
            for value in &values {
                writer.write(value)?;
            }
            writer.finish()?;
        }
        Format::Python => {
            let [value] = values.as_slice() else {
                return Err(Failure::Other(format!(
                    "{}: it holds {} values in a row, and joblib.load reads one from a file",
                    options.input.display(),
                    values.len()
                )));
            };
            let mut dump = PythonDumpOptions::new();
            if let Some(compress) = compress {
                dump = dump.compress(compress);
            }
            dump.dump(value, &options.output)?;
        }
    }
    Ok(())
}

/// `3`, `xz` or `xz:6`.
pub(crate) fn compress(how: &str) -> Result<Compress, Failure> {
    if let Ok(level) = how.parse::<u32>() {
        return Ok(level.into());
    }
    match how.split_once(':') {
        None => Ok(how.into()),
        Some((name, level)) => match level.parse::<u32>() {
            Ok(level) => Ok((name, level).into()),
            Err(_) => Err(Failure::Other(format!(
                "--compress {how}: expected a level, a compressor, or both as in xz:6"
            ))),
        },
    }
}
