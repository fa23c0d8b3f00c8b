//! Counters and encoders of finite width.

/// A difference of two readings of a counter of `bits` bits, or the value of an absolute encoder of
/// that width, as a signed number: folded to at most half a turn. Widths of 0 and from 63 on are
/// endless.
///
/// ```
/// use wayfix_sensors::counter::folded;
/// assert_eq!(folded(5 - 65_530, 16), 11);
/// assert_eq!([0, 4095, 4096, 8191].map(|v| folded(v, 13)), [0, 4095, -4096, -1]);
/// ```
#[must_use]
pub fn folded(value: i64, bits: u32) -> i64 {
    if bits == 0 || bits >= 63 {
        return value;
    }
    let turn = 1_i64 << bits;
    let value = value.rem_euclid(turn);
    if value >= turn / 2 {
        value - turn
    } else {
        value
    }
}
