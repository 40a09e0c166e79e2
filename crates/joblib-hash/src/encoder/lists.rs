//! Lists that lie in one piece: the same encoding as element by element, made by code that is compiled here.
//!
//! What serde does for each element is compiled in the crate that hashes, at its optimisation level.

use joblib_array::slice::{Items, NumberSlice};
use rayon::prelude::*;
use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::{Encoder, RUN, head_of_run, tag};
use crate::stream::{PARALLEL, digest_of};
use crate::{Digest, HashError};

impl Encoder {
    /// Hashes a list, if it is of numbers or of one of the types that are most common; `None` otherwise.
    pub(super) fn list(&mut self, items: Items<'_>) -> Option<Result<(), HashError>> {
        if let Some(numbers) = items.numbers() {
            return self.numbers(numbers);
        }
        joblib_array::common_list!(items, elements => self.each(elements))
    }

    /// `None` when the encoding is another one than the bytes of the numbers.
    fn numbers(&mut self, numbers: NumberSlice<'_>) -> Option<Result<(), HashError>> {
        let NumberSlice { dtype, bytes } = numbers;
        let number = tag::of(dtype).filter(|_| numbers.is_little_endian() && !self.unordered)?;
        if let Err(error) = self.descend() {
            return Some(Err(error));
        }
        self.begin(tag::SEQ);
        let (whole, rest) = bytes.split_at(bytes.len() / RUN * RUN);
        let algorithm = self.algorithm;
        let digest = |run| digest_of(algorithm, run);
        if whole.len() < PARALLEL {
            for run in whole.chunks(RUN) {
                self.whole_run(number, &digest(run));
            }
        } else {
            let digests: Vec<Digest> = whole.par_chunks(RUN).map(digest).collect();
            for digest in &digests {
                self.whole_run(number, digest);
            }
        }
        if !rest.is_empty() {
            let head = head_of_run(number, (rest.len() / dtype.size()) as u32);
            self.stream.buffer.extend_from_slice(&head);
            self.stream.buffer.extend_from_slice(rest);
        }
        self.begin(tag::END);
        self.length(numbers.len());
        self.ascend();
        Some(Ok(()))
    }

    fn each<T: Serialize>(&mut self, elements: &[T]) -> Result<(), HashError> {
        let mut list = self.serialize_seq(Some(elements.len()))?;
        for element in elements {
            list.serialize_element(element)?;
        }
        list.end()
    }
}
