//! The command `joblib`, started as its users start it.

mod cache;
mod command;
mod joblib;
mod report;
mod runs;
