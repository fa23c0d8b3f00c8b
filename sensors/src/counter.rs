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

/// An endless count from a counter of finite width: a device's clock, a wheel's ticks.
///
/// Steps of up to half a turn, forwards or backwards, are followed; a larger one is taken for its
/// complement, so the counter must be read at least twice a turn.
///
/// ```
/// use wayfix_sensors::counter::Unrolled;
/// let mut clock = Unrolled::new(16);
/// assert_eq!([65_530, 65_535, 4, 2].map(|v| clock.at(v)), [65_530, 65_535, 65_540, 65_538]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Unrolled {
    bits: u32,
    last: Option<(i64, i64)>,
}

impl Unrolled {
    /// Of a counter of `bits` bits (1 to 62); its first reading is taken as it is.
    #[must_use]
    pub const fn new(bits: u32) -> Self {
        Self { bits, last: None }
    }

    /// The endless count at the counter's reading `raw`.
    pub fn at(&mut self, raw: i64) -> i64 {
        let total = match self.last {
            None => raw,
            Some((last, total)) => total.wrapping_add(folded(raw.wrapping_sub(last), self.bits)),
        };
        self.last = Some((raw, total));
        total
    }
}

/// The numbers that a device gives its messages: how many of them never came.
///
/// ```
/// use wayfix_sensors::counter::Sequence;
/// let mut sequence = Sequence::new(4);
/// assert_eq!([14, 15, 0, 3, 3, 2].map(|v| sequence.missing(v)), [0, 0, 0, 2, 0, 0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sequence {
    bits: u32,
    last: Option<i64>,
}

impl Sequence {
    /// Of a number of `bits` bits.
    #[must_use]
    pub const fn new(bits: u32) -> Self {
        Self { bits, last: None }
    }

    /// How many messages are missing between the last one and that with the number `raw`; none
    /// where it goes back (a restart) or stands still (a copy).
    pub fn missing(&mut self, raw: i64) -> u64 {
        let step = match self.last.replace(raw) {
            Some(last) => folded(raw.wrapping_sub(last), self.bits),
            None => 1,
        };
        u64::try_from(step.saturating_sub(1)).unwrap_or(0)
    }
}
