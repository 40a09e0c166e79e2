//! CRC-64/NVME with carry-less multiplication of 256-bit registers, for processors that have it without AVX-512, which
//! `crc-fast` knows how to use. The method is Intel's "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
//! Instruction" (2009): bytes are folded onto those 256 further on, and what is left are 256 bytes with the same remainder.

use std::arch::x86_64::{
    __m256i, _mm256_clmulepi64_epi128, _mm256_loadu_si256, _mm256_set_epi64x, _mm256_storeu_si256,
    _mm256_xor_si256,
};
use std::sync::OnceLock;

/// Bytes that are folded at a time: eight registers hide the multiplication's latency.
const STRIDE: usize = 256;
const REGISTERS: usize = 8;

/// The polynomial 0xad93d23594c93659, lowest bit first.
const POLYNOMIAL: u64 = 0x9a6c_9329_ac4b_c9b5;

/// x to the power of `exponent` modulo the polynomial, lowest bit first: bit 63 is the coefficient of x^0.
const fn power(mut exponent: u32) -> u64 {
    let mut remainder = 1 << 63;
    while exponent > 0 {
        let carry = remainder & 1;
        remainder >>= 1;
        if carry == 1 {
            remainder ^= POLYNOMIAL;
        }
        exponent -= 1;
    }
    remainder
}

/// What moves the first half of a lane of 128 bits by a stride. Products of such numbers are x too high, hence the 1.
const FIRST_HALF: u64 = power(8 * STRIDE as u32 + 64 - 1);
const SECOND_HALF: u64 = power(8 * STRIDE as u32 - 1);

/// Whether this processor gains by it.
pub(super) fn is_available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("vpclmulqdq")
            && !(is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512f"))
    })
}

/// 256 bytes and a rest that, from the state 0, give what all of `bytes` gives from `state`; nothing where that is no
/// gain or this processor can't.
pub(super) fn fold(state: u64, bytes: &[u8]) -> Option<([u8; STRIDE], &[u8])> {
    if bytes.len() < 8 * STRIDE || !is_available() {
        return None;
    }
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    // SAFETY: the processor has these instructions, as was just asked.
    Some((unsafe { fold_strides(state, strides) }, rest))
}

#[target_feature(enable = "avx2,vpclmulqdq")]
fn fold_strides(state: u64, strides: &[[u8; STRIDE]]) -> [u8; STRIDE] {
    let by = _mm256_set_epi64x(
        SECOND_HALF.cast_signed(),
        FIRST_HALF.cast_signed(),
        SECOND_HALF.cast_signed(),
        FIRST_HALF.cast_signed(),
    );
    // Zeros before a message change nothing, so the state may stand in the first bytes of one.
    let mut registers = [_mm256_set_epi64x(0, 0, 0, 0); REGISTERS];
    for (index, stride) in strides.iter().enumerate() {
        for (register, bytes) in registers.iter_mut().zip(stride.as_chunks::<32>().0) {
            let moved = _mm256_xor_si256(
                _mm256_clmulepi64_epi128::<0x00>(*register, by),
                _mm256_clmulepi64_epi128::<0x11>(*register, by),
            );
            *register = _mm256_xor_si256(moved, load(bytes));
        }
        if index == 0 {
            registers[0] = _mm256_xor_si256(registers[0], _mm256_set_epi64x(0, 0, 0, state.cast_signed()));
        }
    }
    let mut left = [0; STRIDE];
    for (register, bytes) in registers.into_iter().zip(left.as_chunks_mut::<32>().0) {
        store(register, bytes);
    }
    left
}

#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: 32 bytes are read from 32 bytes, at any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn store(register: __m256i, bytes: &mut [u8; 32]) {
    // SAFETY: 32 bytes are written to 32 bytes, at any alignment.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), register) }
}
