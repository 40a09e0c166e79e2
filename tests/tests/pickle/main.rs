//! Files of Python's joblib and `pickle`: what they load as, and that none of them does harm.

mod dates;
mod derived;
mod estimators;
mod hostile;
#[cfg(target_os = "linux")]
mod memory;
mod old_releases;
mod python_value;
mod typed;
mod types;
mod values;
