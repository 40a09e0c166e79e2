//! The shape of a type that is stored: the names of its structs and enums, of their fields and variants in their order, and
//! the types of the numbers in it, as its `Deserialize` asks for them.
//!
//! No value is read for it. [`Tracer`](tracer::Tracer) is a deserializer that notes what it is asked for and answers with an
//! error. Where a type asks for one of several parts, the fields of a struct and the variants of an enum, one pass looks at
//! one of them, and as many passes are made as there are parts. Only what stands before another part in a tuple, and the keys
//! of maps, have to be given for the rest to be asked for: these are numbers 1, texts "a", and containers without elements.
//!
//! What a type does with what it asked for is not seen, and neither is what it asks of serde's own buffer: the fields of
//! flattened structs and of the variants of enums with tags. `#[cached]` sees these in the source.

mod tracer;

use std::any::TypeId;
use std::hash::Hasher;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use joblib_array::erased::{ErasedSeed, Seed, erase};
use serde::de::DeserializeOwned;

use self::tracer::{Pass, Stop, Tracer};
use crate::append_map::AppendMap;

/// The passes that are made at most: a type with more parts is known by the first of them.
const MOST: usize = 10_000;

/// A number for the shape of a type; never 0, which stands for one that is not known.
pub(crate) fn of<T: DeserializeOwned>() -> u64 {
    known(typeid::of::<T>(), &|tracer| ask(tracer, &mut Seed::new(PhantomData::<T>)))
}

/// The number for the type of this id, for whose value `ask` asks.
fn known(id: TypeId, ask: &dyn Fn(&mut Tracer) -> Option<String>) -> u64 {
    static KNOWN: AppendMap<TypeId, u64> = AppendMap::new();

    *KNOWN.get_or_insert_with(id, || trace(ask))
}

/// Asks for a value. Returns the text of the error.
fn ask(tracer: &mut Tracer<'_>, seed: &mut dyn ErasedSeed<'_>) -> Option<String> {
    let asked = seed.deserialize(&mut erase::<Stop, _>(tracer));
    asked.err().map(|error| error.into_own::<Stop>().text())
}

/// Makes all passes. `ask` asks for the value once, and returns the text of the error.
fn trace(ask: &dyn Fn(&mut Tracer) -> Option<String>) -> u64 {
    let mut pass = Pass::default();
    // The algorithm is specified, so that a shape is the same in every build.
    #[allow(deprecated, reason = "`DefaultHasher`, which took its place, may change its algorithm")]
    let mut hasher = std::hash::SipHasher::new();
    for _ in 0..MOST {
        let mut tracer = Tracer::new(&mut pass);
        // What is made of the values given may be refused in any way.
        let error = catch_unwind(AssertUnwindSafe(|| ask(&mut tracer)));
        let told = tracer.told();
        hasher.write(told.as_bytes());
        hasher.write(error.ok().flatten().unwrap_or_default().as_bytes());
        hasher.write_u8(0xff);
        if !pass.next() {
            break;
        }
    }
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests;
