//! Files of every format and compressor, sound and damaged, through the public interface.

mod compress;
mod golden;
mod integrity;
mod mapping;
mod ndarray;
mod pickle_extremes;
mod properties;
mod python;
mod registry;
mod replacing;
mod round_trip;
mod warnings;
