//! Asking before something is deleted.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::failure::Failure;

/// Asks whether to go on, unless `yes` says so already. Without a terminal to ask at, the answer is an error.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::Usage(format!(
            "{question} Add --yes: there is no terminal to ask at, and nothing was deleted"
        )));
    }
    eprint!("{} [y/N] ", crate::text::Visible(question));
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Other("nothing was deleted".to_owned())),
    }
}
