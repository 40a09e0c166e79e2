//! `joblib convert`.

#[cfg(feature = "arrow")]
mod arrow;
mod output;
mod parse;
mod source;
#[cfg(feature = "arrow")]
mod table;

use std::io::Write;

use joblib_persist::pickle::{Value, write_npy, write_npz};
use joblib_persist::{Compress, DumpOptions, PythonDumpOptions, Writer};

use self::output::Output;
use self::source::Source;
use crate::args::{Convert, Format};
use crate::document;
use crate::failure::Failure;
use crate::json::Json;

pub(crate) fn run(options: &Convert, out: &mut dyn Write) -> Result<(), Failure> {
    let source = Source::read(&options.input)?;
    let to = match options.to.or_else(|| Format::of_extension(&options.output)) {
        Some(format) => format,
        None if source.is_native => Format::Python,
        None => Format::Native,
    };
    let compress = options.compress.as_deref().map(compress).transpose()?;
    if compress.is_some() && !matches!(to, Format::Native | Format::Python | Format::Npz) {
        return Err(Failure::Other(format!("--compress: a file of {} is written as it is", to.name())));
    }
    let values = &source.values;
    match to {
        // Written as it is made, and whole or not at all, also when it is large.
        Format::Native if !is_stdout(options) => {
            let mut writer = Writer::create(&options.output, &dump_options(compress))?;
            values.iter().try_for_each(|value| writer.write(value))?;
            writer.finish()?;
            return Ok(());
        }
        Format::Python if !is_stdout(options) && values.len() == 1 => {
            let dump = python_options(compress);
            return Ok(dump.dump(&values[0], &options.output)?);
        }
        _ => {}
    }
    let mut bytes = Vec::new();
    match to {
        Format::Native => {
            let mut writer = Writer::new(&mut bytes, &dump_options(compress))?;
            values.iter().try_for_each(|value| writer.write(value))?;
            writer.finish()?;
        }
        Format::Python => {
            // The extension says how to compress, as for one value.
            let by_extension = || output::compressor(&options.output).map(Compress::from);
            let dump = python_options(compress.or_else(by_extension));
            values.iter().try_for_each(|value| dump.dump_to(value, &mut bytes))?;
            if values.len() > 1 {
                let _ = writeln!(
                    std::io::stderr(),
                    "joblib: note: {} values in a row: joblib.load of an open file gives one after another, and of a \
                     path the first",
                    values.len()
                );
            }
        }
        Format::Npy => values
            .iter()
            .try_for_each(|value| write_npy(value, &mut bytes))
            .map_err(joblib_persist::Error::from)?,
        Format::Npz => {
            write_npz(one(options, values, to)?, compress.is_some(), &mut bytes)
                .map_err(joblib_persist::Error::from)?;
        }
        Format::Json => {
            for value in values {
                document::write(&Json(value), &mut bytes)?;
                bytes.push(b'\n');
            }
        }
        #[cfg(feature = "arrow")]
        Format::Arrow | Format::Parquet => {
            let table = table::of(one(options, values, to)?).map_err(Failure::Other)?;
            bytes = arrow::write(&table, to == Format::Parquet).map_err(Failure::Other)?;
        }
        #[cfg(not(feature = "arrow"))]
        Format::Arrow | Format::Parquet => return Err(source::without_arrow(to.name())),
    }
    Output::new(&options.output).put(&bytes, out)
}

fn is_stdout(options: &Convert) -> bool {
    options.output.as_os_str() == "-"
}

fn dump_options(compress: Option<Compress>) -> DumpOptions {
    match compress {
        Some(compress) => DumpOptions::new().compress(compress),
        None => DumpOptions::new(),
    }
}

fn python_options(compress: Option<Compress>) -> PythonDumpOptions {
    match compress {
        Some(compress) => PythonDumpOptions::new().compress(compress),
        None => PythonDumpOptions::new(),
    }
}

/// The only value, for formats of one.
fn one<'v>(options: &Convert, values: &'v [Value], to: Format) -> Result<&'v Value, Failure> {
    match values {
        [value] => Ok(value),
        _ => Err(Failure::Other(format!(
            "{}: it holds {} values in a row, and a file of {} holds one",
            options.input.display(),
            values.len(),
            to.name()
        ))),
    }
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
