//! From what the builder, its surroundings and the defaults say to the engine of one call.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{OnFailure, Parallel};
use crate::backend::{Backend, Call, Erased, ParallelBackend, Traits};
use crate::batching::{BatchSize, Batching};
use crate::context::{self, CallContext};
use crate::engine::{Carrier, Engine, Plan};
use crate::error::{Error, Result};
use crate::reporter::Reporter;
use crate::settings::{Prefer, Settings};
use crate::task::Task;
use crate::{config, cpu, interrupt, n_jobs, panics};

/// What a call resolved to.
pub(super) struct Resolved {
    pub(super) backend: Arc<dyn ParallelBackend>,
    pub(super) call: Call,
    limit: Option<usize>,
}

/// A time limit beyond a century is none: clocks can't count to any.
const ENDLESS: Duration = Duration::from_hours(100 * 365 * 24);

impl<W, R, F: OnFailure> Parallel<W, R, F> {
    /// Puts together what this says, what its surroundings say and the defaults. `require` limits the choice of
    /// backend to those in this process.
    pub(super) fn resolve(&self, shared_memory: bool) -> Result<Resolved> {
        panics::install_hook();
        let mut settings = self.settings.clone();
        settings.n_jobs = match settings.n_jobs {
            None => config::n_jobs()?,
            given => given,
        };
        settings.verbose =
            if settings.verbose == 0 { config::verbose().unwrap_or(0) } else { settings.verbose };
        settings.inner_max_num_threads =
            settings.inner_max_num_threads.or_else(config::inner_max_num_threads);
        settings.max_nbytes = settings.max_nbytes.or_else(config::max_nbytes);
        settings.mmap_mode = settings.mmap_mode.or_else(config::mmap_mode);
        settings.temp_folder = settings.temp_folder.or_else(config::temp_folder);
        settings.check()?;
        settings.timeout = settings.timeout.filter(|limit| *limit < ENDLESS);
        let backend = Self::choose(&settings, shared_memory)?;
        let n_jobs = backend.effective_n_jobs(settings.n_jobs.unwrap_or(1))?;
        if n_jobs == 0 {
            let name = backend.name();
            return Err(Error::backend(format!("run anything on backend {name:?}: it has no worker"), None));
        }
        // One worker is the caller's thread, unless the call itself names a backend that does more than that.
        let chosen = settings.backend.is_some() && !backend.traits().in_process;
        let alone =
            n_jobs == 1 && !chosen && settings.timeout.is_none() && settings.for_workers_only().is_none();
        let alone = alone && settings.retries == 0;
        let backend = if alone { Backend::Sequential.find()? } else { backend };
        if let Some(name) = settings.for_workers_only()
            && !backend.traits().worker_settings
        {
            return Err(Error::usage(format!(
                "{name} is for worker processes, which backend {:?} does not have; use \"loky\"",
                backend.name()
            )));
        }
        // A worker that can die alone need not be a process of ours: a backend of the user's own may report crashes.
        if settings.retries > 0 && backend.traits().in_process {
            return Err(Error::usage(format!(
                "retries is for tasks whose worker process died, and backend {:?} has none: what ends its worker ends \
                 this program; use \"loky\"",
                backend.name()
            )));
        }
        let limit = settings.pre_dispatch.limit(n_jobs)?;
        let threads = context::budget().unwrap_or_else(cpu::cpu_count);
        let context = CallContext {
            stop: AtomicBool::new(false),
            first_failure_stops: F::STOPS,
            seed: settings
                .seed
                .unwrap_or_else(|| if context::depth() > 0 { context::task_seed() } else { 0 }),
            budget: settings.inner_max_num_threads.unwrap_or_else(|| n_jobs::share(threads, n_jobs)),
            depth: context::depth() + 1,
            span: tracing::Span::current(),
        };
        let call = Call { n_jobs, settings: Arc::new(settings), context: Arc::new(context) };
        Ok(Resolved { backend, call, limit })
    }

    fn choose(settings: &Settings, shared_memory: bool) -> Result<Arc<dyn ParallelBackend>> {
        if let Some(backend) = &settings.backend {
            let backend = backend.find()?;
            if shared_memory && !backend.traits().in_process {
                return Err(Error::usage(format!(
                    "backend {:?} has no shared memory, which require(SharedMem) asks for; use \"threading\"",
                    backend.name()
                )));
            }
            return Ok(backend);
        }
        // The surroundings only suggest: tasks that borrow run on threads whatever they say.
        if let Some(backend) = config::backend() {
            let backend = backend.find()?;
            if !shared_memory || backend.traits().in_process {
                return Ok(backend);
            }
        }
        match settings.prefer.or_else(config::prefer) {
            Some(Prefer::Processes) if !shared_memory => Backend::Loky.find(),
            _ => Backend::Threading.find(),
        }
    }

    /// The engine of a call on `carrier`.
    pub(super) fn engine<T, I, C>(
        resolved: Resolved,
        traits: Traits,
        carrier: C,
        producer: I,
    ) -> Engine<T, I, C>
    where
        T: Task,
        I: Iterator<Item = T>,
        C: Carrier<T>,
    {
        let Resolved { backend, call, limit } = resolved;
        let settings = &call.settings;
        let (low, high) = producer.size_hint();
        let total = (high == Some(low)).then_some(low);
        // A time limit is for one task: on threads, where a stuck task can't be taken off its batch, it is alone.
        let alone = traits.inline || (traits.in_process && settings.timeout.is_some());
        let size = if alone { BatchSize::Fixed(1) } else { settings.batch_size };
        let limit = if traits.inline { Some(1) } else { limit };
        let mut reporter = Reporter::new(settings, call.n_jobs, limit.unwrap_or(usize::MAX >> 1), total);
        reporter.begin(backend.name());
        Engine::new(Plan {
            producer,
            carrier,
            context: Arc::clone(&call.context),
            batching: Batching::new(traits.batch_time, size),
            workers: call.n_jobs,
            limit,
            retries: settings.retries,
            deadline: settings.deadline,
            tokens: settings.token.iter().cloned().collect(),
            interrupt: if settings.leave_interrupt { None } else { interrupt::watch() },
            reporter,
        })
    }

    /// Opens a session for tasks of which the backend need not know the type.
    pub(super) fn open<T, I>(&self, shared_memory: bool, producer: I) -> Result<Engine<T, I, Erased>>
    where
        T: Task<Output: 'static> + 'static,
        I: Iterator<Item = T>,
    {
        let resolved = self.resolve(shared_memory)?;
        let session = Erased(resolved.backend.open(resolved.call.clone())?);
        let traits = resolved.backend.traits();
        Ok(Self::engine(resolved, traits, session, producer))
    }
}
