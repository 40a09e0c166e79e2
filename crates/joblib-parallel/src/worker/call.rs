//! A call as a worker knows it, and the loop that runs the tasks of its batches.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::carriers::{self, ApplyContext};
use crate::task::context::{self, CallContext, RecordedTasks};
use crate::task::trampoline::{self, EncodedTask};
use crate::wire::arrays::{ArraySharing, Arrays, Memories, Sender};
use crate::wire::batch::BatchReader;
use crate::wire::function_id::WorkerKind;
use crate::wire::message::CallMessage;
use crate::wire::reply::OutcomeWriter;

pub(super) const MALFORMED: &str = "a batch is malformed";

/// The call whose batches are run.
pub(super) struct CurrentCall {
    context: Arc<CallContext>,
    kind: WorkerKind,
    pub(super) sharing: ArraySharing,
    pub(super) timed: bool,
    pub(super) patience: Duration,
    pub(super) captures_output: bool,
    contexts: Vec<(ApplyContext, Vec<u8>)>,
}

/// What somebody does who follows the tasks of a batch.
pub(super) trait Observer {
    /// The batch begins: what its contexts do is a part of it.
    ///
    /// # Errors
    ///
    /// Returns an error if it can't be followed.
    fn begin_batch(&mut self) -> Result<(), String> {
        Ok(())
    }
    /// Its tasks begin.
    fn begin_tasks(&mut self) {}
    /// A task begins.
    fn begin(&mut self, _index: usize) {}
    /// A task runs, and its outcome is appended, by `run`. Says whether to go on with the next one.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no use in going on: nobody is there to take outcomes.
    fn outcome(&mut self, run: impl FnOnce(&mut Vec<u8>)) -> Result<ControlFlow<()>, String>;
    /// The batch ends, and its contexts are about to.
    fn end_batch(&mut self) {}
}

impl CurrentCall {
    /// # Errors
    ///
    /// Returns an error if a context of the call can't be put in place here.
    pub(super) fn new(message: CallMessage, kind: WorkerKind) -> Result<Self, String> {
        let contexts = message.contexts.into_iter();
        let contexts = contexts.map(|(function, state)| Ok((carriers::resolve(function, kind)?, state)));
        let contexts = contexts
            .collect::<Result<_, String>>()
            .map_err(|reason| format!("a context of the call can't be put in place: {reason}"))?;
        let context = CallContext {
            stop: AtomicBool::new(false),
            first_failure_stops: false,
            seed: message.seed,
            budget: message.budget,
            depth: message.depth,
            on_node: message.on_node,
            // The parent repeats events inside of it.
            span: tracing::Span::none(),
            recorded: OnceLock::new(),
            // The carrier of the record has put it in place.
            listener: None,
            // The parent has it.
            captured: None,
            batches: Arc::default(),
        };
        Ok(CurrentCall {
            context: Arc::new(context),
            kind,
            sharing: message.sharing,
            timed: message.timed,
            patience: message.patience,
            captures_output: message.captures_output,
            contexts,
        })
    }

    /// Runs the tasks of `batch` one after the other, on this thread.
    ///
    /// # Errors
    ///
    /// Returns an error if the batch is malformed, or `observer` does not go on.
    pub(super) fn run(
        &self,
        batch: &mut BatchReader<'_>,
        memories: &Memories,
        sender: &Sender,
        observer: &mut impl Observer,
    ) -> Result<(), String> {
        let mut index = batch.first_index;
        let parts = &std::mem::take(&mut batch.parts);
        let _context = context::enter(&self.context);
        observer.begin_batch()?;
        let _contexts: Vec<_> = self.contexts.iter().map(|(apply, state)| apply(state)).collect();
        let _recorded = joblib_record::current().map(RecordedTasks::of);
        observer.begin_tasks();
        'batch: while let Some(mut run) = batch.next_run().ok_or(MALFORMED)? {
            let trampoline = trampoline::resolve(run.function, self.kind);
            // The types are checked once a run.
            let mut check = Some(run.function.check);
            while let Some(arguments) = run.next_call().ok_or(MALFORMED)? {
                observer.begin(index);
                context::set_index(index);
                let flow = observer.outcome(|out| {
                    let mut outcome = OutcomeWriter::new(out);
                    match &trampoline {
                        Ok(trampoline) => trampoline(&mut EncodedTask {
                            check: check.take(),
                            arguments,
                            arrays: Arrays { parts, memories },
                            sender,
                            outcome,
                        }),
                        Err(reason) => outcome.decode_arguments(reason),
                    }
                })?;
                index += 1;
                if flow.is_break() {
                    break 'batch;
                }
            }
            batch.end_run(&run);
        }
        observer.end_batch();
        Ok(())
    }
}
