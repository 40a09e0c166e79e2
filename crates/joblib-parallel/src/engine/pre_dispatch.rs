//! `pre_dispatch`: how far the producer may run ahead, as a number, `"all"`, or an expression of `n_jobs`.
//!
//! The expression is parsed, never evaluated by anything that could run code: numbers, `n_jobs`, `+ - * / // %` and
//! parentheses. Everything here is pure.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The number of batches that may be dispatched and not yet finished. Converts from a number, or from text: `"all"`, `"3"`,
/// `"2*n_jobs"`, `"1.5*n_jobs + 2"`.
///
/// ```
/// use joblib_parallel::PreDispatch;
///
/// assert_eq!(PreDispatch::from("2*n_jobs").limit(4)?, Some(8));
/// assert_eq!(PreDispatch::from(3).limit(4)?, Some(3));
/// assert_eq!(PreDispatch::from("all").limit(4)?, None);
/// assert!(PreDispatch::from("__import__('os')").limit(4).is_err());
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreDispatch {
    /// No limit: the producer is run to its end before the first result is awaited.
    All,
    /// This many batches.
    Batches(usize),
    /// The value of the expression, rounded down.
    Expression(String),
}

impl Default for PreDispatch {
    fn default() -> Self {
        PreDispatch::Expression("2*n_jobs".to_owned())
    }
}

impl From<usize> for PreDispatch {
    fn from(batches: usize) -> Self {
        PreDispatch::Batches(batches)
    }
}

impl fmt::Display for PreDispatch {
    /// The text that it is made from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PreDispatch::All => f.write_str("all"),
            PreDispatch::Batches(batches) => batches.fmt(f),
            PreDispatch::Expression(text) => f.write_str(text),
        }
    }
}

impl FromStr for PreDispatch {
    type Err = Infallible;

    /// As [`From<&str>`](Self::from). What is wrong with an expression shows when a call starts.
    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl From<&str> for PreDispatch {
    fn from(text: &str) -> Self {
        match text.trim() {
            "all" => PreDispatch::All,
            text => {
                text.parse().map_or_else(|_| PreDispatch::Expression(text.to_owned()), PreDispatch::Batches)
            }
        }
    }
}

impl PreDispatch {
    /// The limit for `n_jobs` workers: `None` for no limit, and otherwise at least one batch.
    ///
    /// # Errors
    ///
    /// Returns an error if the expression can't be parsed, or its value is less than one batch.
    pub fn limit(&self, n_jobs: usize) -> Result<Option<usize>> {
        let value = match self {
            PreDispatch::All => return Ok(None),
            PreDispatch::Batches(batches) => *batches as f64,
            PreDispatch::Expression(text) => evaluate(text, n_jobs as f64).map_err(|reason| {
                Error::usage(format!(
                    "pre_dispatch = {text:?}: {reason}; write \"all\", a number, or arithmetic on n_jobs such as \"2*n_jobs\""
                ))
            })?,
        };
        if value.is_finite() && value >= 1.0 {
            Ok(Some(value.min(1e9) as usize))
        } else {
            Err(Error::usage(format!("pre_dispatch gives {value}: at least one batch has to be dispatched")))
        }
    }
}

/// The value of `text` with `n_jobs` put in, or what is wrong with it.
fn evaluate(text: &str, n_jobs: f64) -> std::result::Result<f64, String> {
    let mut parser = Parser { text, rest: text, n_jobs, depth: 0 };
    let value = parser.sum()?;
    parser.skip_space();
    if parser.rest.is_empty() { Ok(value) } else { Err(parser.unexpected()) }
}

/// Recursive descent over the text; `depth` bounds the recursion on hostile input.
struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    n_jobs: f64,
    depth: u32,
}

impl Parser<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn unexpected(&self) -> String {
        match self.rest.chars().next() {
            Some(c) => format!("did not expect {c:?} at position {}", self.text.len() - self.rest.len()),
            None => "ends too early".to_owned(),
        }
    }

    fn sum(&mut self) -> std::result::Result<f64, String> {
        let mut value = self.product()?;
        loop {
            if self.take("+") {
                value += self.product()?;
            } else if self.take("-") {
                value -= self.product()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> std::result::Result<f64, String> {
        let mut value = self.atom()?;
        loop {
            if self.take("*") {
                value *= self.atom()?;
            } else if self.take("//") {
                value = (value / self.atom()?).floor();
            } else if self.take("/") {
                value /= self.atom()?;
            } else if self.take("%") {
                value = value.rem_euclid(self.atom()?);
            } else {
                return Ok(value);
            }
        }
    }

    fn atom(&mut self) -> std::result::Result<f64, String> {
        self.depth += 1;
        if self.depth > 64 {
            return Err("is nested too deeply".to_owned());
        }
        let value = self.atom_inside()?;
        self.depth -= 1;
        Ok(value)
    }

    fn atom_inside(&mut self) -> std::result::Result<f64, String> {
        if self.take("-") {
            return Ok(-self.atom()?);
        }
        if self.take("+") {
            return self.atom();
        }
        if self.take("(") {
            let value = self.sum()?;
            return if self.take(")") { Ok(value) } else { Err(self.unexpected()) };
        }
        if self.take("n_jobs") {
            return Ok(self.n_jobs);
        }
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        let value = number.parse().map_err(|_| self.unexpected())?;
        self.rest = rest;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{PreDispatch, evaluate};

    #[test]
    fn arithmetic_on_n_jobs_follows_the_usual_precedence() {
        for (text, value) in [
            ("2*n_jobs", 8.0),
            ("1.5*n_jobs", 6.0),
            ("2 + 3 * n_jobs", 14.0),
            ("(2+3)*n_jobs", 20.0),
            ("n_jobs // 3", 1.0),
            ("n_jobs / 8", 0.5),
            ("7 % n_jobs", 3.0),
            ("-1 + n_jobs", 3.0),
            ("--n_jobs", 4.0),
        ] {
            assert_eq!(evaluate(text, 4.0), Ok(value), "{text}");
        }
    }

    #[test]
    fn anything_that_is_not_arithmetic_is_refused() {
        for text in ["", "n_jobs n_jobs", "2*", "os.system('x')", "(2", "2)", "n_job", "1..2", "é"] {
            assert!(evaluate(text, 4.0).is_err(), "{text}");
        }
        assert!(evaluate(&"(".repeat(100_000), 4.0).is_err());
    }

    #[test]
    fn fewer_than_one_batch_is_refused() {
        assert!(PreDispatch::from("0").limit(4).is_err());
        assert!(PreDispatch::from(0).limit(4).is_err());
        assert!(PreDispatch::from("n_jobs - 8").limit(4).is_err());
        assert!(PreDispatch::from("n_jobs / 0").limit(4).is_err());
    }
}
