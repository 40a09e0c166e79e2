//! Half precision without a crate for it: every value is an `f32`.

/// The value of an IEEE 754 half-precision number of these bits.
///
/// ```
/// assert_eq!(joblib_array::half_to_f32(0x3c00), 1.0);
/// assert_eq!(joblib_array::half_to_f32(0x0001), 2_f32.powi(-24));
/// ```
pub fn half_to_f32(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    match exponent {
        0 => sign * fraction * 2_f32.powi(-24),
        0x1f if fraction == 0.0 => sign * f32::INFINITY,
        // The payload and the sign of a NaN are kept.
        0x1f => f32::from_bits(u32::from(bits & 0x8000) << 16 | 0x7f80_0000 | u32::from(bits & 0x3ff) << 13),
        _ => sign * (1.0 + fraction / 1024.0) * 2_f32.powi(exponent - 15),
    }
}
