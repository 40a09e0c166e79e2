//! Functions and closures made at run time, cached without a macro.

mod captures;
mod options;

use std::panic::Location;
use std::sync::Arc;

use joblib_persist::Compress;
use joblib_store::Scope;
use once_cell::race::OnceBox;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::captures::Captures;
use crate::cache_fn::CacheFn;
use crate::call::error_text::ErrorText;
use crate::call::explain::Explanation;
use crate::call::keep::KeepAll;
use crate::call::lookup::Lookup;
use crate::call::settings::Given;
use crate::call::shelved::Shelved;
use crate::call::stack::outlined;
use crate::call::{Call, Description, Unkeyed, once};
use crate::error::Result;
use crate::function::Function;
use crate::function::options::{CallOptions, Callback};
use crate::function::runtime::Declared;
use crate::function::stats::FunctionStats;
use crate::memory::Memory;
use crate::memory::settings::Invalid;
use crate::report::{self, Level};
use crate::tier::Keeper;

impl Memory {
    /// Caches a function or closure under `name`.
    ///
    /// Its code can't be seen. So its results belong to this build of the program: every run of this
    /// build finds them, and the next build computes again. A
    /// [`version`](MemorizedFunc::version) says that the code is the same in other builds.
    ///
    /// What a closure captures can't be seen either. A closure that captures something is computed at
    /// each call, and one warning is printed, unless [`captures`](MemorizedFunc::captures) gives the
    /// captured values. The same holds for a reference to a function. If possible, pass values as
    /// arguments instead.
    ///
    /// In one build, two functions with the same name never share results, and a warning asks to
    /// rename one. A function or a closure is identified by its type, a function pointer or a `dyn Fn`
    /// by the place of this call and by what it points to. If the build, or what is pointed to, can't
    /// be determined, results are computed again in every process.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "run time")?;
    /// for factor in [2.0, 3.0] {
    ///     let scale = memory.cache("scale", |x: f64| factor * x).captures(factor);
    ///     assert_eq!(scale.eval((2.0,)), factor * 2.0);
    /// }
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    #[track_caller]
    pub fn cache<F>(&self, name: impl Into<String>, function: F) -> MemorizedFunc<F> {
        MemorizedFunc::new(self.clone(), name.into(), function, std::panic::Location::caller())
    }

    /// Calls `function` with `arguments`, a tuple, as a function cached under `name`: [`cache`](Self::cache) followed by
    /// [`eval`](MemorizedFunc::eval). A closure that captures something is computed each time.
    #[track_caller]
    pub fn eval<F, A>(&self, name: impl Into<String>, function: F, arguments: A) -> F::Output
    where
        F: CacheFn<A>,
        F::Output: Serialize + DeserializeOwned,
    {
        self.cache(name, function).eval(arguments)
    }
}

/// What a memory knows of a function. No thread waits for another that looks for it, also after a fork.
#[derive(Default)]
struct Described(OnceBox<Arc<Function>>);

impl Clone for Described {
    fn clone(&self) -> Self {
        self.0
            .get()
            .map_or_else(Self::default, |known| Self(OnceBox::with_value(Box::new(Arc::clone(known)))))
    }
}

/// A cached function or closure, returned by [`Memory::cache`].
///
/// Arguments are given as a tuple.
///
/// ```
/// use joblib_memory::{MemorizedFunc, Memory};
///
/// let memory = Memory::with_backend("in_memory", "memorized")?;
/// let scale = memory.cache("scale", |x: &[f64], by: f64, _verbose: bool| -> Vec<f64> {
///     x.iter().map(|x| x * by).collect()
/// });
/// let scale: MemorizedFunc<_> = scale.ignore([2]);
/// assert_eq!(scale.eval((&[1.0, 2.0][..], 2.0, true)), [2.0, 4.0]);
/// assert!(scale.check_call_in_cache((&[1.0, 2.0][..], 2.0, false)));
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a function is computed when it is called"]
pub struct MemorizedFunc<F> {
    memory: Memory,
    name: String,
    function: F,
    declared: Declared,
    captures: Captures,
    place: &'static Location<'static>,
    /// `None` where the build of the program stands for it.
    version: Option<u64>,
    /// Found with the first call.
    described: Described,
    ignore: Vec<usize>,
    options: CallOptions,
    compress: Option<Compress>,
    callback: Option<Callback>,
    /// The first option that was not valid.
    invalid: Invalid,
}

impl<F> MemorizedFunc<F> {
    pub(crate) fn new(memory: Memory, name: String, function: F, place: &'static Location<'static>) -> Self {
        let declared = Declared::new(&function, place);
        let captures = Captures::of(&function);
        Self {
            memory,
            name,
            function,
            declared,
            captures,
            place,
            version: None,
            described: Described::default(),
            ignore: Vec::new(),
            options: CallOptions::DEFAULT,
            compress: None,
            callback: None,
            invalid: Invalid::default(),
        }
    }

    /// The function itself.
    pub fn function(&self) -> &F {
        &self.function
    }

    /// Drops all results of functions with this name. Returns how many there were.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written, or an option that was set is not valid.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "one cleared")?;
    /// let square = memory.cache("square", |x: i32| x * x);
    /// square.eval((3,));
    /// assert_eq!(square.clear()?, 1);
    /// assert!(!square.check_call_in_cache((3,)));
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn clear(&self) -> Result<u64> {
        self.invalid.check()?;
        let verbose = self.options.verbose.unwrap_or(self.memory.settings().verbose);
        if Level(verbose).computing() {
            report::print(format_args!("Clearing the results of {}", self.name));
        }
        self.memory.clear_scope(Scope::Function(&self.name))
    }

    /// The statistics of the function in this process.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "of one function")?;
    /// let square = memory.cache("square", |x: i32| x * x);
    /// square.eval((3,));
    /// square.eval((3,));
    /// assert_eq!((square.stats().hits, square.stats().misses), (1, 1));
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn stats(&self) -> FunctionStats {
        self.described().counters.read(&self.name)
    }

    fn described(&self) -> &Arc<Function> {
        self.described.0.get_or_init(|| {
            let warnings = self.memory.settings().warnings;
            let functions = self.memory.functions();
            Box::new(functions.named(&self.name, self.version, &self.declared, self.place, warnings))
        })
    }

    fn call_of<A>(&self, arguments: &A) -> Call<'_>
    where
        F: CacheFn<A>,
        F::Output: Serialize + DeserializeOwned,
    {
        let function = self.described();
        let given = Given { compress: self.compress.as_ref(), callback: self.callback.as_ref() };
        let mut call = Call::of_function(&self.memory, function, self.options, given);
        call.stored::<F::Output, KeepAll>();
        if let Some(message) = self.invalid.message() {
            call.fail(Unkeyed::InvalidOption(message.to_owned()));
        }
        self.captures.check(&mut call, self.place);
        F::hash_arguments(&mut call, arguments, &self.ignore);
        self.captures.add_to(&mut call);
        call
    }

    /// A closure that describes the arguments and what is captured.
    fn describe<A>(&self, arguments: &A) -> impl FnOnce(&mut Description)
    where
        F: CacheFn<A>,
    {
        move |description| {
            F::describe_arguments(description, arguments, &self.ignore);
            self.captures.describe(description);
        }
    }

    /// Returns the function's result for the arguments: loaded, or computed and stored. In Python this
    /// is the call of a cached function.
    ///
    /// If the cache fails, a warning is printed and the result is computed. A panic of the function
    /// is passed on.
    pub fn eval<A>(&self, arguments: A) -> F::Output
    where
        F: CacheFn<A>,
        F::Output: Serialize + DeserializeOwned,
    {
        let found = outlined(|| {
            self.call_of(&arguments)
                .lookup::<F::Output, KeepAll>(&mut once(self.describe(&arguments)), Keeper::BYTES)
        });
        match found {
            Lookup::Hit(result) => result,
            Lookup::Compute(pending) => {
                let result = pending.compute(|| self.function.call_with(arguments));
                pending.finish(result, Keeper::BYTES, ErrorText::NONE)
            }
        }
    }

    /// Like [`eval`](Self::eval), but returns a reference to the result.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "shelved")?;
    /// let words = memory.cache("words", |text: &str| text.split(' ').count());
    /// let reference = words.call_and_shelve(("to be or not",));
    /// assert_eq!(reference.get()?, 4);
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn call_and_shelve<A>(&self, arguments: A) -> Shelved<F::Output>
    where
        F: CacheFn<A>,
        F::Output: Serialize + DeserializeOwned,
    {
        let found = outlined(|| {
            self.call_of(&arguments).find::<F::Output, KeepAll>(&mut once(self.describe(&arguments)))
        });
        match found {
            Lookup::Hit(result) => result,
            Lookup::Compute(pending) => {
                let result = pending.compute(|| self.function.call_with(arguments));
                pending.finish_and_shelve(result, ErrorText::NONE)
            }
        }
    }

    /// Computes the result even if it is stored, and stores it.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "forced")?;
    /// let runs = std::cell::Cell::new(0);
    /// let count = memory.cache("count", |_: u8| runs.replace(runs.get() + 1)).captures(());
    /// assert_eq!((count.eval((1,)), count.eval((1,)), count.call((1,)), count.eval((1,))), (0, 0, 1, 1));
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn call<A>(&self, arguments: A) -> F::Output
    where
        F: CacheFn<A>,
        F::Output: Serialize + DeserializeOwned,
    {
        let pending = outlined(|| {
            self.call_of(&arguments).force::<F::Output, KeepAll>(&mut once(self.describe(&arguments)))
        });
        let result = pending.compute(|| self.function.call_with(arguments));
        pending.finish(result, Keeper::BYTES, ErrorText::NONE)
    }

    /// Returns `true` if a call would be answered from the cache. To find out, the result is read as the call would read
    /// it.
    #[allow(clippy::needless_pass_by_value, reason = "the arguments are given as for a call")]
    pub fn check_call_in_cache<A>(&self, arguments: A) -> bool
    where
        F: CacheFn<A>,
        F::Output: Serialize + DeserializeOwned,
    {
        self.call_of(&arguments).check::<F::Output, KeepAll>()
    }

    /// Returns why a call would be computed, or that it would be a hit. This searches up to 2000 results of the function,
    /// and reads the result as the call would read it.
    ///
    /// ```
    /// use joblib_memory::{Explanation, Memory};
    ///
    /// let memory = Memory::with_backend("in_memory", "one explained")?;
    /// let fit = memory.cache("fit", |alpha: f64| 2.0 * alpha);
    /// fit.eval((0.5,));
    /// assert!(matches!(fit.explain((0.1,)), Explanation::ArgumentsChanged { .. }));
    /// assert!(fit.explain((0.5,)).is_hit());
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    #[allow(clippy::needless_pass_by_value, reason = "the arguments are given as for a call")]
    pub fn explain<A>(&self, arguments: A) -> Explanation
    where
        F: CacheFn<A>,
        F::Output: Serialize + DeserializeOwned,
    {
        self.call_of(&arguments).explain::<F::Output, KeepAll>()
    }
}

impl<F> std::fmt::Debug for MemorizedFunc<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemorizedFunc")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}
