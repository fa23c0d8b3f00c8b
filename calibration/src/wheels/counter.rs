//! Encoder counters of finite width.
//!
//! A counter of `bits` bits is known modulo `2^bits` only. The usual reading, that an increment is at
//! most half a turn of the counter, fails where a narrow counter is read rarely or stands frozen for
//! a while (a gateway that forwards 16-bit increments of a motor drive): 40 000 counts then read as
//! −25 536. So the multiple is chosen that is nearest to what the speed so far predicts.

use wayfix_filter::Timestamp;

/// Time constant of the speed that the prediction uses \[s\].
const MEMORY_S: f64 = 0.3;
/// A counter that stands longer than this has stopped, and is not frozen \[s\].
const FROZEN_S: f64 = 0.6;

/// Increments between successive rows, in counts.
pub(super) fn increments(rows: impl Iterator<Item = (Timestamp, i64)>, bits: u32) -> Vec<f64> {
    let turn = 2_f64.powi(bits as i32);
    let mut increments = Vec::new();
    let mut rate_per_s = 0.0;
    let mut previous: Option<(Timestamp, i64)> = None;
    let mut moved_at = Timestamp::default();
    for (t, ticks) in rows {
        let Some((_, ticks_before)) = previous.replace((t, ticks)) else {
            moved_at = t;
            continue;
        };
        let elapsed_s = t.seconds_since(moved_at);
        let mut increment = (ticks - ticks_before) as f64;
        // A row that repeats the counter says nothing about its turns.
        if increment == 0.0 {
            if elapsed_s > FROZEN_S {
                rate_per_s = 0.0;
            }
            increments.push(0.0);
            continue;
        }
        increment += turn * ((rate_per_s * elapsed_s - increment) / turn).round();
        if elapsed_s > 0.0 {
            let share = 1.0 - (-elapsed_s / MEMORY_S).exp();
            rate_per_s += share * (increment / elapsed_s - rate_per_s);
        }
        moved_at = t;
        increments.push(increment);
    }
    increments
}

/// Counts as if the counter were endless: each row's count since the first.
///
/// ```
/// use wayfix_calibration::wheels::unrolled;
/// use wayfix_filter::Timestamp;
/// let rows = [65_500, 65_530, 20].map(|ticks| (Timestamp::default(), ticks));
/// assert_eq!(unrolled(rows.into_iter(), 16), [0, 30, 56]);
/// ```
#[must_use]
pub fn unrolled(rows: impl Iterator<Item = (Timestamp, i64)>, bits: u32) -> Vec<i64> {
    let mut rows = rows.peekable();
    let first = rows.peek().map(|_| 0);
    let counts = increments(rows, bits)
        .into_iter()
        .scan(0, |count, increment| {
            *count += increment as i64;
            Some(*count)
        });
    first.into_iter().chain(counts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(row: i64, ticks: i64) -> (Timestamp, i64) {
        (Timestamp(row * 40_000_000), ticks)
    }

    #[test]
    fn a_wide_counter_rolls_over() {
        let rows = [at(0, 4_294_967_000), at(1, 4_294_967_290), at(2, 4)];
        assert_eq!(increments(rows.into_iter(), 32), [290.0, 10.0]);
    }

    #[test]
    fn a_frozen_narrow_counter_catches_up() {
        // 7000 counts a row; five rows frozen, then 42 000 counts at once, which read as −23 536.
        let mut rows: Vec<_> = (0..10).map(|k| at(k, 7000 * k)).collect();
        rows.extend((10..15).map(|k| at(k, 63_000)));
        rows.push(at(15, 63_000 + 42_000 - 65_536));
        let total: f64 = increments(rows.into_iter(), 16).iter().sum();
        assert_eq!(total, 105_000.0);
    }
}
