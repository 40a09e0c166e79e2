//! Files of Python, read as Python shows them.

mod fixtures;
mod one_to_one;
mod shapes;
