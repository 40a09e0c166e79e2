//! From what the builder, its context and the environment say to the engine of one call.

use std::io::IsTerminal;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use joblib_record::{Argument, Begin, Entered, Step};

use super::config;
use super::defaults::{Defaults, Prefer};
use super::reach::Reach;
use super::results::FinishedOf;
use super::settings::Settings;
use crate::backend::sequential::Inline;
use crate::backend::{Backend, Call, ParallelBackend, builtin, n_jobs, threads};
use crate::engine::batching::{BatchSize, Batching};
use crate::engine::erased::Erased;
use crate::engine::reporter::Reporter;
use crate::engine::source::{Source, SourceOf};
use crate::engine::{BoxedSession, Engine, Finished, Plan};
use crate::error::{Error, Result};
use crate::sys::{cpu, interrupt, terminal};
use crate::task::captured::Captured;
use crate::task::context::{self, CallContext};
use crate::task::panics;
use crate::task::task_batch::TaskBatch;

/// What a call resolved to.
pub(super) struct Resolved {
    pub(super) backend: Arc<dyn ParallelBackend>,
    pub(super) call: Call,
    /// With the defaults merged.
    settings: Settings,
    limit: Option<usize>,
    /// What the call is in the record of this run, if there is one.
    step: Option<Step>,
}

impl Resolved {
    /// Begins the step of the call in the record of this run, if there is one, and enters it: workers are told what they
    /// are part of while the session is opened.
    pub(super) fn record(&mut self, tasks: Option<usize>) -> Option<Entered> {
        let n_jobs = self.call.n_jobs.to_string();
        let text = |name: &'static str, text: &'_ str| Argument {
            name: name.into(),
            text: Some(text.to_owned().into()),
        };
        let step = joblib_record::active()?.begin(&Begin {
            name: "Parallel".into(),
            arguments: vec![text("backend", self.backend.name()), text("n_jobs", &n_jobs)],
            tasks: tasks.unwrap_or(0) as u64,
            ..Begin::parallel()
        });
        let position = step.position();
        self.step = Some(step);
        let _ = self.call.context.recorded.set(position.clone());
        Some(joblib_record::enter(position))
    }
}

/// A time limit beyond a century has no effect: clocks can't count to any such time.
const ENDLESS: Duration = Duration::from_hours(100 * 365 * 24);

impl Settings {
    /// Puts together what they say, what their context and the environment say and the defaults. `reach` limits the choice of
    /// backend; `stops` says whether the first failure ends the call.
    ///
    /// # Errors
    ///
    /// Returns an error if a parameter is invalid, or one that the backend can't follow.
    pub(super) fn resolve(&self, reach: Reach, stops: bool) -> Result<Resolved> {
        panics::install_hook();
        let mut settings = self.clone();
        // A backend that the call itself names is a demand; what its context says is a suggestion.
        let demanded = settings.defaults.backend.take();
        settings.defaults = settings.defaults.or(config::scope()).or_environment()?;
        settings.check()?;
        settings.timeout = settings.timeout.filter(|limit| *limit < ENDLESS);
        settings.deadline = settings.deadline.filter(|limit| *limit < ENDLESS);
        settings.display.verbose = settings.defaults.verbose.unwrap_or(0);
        settings.workers.inner_max_num_threads = settings.defaults.inner_max_num_threads;
        if settings.defaults.inner_max_num_threads == Some(0) {
            return Err(Error::usage("inner_max_num_threads has to be at least 1"));
        }
        let backend = choose(demanded.as_ref(), &settings.defaults, reach)?;
        let requested_n_jobs = settings.defaults.n_jobs.unwrap_or_else(|| backend.default_n_jobs());
        let n_jobs = backend.effective_n_jobs(requested_n_jobs)?;
        if n_jobs == 0 {
            let name = backend.name();
            return Err(Error::backend(format!("run anything on backend {name:?}: it has no worker"), None));
        }
        // All workers of a cluster are the cluster's, also where it has one.
        let all = requested_n_jobs < 0 && backend.capabilities().other_hosts;
        let backend = Self::instead_of(backend, n_jobs, demanded.is_some() || all, &settings)?;
        refuse_unsupported(&*backend, &settings)?;
        let limit = settings.pre_dispatch.limit(n_jobs)?;
        let threads = context::budget().unwrap_or_else(cpu::cpu_count);
        let context = CallContext {
            stop: AtomicBool::new(false),
            first_failure_stops: stops,
            seed: settings
                .seed
                .unwrap_or_else(|| if context::depth() > 0 { context::task_seed() } else { 0 }),
            budget: settings.defaults.inner_max_num_threads.unwrap_or_else(|| n_jobs::share(threads, n_jobs)),
            depth: context::depth() + 1,
            on_node: context::on_node(),
            span: tracing::Span::current(),
            recorded: OnceLock::new(),
            listener: joblib_record::listener(),
            captured: settings.workers.capture_output.then(Captured::default),
            batches: Arc::default(),
        };
        let call = Call {
            n_jobs,
            requested_n_jobs,
            context: Arc::new(context),
            timeout: settings.timeout,
            stack_size: settings.stack_size,
            workers: Arc::new(settings.workers.clone()),
            sharing: settings.defaults.array_sharing(),
            bar: terminal::is_beside_bar() || settings.display.has_bar() && std::io::stderr().is_terminal(),
        };
        Ok(Resolved { backend, call, settings, limit, step: None })
    }

    /// The caller's own thread for a single worker, unless something needs another place; and another thread instead of the
    /// caller's own, if something does.
    fn instead_of(
        backend: Arc<dyn ParallelBackend>,
        n_jobs: usize,
        demanded: bool,
        settings: &Self,
    ) -> Result<Arc<dyn ParallelBackend>> {
        let elsewhere = demanded && !backend.capabilities().in_process;
        let has_to_watch = settings.timeout.is_some() || settings.deadline.is_some();
        if has_to_watch && backend.capabilities().inline {
            // A thread that runs a task can't see that its time is up, nor go on without it.
            return builtin::find(&Backend::Threading);
        }
        let has_to_stay =
            has_to_watch || settings.retries > 0 || settings.workers.for_workers_only().is_some();
        if n_jobs > 1 || elsewhere || has_to_stay {
            return Ok(backend);
        }
        builtin::find(&Backend::Sequential)
    }

    /// Opens a session for tasks that may outlive the caller's scope.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`resolve`](Self::resolve), and an error if the backend can't start.
    pub(super) fn open(
        &self,
        reach: Reach,
        stops: bool,
        source: &dyn Source<'static>,
    ) -> Result<Engine<'static, 'static>> {
        let total = known_len(source);
        let mut resolved = self.resolve(reach, stops)?;
        let _recorded = resolved.record(total);
        let session = Erased::new(resolved.backend.open(resolved.call.clone())?);
        Ok(resolved.engine(Box::new(session), total))
    }

    /// Runs tasks that may outlive the caller's scope.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`open`](Self::open).
    pub(super) fn run<R>(
        &self,
        reach: Reach,
        stops: bool,
        source: SourceOf<'_, 'static, R>,
    ) -> Result<FinishedOf<'static, R>> {
        let source = source.untyped();
        let finished = self.open(reach, stops, source)?.finish(source, stops);
        // SAFETY: the tasks are those of the source, which return `R`.
        Ok(unsafe { FinishedOf::new(finished) })
    }

    /// Runs tasks that may borrow from the caller.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`resolve`](Self::resolve), and an error if the threads can't be started.
    pub(super) fn run_scoped<'s, R>(
        &self,
        stops: bool,
        source: SourceOf<'_, 's, R>,
    ) -> Result<FinishedOf<'s, R>> {
        let finished = self.finish_scoped(stops, source.untyped())?;
        // SAFETY: the tasks are those of the source, which return `R`.
        Ok(unsafe { FinishedOf::new(finished) })
    }

    fn finish_scoped<'s>(&self, stops: bool, source: &mut dyn Source<'s>) -> Result<Finished<'s>> {
        let total = known_len(source);
        let mut resolved = self.resolve(Reach::Scope, stops)?;
        drop(resolved.record(total));
        if resolved.backend.capabilities().inline {
            let session = Inline::<TaskBatch<'s>>::new(&resolved.call);
            return Ok(resolved.engine(Box::new(session), total).finish(source, stops));
        }
        threads::scoped(&resolved.call.clone(), |session| {
            resolved.engine(Box::new(session), total).finish(source, stops)
        })
    }
}

impl Resolved {
    /// The engine of the call on `session`. The number of tasks may be unknown.
    fn engine<'s, 'e>(self, session: BoxedSession<'s, 'e>, total: Option<usize>) -> Engine<'s, 'e> {
        let Resolved { backend, call, settings, limit, step } = self;
        let capabilities = backend.capabilities();
        // A time limit is for one task: on threads, where a stuck task can't be taken off its batch, it is alone.
        let alone = capabilities.inline || (capabilities.in_process && settings.timeout.is_some());
        let size = if alone { BatchSize::Fixed(1) } else { settings.batch_size };
        let limit = if capabilities.inline { Some(1) } else { limit };
        let mut reporter =
            Reporter::new(settings.display, call.n_jobs, limit.unwrap_or(usize::MAX >> 1), total);
        reporter.begin(backend.name(), step);
        Engine::new(Plan {
            session,
            context: Arc::clone(&call.context),
            batching: Batching::new(capabilities.batch_time, size),
            workers: call.n_jobs,
            limit,
            pre_dispatch: settings.pre_dispatch,
            // A stack of another size is that of another thread.
            direct: capabilities.direct && call.stack_size.is_none(),
            retries: settings.retries,
            deadline: settings.deadline,
            tokens: settings.token.into_iter().collect(),
            interrupt: settings.catch_interrupt.then(interrupt::watch).flatten(),
            reporter,
        })
    }
}

/// How many tasks there are, if that is known beforehand.
fn known_len(source: &dyn Source<'_>) -> Option<usize> {
    let (low, high) = source.size_hint();
    (high == Some(low)).then_some(low)
}

/// The backend that is named; one that fits where only the context names one.
fn choose(demanded: Option<&Backend>, defaults: &Defaults, reach: Reach) -> Result<Arc<dyn ParallelBackend>> {
    if let Some(backend) = demanded {
        let backend = builtin::find(backend)?;
        if leaves_its_node(&*backend) {
            return Err(Error::usage(format!(
                "a task that runs on a node can't use backend {:?}: its own calls stay on the node, with \"loky\" or \
                 \"threading\", within its share of the processors",
                backend.name()
            )));
        }
        if let Some(obstacle) = reach.obstacle(backend.capabilities()) {
            let name = backend.name();
            return Err(Error::usage(format!("backend {name:?} {obstacle}; use \"threading\"")));
        }
        return Ok(backend);
    }
    if let Some(backend) = &defaults.backend {
        let backend = builtin::find(backend)?;
        // All places of the cluster may be taken by tasks that wait for such calls.
        let backend = if leaves_its_node(&*backend) { builtin::find(&Backend::Loky)? } else { backend };
        if reach.obstacle(backend.capabilities()).is_none() {
            return Ok(backend);
        }
    }
    match defaults.prefer {
        Some(Prefer::Processes) if reach == Reach::Anywhere => builtin::find(&Backend::Loky),
        _ => builtin::find(&Backend::Threading),
    }
}

/// Whether `backend` would take a call from the node where its task runs.
fn leaves_its_node(backend: &dyn ParallelBackend) -> bool {
    context::on_node() && backend.capabilities().other_hosts
}

/// Refuses settings that `backend` can't follow.
fn refuse_unsupported(backend: &dyn ParallelBackend, settings: &Settings) -> Result<()> {
    let (name, capabilities) = (backend.name(), backend.capabilities());
    if let Some(setting) = settings.workers.for_workers_only()
        && !capabilities.worker_settings
    {
        return Err(Error::usage(format!(
            "{setting} is for worker processes, which backend {name:?} does not have; use \"loky\""
        )));
    }
    if settings.workers.capture_output && !capabilities.captures_output {
        return Err(Error::usage(format!(
            "capture_output is for worker processes that joblib starts, which backend {name:?} does not have; use \"loky\""
        )));
    }
    // A worker that can die alone need not be a process of ours: a backend of the user's own may report crashes.
    if settings.retries > 0 && capabilities.in_process {
        return Err(Error::usage(format!(
            "retries is for tasks whose worker process died, and backend {name:?} has none: what ends its worker ends \
             this program; use \"loky\""
        )));
    }
    Ok(())
}
