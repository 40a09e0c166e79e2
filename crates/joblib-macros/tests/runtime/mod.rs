//! A runtime for the expansion, as small as can be: results as JSON in memory, keyed by the arguments as JSON. It stands
//! where `joblib` stands (`#[cached(crate = crate::runtime)]`), so that the macro's tests need nothing but the macro.

#![allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic)]

pub mod internal {
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::future::Future;
    use std::marker::PhantomData;
    use std::time::Duration;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    thread_local! {
        /// Memory's number, function, code and key, to the result.
        static STORED: RefCell<HashMap<(usize, String, u128, String), String>> = RefCell::default();
        /// The last descriptions of arguments.
        pub static DESCRIBED: RefCell<Vec<String>> = RefCell::default();
    }

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Code(u128);

    impl Code {
        pub const fn new(hash: u128) -> Self {
            Self(hash)
        }
        pub const fn and(self, other: Self) -> Self {
            Self(self.0.rotate_left(7) ^ other.0)
        }
    }

    #[diagnostic::on_unimplemented(
        message = "the code of this helper is not known",
        label = "write `#[tracked]` above it"
    )]
    pub trait HasCode {
        const CODE: Code;
    }

    #[derive(Debug)]
    pub struct Site {
        pub module: &'static str,
        pub name: &'static str,
        pub file: &'static str,
        pub line: u32,
        pub own: Code,
        pub code: Code,
        pub source: &'static str,
        pub depends: &'static [(&'static str, Code)],
        pub options: CallOptions,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum MmapMode {
        Read,
        CopyOnWrite,
    }

    #[derive(Debug, Clone, Copy)]
    pub struct CallOptions {
        pub mmap_mode: Option<MmapMode>,
        pub compress: Option<fn() -> Compress>,
        pub verbose: Option<u32>,
        pub expires_after: Option<Duration>,
        pub validate: Option<fn(&Metadata) -> bool>,
        pub redact: bool,
    }

    impl CallOptions {
        pub const DEFAULT: Self = Self {
            mmap_mode: None,
            compress: None,
            verbose: None,
            expires_after: None,
            validate: None,
            redact: false,
        };
    }

    #[derive(Debug)]
    pub struct Compress(pub String);

    impl From<(&str, u32)> for Compress {
        fn from((name, level): (&str, u32)) -> Self {
            Self(format!("{name} {level}"))
        }
    }

    pub struct Metadata;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Memory(pub usize);

    impl Memory {
        pub fn installed() -> Self {
            Self(0)
        }
    }

    #[derive(Default)]
    pub struct Description(Vec<String>);

    impl Description {
        pub fn argument<T: Serialize + ?Sized>(&mut self, value: &T) {
            self.0.push(serde_json::to_string(value).unwrap());
        }
    }

    pub struct Call<'m> {
        memory: &'m Memory,
        pub site: &'static Site,
        name: String,
        key: String,
    }

    pub enum Lookup<H, R, K> {
        Hit(H),
        Compute(Pending<R, K>),
    }

    pub struct Pending<R, K>((usize, String, u128, String), PhantomData<fn(R) -> K>);

    pub struct Span;

    impl Span {
        pub fn in_scope<R>(&self, run: impl FnOnce() -> R) -> R {
            run()
        }
    }

    pub fn run<R, K, F: Future>(_: &Pending<R, K>, body: F) -> F {
        body
    }

    impl<'m> Call<'m> {
        pub fn new(site: &'static Site, memory: &'m Memory, of_type: Option<&'static str>) -> Self {
            let name = format!("{}::{}", of_type.unwrap_or(site.module), site.name);
            Self { memory, site, name, key: String::new() }
        }
        pub fn generic(&mut self, name: &'static str) {
            self.key += &format!("<{name}>");
        }
        pub fn argument<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) {
            self.key += &format!("{name}={};", serde_json::to_string(value).unwrap());
        }
        fn id(self) -> (usize, String, u128, String) {
            (self.memory.0, self.name, self.site.code.0, self.key)
        }
        pub fn lookup<R, K: Keep<R, Stored: Storable>>(
            self,
            describe: impl FnOnce(&mut Description),
        ) -> Lookup<R, R, K> {
            let id = self.id();
            match STORED.with_borrow(|stored| stored.get(&id).cloned()) {
                Some(text) => Lookup::Hit(K::restore(serde_json::from_str(&text).unwrap())),
                None => {
                    let mut description = Description::default();
                    describe(&mut description);
                    DESCRIBED.set(description.0);
                    Lookup::Compute(Pending(id, PhantomData))
                }
            }
        }
        pub async fn lookup_async<R, K: Keep<R, Stored: Storable>>(
            self,
            describe: impl FnOnce(&mut Description),
        ) -> Lookup<R, R, K> {
            self.lookup(describe)
        }
        pub fn find<R, K: Keep<R, Stored: Storable>>(
            self,
            describe: impl FnOnce(&mut Description),
        ) -> Lookup<K::Shelf<Shelved<K::Stored>>, R, K> {
            describe(&mut Description::default());
            let id = self.id();
            if STORED.with_borrow(|stored| stored.contains_key(&id)) {
                Lookup::Hit(K::shelf(Shelved(id, PhantomData)))
            } else {
                Lookup::Compute(Pending(id, PhantomData))
            }
        }
        pub async fn find_async<R, K: Keep<R, Stored: Storable>>(
            self,
            describe: impl FnOnce(&mut Description),
        ) -> Lookup<K::Shelf<Shelved<K::Stored>>, R, K> {
            self.find(describe)
        }
        pub fn force<R, K: Keep<R, Stored: Storable>>(
            self,
            describe: impl FnOnce(&mut Description),
        ) -> Pending<R, K> {
            describe(&mut Description::default());
            Pending(self.id(), PhantomData)
        }
        pub fn check(self) -> bool {
            let id = self.id();
            STORED.with_borrow(|stored| stored.contains_key(&id))
        }
    }

    impl<R, K> Pending<R, K> {
        pub fn span(&self) -> Span {
            Span
        }
        pub fn finish(self, result: R) -> R
        where
            K: Keep<R, Stored: Storable>,
        {
            if let Some(kept) = K::kept(&result) {
                STORED.with_borrow_mut(|stored| stored.insert(self.0, serde_json::to_string(kept).unwrap()));
            }
            result
        }
        pub fn finish_and_shelve(self, result: R) -> K::Shelf<Shelved<K::Stored>>
        where
            K: Keep<R, Stored: Storable>,
        {
            let id = self.0.clone();
            let result = self.finish(result);
            K::shelve(result, |_| Shelved(id, PhantomData))
        }
    }

    #[derive(Debug)]
    pub struct Shelved<T>((usize, String, u128, String), PhantomData<T>);

    impl<T: DeserializeOwned> Shelved<T> {
        pub fn get(&self) -> T {
            serde_json::from_str(&STORED.with_borrow(|stored| stored[&self.0].clone())).unwrap()
        }
    }

    #[derive(Debug, PartialEq)]
    pub struct Explanation {
        pub name: String,
        pub key: String,
        pub source: &'static str,
        pub depends: Vec<&'static str>,
    }

    pub fn explain(call: &Call<'_>) -> Explanation {
        Explanation {
            name: call.name.clone(),
            key: call.key.clone(),
            source: call.site.source,
            depends: call.site.depends.iter().map(|(name, _)| *name).collect(),
        }
    }

    pub type Result<T> = std::result::Result<T, ()>;

    pub fn clear(memory: &Memory, call: &Call<'_>) -> Result<u64> {
        STORED.with_borrow_mut(|stored| {
            let before = stored.len();
            stored.retain(|id, _| (id.0, &id.1) != (memory.0, &call.name));
            Ok((before - stored.len()) as u64)
        })
    }

    #[derive(Debug, PartialEq)]
    pub struct FunctionStats {
        pub function: String,
    }

    pub fn stats(call: &Call<'_>) -> FunctionStats {
        FunctionStats { function: call.name.clone() }
    }

    #[diagnostic::on_unimplemented(
        message = "`{Self}` can't be stored, and so a function that returns it can't be cached",
        label = "a result is stored: derive `serde::Serialize` and `serde::Deserialize` for its type"
    )]
    pub trait Storable: Serialize + DeserializeOwned {}

    #[diagnostic::do_not_recommend]
    impl<T: Serialize + DeserializeOwned> Storable for T {}

    pub fn storable<R, K: Keep<R, Stored: Storable>>() {}

    pub trait Keep<R> {
        type Stored;
        type Shelf<S>;
        fn kept(result: &R) -> Option<&Self::Stored>;
        fn restore(stored: Self::Stored) -> R;
        fn shelve<S>(result: R, shelve: impl FnOnce(Self::Stored) -> S) -> Self::Shelf<S>;
        fn shelf<S>(shelved: S) -> Self::Shelf<S>;
    }

    pub struct KeepAll;
    pub struct KeepOk;
    pub struct KeepSome;

    impl<R> Keep<R> for KeepAll {
        type Stored = R;
        type Shelf<S> = S;
        fn kept(result: &R) -> Option<&R> {
            Some(result)
        }
        fn restore(stored: R) -> R {
            stored
        }
        fn shelve<S>(result: R, shelve: impl FnOnce(R) -> S) -> S {
            shelve(result)
        }
        fn shelf<S>(shelved: S) -> S {
            shelved
        }
    }

    impl<T, E> Keep<std::result::Result<T, E>> for KeepOk {
        type Stored = T;
        type Shelf<S> = std::result::Result<S, E>;
        fn kept(result: &std::result::Result<T, E>) -> Option<&T> {
            result.as_ref().ok()
        }
        fn restore(stored: T) -> std::result::Result<T, E> {
            Ok(stored)
        }
        fn shelve<S>(
            result: std::result::Result<T, E>,
            shelve: impl FnOnce(T) -> S,
        ) -> std::result::Result<S, E> {
            result.map(shelve)
        }
        fn shelf<S>(shelved: S) -> std::result::Result<S, E> {
            Ok(shelved)
        }
    }

    impl<T> Keep<Option<T>> for KeepSome {
        type Stored = T;
        type Shelf<S> = Option<S>;
        fn kept(result: &Option<T>) -> Option<&T> {
            result.as_ref()
        }
        fn restore(stored: T) -> Option<T> {
            Some(stored)
        }
        fn shelve<S>(result: Option<T>, shelve: impl FnOnce(T) -> S) -> Option<S> {
            result.map(shelve)
        }
        fn shelf<S>(shelved: S) -> Option<S> {
            Some(shelved)
        }
    }
}
