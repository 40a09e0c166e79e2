//! Transposes a batch of words in vector registers. Every processor of x86-64 has SSE2.
//!
//! One step interleaves the bytes of the first half of the registers with those of the second half. The place of a byte,
//! seen as a binary number, is thereby rotated left by one bit. Where it was `word, byte of the word`, it is `byte, word`
//! after as many steps as the number of the word has bits, and the other way round after as many as that of the byte has.

use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_storeu_si128, _mm_unpackhi_epi8, _mm_unpacklo_epi8};

/// Bytes of a register, and the words of a batch.
const REGISTER: usize = 16;

/// The planes of a batch of words of `N` bytes, which stand one after another.
#[inline]
pub(super) fn planes_of<const N: usize>(words: &[[u8; REGISTER]; N]) -> [[u8; REGISTER]; N] {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe { interleaved(words, REGISTER.ilog2()) }
}

/// The words whose planes these are.
#[inline]
pub(super) fn words_of<const N: usize>(planes: &[[u8; REGISTER]; N]) -> [[u8; REGISTER]; N] {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe { interleaved(planes, N.ilog2()) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn interleaved<const N: usize>(rows: &[[u8; REGISTER]; N], steps: u32) -> [[u8; REGISTER]; N] {
    const { assert!(N.is_power_of_two()) };
    let mut registers = [load(&rows[0]); N];
    for (register, row) in registers.iter_mut().zip(rows) {
        *register = load(row);
    }
    for _ in 0..steps {
        let before = registers;
        for index in 0..N / 2 {
            let (first, second) = (before[index], before[index + N / 2]);
            registers[2 * index] = _mm_unpacklo_epi8(first, second);
            registers[2 * index + 1] = _mm_unpackhi_epi8(first, second);
        }
    }
    let mut rows = [[0; REGISTER]; N];
    for (row, register) in rows.iter_mut().zip(registers) {
        store(register, row);
    }
    rows
}

#[inline]
#[target_feature(enable = "sse2")]
fn load(bytes: &[u8; REGISTER]) -> __m128i {
    // SAFETY: 16 bytes are read from 16 bytes, at any alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn store(register: __m128i, bytes: &mut [u8; REGISTER]) {
    // SAFETY: 16 bytes are written to 16 bytes, at any alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), register) }
}
