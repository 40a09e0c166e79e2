//! `joblib man`.

use std::io::Write;

use clap::CommandFactory;

use crate::args::Args;
use crate::failure::Failure;

/// Prints the manual page of a subcommand, given by its words.
pub(crate) fn run(page: Option<&[String]>, out: &mut dyn Write) -> Result<(), Failure> {
    let mut command = Args::command();
    command.build();
    let mut name = "joblib".to_owned();
    for word in page.unwrap_or_default() {
        let found = command.find_subcommand(word).cloned();
        command = found.ok_or_else(|| Failure::Usage(format!("{name} has no subcommand {word:?}")))?;
        name = format!("{name}-{word}");
    }
    // A page's name has no spaces; clap wants it for as long as the program runs.
    let command = command.name(Box::leak(name.into_boxed_str()) as &'static str);
    clap_mangen::Man::new(command).render(&mut &mut *out)?;
    Ok(())
}
