//! A package whose functions call each other in the ways that the language and the standard library have. No test runs it: what
//! the compiler makes of it is compared with what its functions reach.

mod by_name;
mod by_operator;
mod by_standard;
mod by_trait;
mod made;
