#![doc = include_str!("../README.md")]
//!
//! ```
//! use joblib_record::{Begin, End, Outcome, Record, Recorder, RunFile, runs};
//!
//! let folder = tempfile::tempdir()?;
//! let recorder = Recorder::begin_run(folder.path())?;
//! let step = recorder.begin(&Begin { name: "study::fit".into(), ..Begin::call() });
//! step.end(&End { bytes: 1200, ..End::new(Outcome::Computed) });
//!
//! let files = runs(folder.path())?;
//! let run = RunFile::read(&files[0])?;
//! assert!(run.problems.is_empty());
//! assert!(matches!(&run.records[1].record, Record::Begin(begin) if begin.name == "study::fit"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod bytes;
mod carrier;
mod codec;
mod events;
mod folder;
mod frame;
mod message;
mod panics;
mod position;
mod process;
mod program;
mod reader;
mod record;
mod recorder;
mod step;

pub use carrier::{apply, capture};
pub use events::{Events, Listener, Listening, Logged, listen, listener};
pub use folder::{FOLDER, runs};
pub use message::Message;
pub use panics::noting_panics;
pub use position::{Entered, Position, current, enter, inside, set_task};
pub use program::peak_memory;
pub use reader::{Follow, RunFile, Stamped};
pub use record::{
    Argument, Begin, End, Event, Exit, Hit, Kind, Level, Outcome, Output, Process, Record, Run, Stream, Tasks,
};
pub use recorder::{Recorder, is_wanted, set_default};
pub use step::{Step, active};
