//! The bytes of records, each with its writer and reader side by side.
//!
//! A field is only ever added at the end of a record: older readers leave it out, newer ones find it missing.

use crate::bytes::{Fields, Put};
use crate::record::{
    Argument, Begin, End, Event, Exit, Hit, Kind, Level, Outcome, Output, Parent, Process, Record, Run,
    Stream, Tasks,
};

mod kind {
    pub(super) const RUN: u8 = 0;
    pub(super) const PROCESS: u8 = 1;
    pub(super) const BEGIN: u8 = 2;
    pub(super) const END: u8 = 3;
    pub(super) const HIT: u8 = 4;
    pub(super) const TASKS: u8 = 5;
    pub(super) const EVENT: u8 = 6;
    pub(super) const OUTPUT: u8 = 7;
    pub(super) const EXIT: u8 = 8;
    pub(super) const FULL: u8 = 9;
}

/// Something that can be written as a record.
pub(crate) trait Written {
    const KIND: u8;
    fn put(&self, out: &mut Vec<u8>);
}

fn put_arguments(out: &mut Vec<u8>, arguments: &[Argument<'_>]) {
    out.number(arguments.len() as u64);
    for argument in arguments {
        out.text(&argument.name);
        out.push(u8::from(argument.text.is_some()));
        if let Some(text) = &argument.text {
            out.text(text);
        }
    }
}

fn arguments(fields: &mut Fields<'_>) -> Option<Vec<Argument<'static>>> {
    let count = fields.number()?;
    let mut arguments = Vec::new();
    for _ in 0..count {
        if fields.0.is_empty() {
            return None;
        }
        let name = fields.text()?.into();
        let text = if fields.byte()? == 0 { None } else { Some(fields.text()?.into()) };
        arguments.push(Argument { name, text });
    }
    Some(arguments)
}

fn put_parent(out: &mut Vec<u8>, parent: &Parent) {
    out.number(u64::from(parent.pid));
    out.number(parent.step);
    out.number(parent.task.map_or(0, |task| task.saturating_add(1)));
}

fn parent(fields: &mut Fields<'_>) -> Option<Parent> {
    let (pid, step, task) = (pid(fields)?, fields.number()?, fields.number()?);
    Some(Parent { pid, step, task: task.checked_sub(1) })
}

fn pid(fields: &mut Fields<'_>) -> Option<u32> {
    u32::try_from(fields.number()?).ok()
}

impl Written for Run {
    const KIND: u8 = kind::RUN;

    fn put(&self, out: &mut Vec<u8>) {
        out.text(&self.id);
        out.number(self.start);
        out.text(&self.program);
        out.number(self.arguments.len() as u64);
        for argument in &self.arguments {
            out.text(argument);
        }
        for text in [&self.folder, &self.host, &self.user, &self.commit] {
            out.text(text);
        }
    }
}

fn run(fields: &mut Fields<'_>) -> Option<Run> {
    let (id, start, program) = (fields.text()?, fields.number()?, fields.text()?);
    let count = fields.number()?;
    let mut arguments = Vec::new();
    for _ in 0..count {
        if fields.0.is_empty() {
            return None;
        }
        arguments.push(fields.text()?);
    }
    let (folder, host) = (fields.text()?, fields.text()?);
    Some(Run { id, start, program, arguments, folder, host, user: fields.text()?, commit: fields.text()? })
}

impl Written for Process {
    const KIND: u8 = kind::PROCESS;

    fn put(&self, out: &mut Vec<u8>) {
        out.number(u64::from(self.parent));
    }
}

impl Written for Begin<'_> {
    const KIND: u8 = kind::BEGIN;

    fn put(&self, out: &mut Vec<u8>) {
        out.number(self.step);
        put_parent(out, &self.parent);
        out.number(u64::from(self.thread));
        out.push(match self.kind {
            Kind::Call => 0,
            Kind::Parallel => 1,
        });
        out.text(&self.name);
        out.extend_from_slice(&self.call);
        out.extend_from_slice(&self.code.to_be_bytes());
        put_arguments(out, &self.arguments);
        out.text(&self.cause);
        out.number(self.waited);
        out.number(self.tasks);
    }
}

fn begin(fields: &mut Fields<'_>) -> Option<Begin<'static>> {
    Some(Begin {
        step: fields.number()?,
        parent: parent(fields)?,
        thread: pid(fields)?,
        kind: if fields.byte()? == 1 { Kind::Parallel } else { Kind::Call },
        name: fields.text()?.into(),
        call: fields.array()?,
        code: u64::from_be_bytes(fields.array()?),
        arguments: arguments(fields)?,
        cause: fields.text()?.into(),
        waited: fields.number()?,
        tasks: fields.number()?,
    })
}

impl Written for End<'_> {
    const KIND: u8 = kind::END;

    fn put(&self, out: &mut Vec<u8>) {
        out.number(self.step);
        out.push(match self.outcome {
            Outcome::Computed => 0,
            Outcome::Failed => 1,
            Outcome::Cancelled => 2,
        });
        for number in [self.bytes, self.memory, self.tasks, self.failed] {
            out.number(number);
        }
        out.text(&self.message);
    }
}

fn end(fields: &mut Fields<'_>) -> Option<End<'static>> {
    Some(End {
        step: fields.number()?,
        outcome: match fields.byte()? {
            0 => Outcome::Computed,
            2 => Outcome::Cancelled,
            _ => Outcome::Failed,
        },
        bytes: fields.number()?,
        memory: fields.number()?,
        tasks: fields.number()?,
        failed: fields.number()?,
        message: fields.text()?.into(),
    })
}

impl Written for Hit<'_> {
    const KIND: u8 = kind::HIT;

    fn put(&self, out: &mut Vec<u8>) {
        put_parent(out, &self.parent);
        out.number(u64::from(self.thread));
        out.text(&self.name);
        out.extend_from_slice(&self.call);
        out.extend_from_slice(&self.code.to_be_bytes());
        for number in [self.took, self.computing, self.waited] {
            out.number(number);
        }
        put_arguments(out, &self.arguments);
    }
}

fn hit(fields: &mut Fields<'_>) -> Option<Hit<'static>> {
    Some(Hit {
        parent: parent(fields)?,
        thread: pid(fields)?,
        name: fields.text()?.into(),
        call: fields.array()?,
        code: u64::from_be_bytes(fields.array()?),
        took: fields.number()?,
        computing: fields.number()?,
        waited: fields.number()?,
        arguments: arguments(fields)?,
    })
}

impl Written for Tasks {
    const KIND: u8 = kind::TASKS;

    fn put(&self, out: &mut Vec<u8>) {
        put_parent(out, &self.parent);
        out.number(u64::from(self.thread));
        for number in [self.first, self.count, self.took] {
            out.number(number);
        }
    }
}

fn tasks(fields: &mut Fields<'_>) -> Option<Tasks> {
    let (parent, thread) = (parent(fields)?, pid(fields)?);
    Some(Tasks { parent, thread, first: fields.number()?, count: fields.number()?, took: fields.number()? })
}

impl Written for Event<'_> {
    const KIND: u8 = kind::EVENT;

    fn put(&self, out: &mut Vec<u8>) {
        put_parent(out, &self.parent);
        out.push(match self.level {
            Level::Error => 0,
            Level::Warn => 1,
            Level::Info => 2,
        });
        out.text(&self.target);
        out.text(&self.message);
    }
}

fn event(fields: &mut Fields<'_>) -> Option<Event<'static>> {
    let parent = parent(fields)?;
    let level = match fields.byte()? {
        0 => Level::Error,
        1 => Level::Warn,
        _ => Level::Info,
    };
    Some(Event { parent, level, target: fields.text()?.into(), message: fields.text()?.into() })
}

impl Written for Output<'_> {
    const KIND: u8 = kind::OUTPUT;

    fn put(&self, out: &mut Vec<u8>) {
        put_parent(out, &self.parent);
        out.push(u8::from(self.stream == Stream::Error));
        out.bytes(&self.bytes);
    }
}

fn output(fields: &mut Fields<'_>) -> Option<Output<'static>> {
    let parent = parent(fields)?;
    let stream = if fields.byte()? == 1 { Stream::Error } else { Stream::Output };
    Some(Output { parent, stream, bytes: fields.bytes()?.to_vec().into() })
}

impl Written for Exit {
    const KIND: u8 = kind::EXIT;

    fn put(&self, out: &mut Vec<u8>) {
        out.number(self.memory);
    }
}

/// [`Record::Full`].
pub(crate) struct Full;

impl Written for Full {
    const KIND: u8 = kind::FULL;

    fn put(&self, _: &mut Vec<u8>) {}
}

/// What the bytes of a record say.
pub(crate) enum Decoded {
    /// The process, the microseconds since the start of the run, and the record.
    Known(u32, u64, Record),
    /// A kind that a later version has.
    Unknown,
    /// Bytes that no version writes.
    Malformed,
}

/// Writes a record, with the process and the microseconds since the start of the run.
pub(crate) fn put<W: Written>(out: &mut Vec<u8>, process: u32, time: u64, record: &W) {
    out.push(W::KIND);
    out.number(u64::from(process));
    out.number(time);
    record.put(out);
}

/// Reads what [`put`] wrote.
pub(crate) fn read(bytes: &[u8]) -> Decoded {
    let mut fields = Fields(bytes);
    let fields = &mut fields;
    let parts = |fields: &mut Fields<'_>| Some((fields.byte()?, pid(fields)?, fields.number()?));
    let Some((kind, process, time)) = parts(fields) else { return Decoded::Malformed };
    let record = match kind {
        kind::RUN => run(fields).map(Record::Run),
        kind::PROCESS => pid(fields).map(|parent| Record::Process(Process { parent })),
        kind::BEGIN => begin(fields).map(Record::Begin),
        kind::END => end(fields).map(Record::End),
        kind::HIT => hit(fields).map(Record::Hit),
        kind::TASKS => tasks(fields).map(Record::Tasks),
        kind::EVENT => event(fields).map(Record::Event),
        kind::OUTPUT => output(fields).map(Record::Output),
        kind::EXIT => fields.number().map(|memory| Record::Exit(Exit { memory })),
        kind::FULL => Some(Record::Full),
        _ => return Decoded::Unknown,
    };
    record.map_or(Decoded::Malformed, |record| Decoded::Known(process, time, record))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back<W: Written>(record: &W) -> Record {
        let mut bytes = Vec::new();
        put(&mut bytes, 7, 1_000_000, record);
        // Whatever a record is cut to, reading it ends, and no part of it is taken for the whole of its texts.
        for length in 0..bytes.len() {
            let _ = read(&bytes[..length]);
        }
        // A later version may add fields.
        bytes.extend_from_slice(b"more");
        let Decoded::Known(7, 1_000_000, record) = read(&bytes) else { panic!("it reads back") };
        record
    }

    #[test]
    fn every_record_reads_back() {
        let parent = Parent { pid: 40_000, step: 3, task: Some(0) };
        let arguments = vec![
            Argument { name: "x".into(), text: Some("float64[3]".into()) },
            Argument { name: "password".into(), text: None },
        ];
        let run = Run {
            id: "a".into(),
            start: 5,
            arguments: vec!["--fast".into()],
            user: "u".into(),
            ..Run::default()
        };
        assert_eq!(back(&run), Record::Run(run));
        assert_eq!(back(&Process { parent: 3 }), Record::Process(Process { parent: 3 }));
        let begin = Begin {
            step: 9,
            parent,
            name: "f".into(),
            call: [3; 16],
            code: 77,
            arguments: arguments.clone(),
            cause: "new".into(),
            ..Begin::parallel()
        };
        assert_eq!(back(&begin), Record::Begin(begin));
        let end = End { step: 9, bytes: 10, message: "no".into(), ..End::new(Outcome::Failed) };
        assert_eq!(back(&end), Record::End(end));
        let hit = Hit { parent, name: "f".into(), took: 1, computing: 2, arguments, ..Hit::default() };
        assert_eq!(back(&hit), Record::Hit(hit));
        let tasks = Tasks { parent, thread: 2, first: 3, count: 4, took: 5 };
        assert_eq!(back(&tasks), Record::Tasks(tasks));
        let event = Event { parent, level: Level::Warn, target: "t".into(), message: "m".into() };
        assert_eq!(back(&event), Record::Event(event));
        let output = Output { parent, stream: Stream::Error, bytes: b"\xff\n".as_slice().into() };
        assert_eq!(back(&output), Record::Output(output));
        assert_eq!(back(&Exit { memory: 1 << 30 }), Record::Exit(Exit { memory: 1 << 30 }));
        assert_eq!(back(&Full), Record::Full);
    }

    #[test]
    fn kinds_of_later_versions_are_told_from_damage() {
        assert!(matches!(read(&[200, 1, 1]), Decoded::Unknown));
        assert!(matches!(read(&[kind::BEGIN, 1, 1, 0xff, 0xff]), Decoded::Malformed));
        // A list that claims to be endless.
        let mut bytes = vec![kind::RUN, 1, 1, 0, 0, 0];
        bytes.number(u64::MAX);
        assert!(matches!(read(&bytes), Decoded::Malformed));
    }
}
