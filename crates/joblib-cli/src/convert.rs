//! `joblib convert`.

use std::io::Write;

use joblib_persist::{Compress, DumpOptions, LoadOptions, PythonDumpOptions, Reader, Writer};

use crate::args::{Convert, Format};
use crate::failure::Failure;
use crate::json::Json;

pub(crate) fn run(options: &Convert, out: &mut dyn Write) -> Result<(), Failure> {
    let mut reader = Reader::open(&options.input, &LoadOptions::new())?;
    let is_json = options.output.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let to = options.to.unwrap_or(match reader.format() {
        _ if is_json => Format::Json,
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
        Format::Json => {
            if options.compress.is_some() {
                return Err(Failure::Other("--compress: JSON is written as it is".to_owned()));
            }
            let mut text = Vec::new();
            for value in &values {
                serde_json::to_writer(&mut text, &Json(value))
                    .map_err(|error| Failure::Output(error.into()))?;
                text.push(b'\n');
            }
            if options.output.as_os_str() == "-" {
                out.write_all(&text)?;
            } else {
                std::fs::write(&options.output, text)?;
            }
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
