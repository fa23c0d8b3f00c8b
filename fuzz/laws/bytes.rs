//! Bytes as choices.

/// A source of choices that ends; after its end every choice is the first.
pub struct Bytes<'a>(pub &'a [u8]);

/// Numbers at which arithmetic breaks.
const HARD: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    1e150,
    -1e150,
    1e-150,
    1e9,
    -1e9,
];

impl Bytes<'_> {
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    pub fn word(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub fn long(&mut self) -> i64 {
        i64::from_le_bytes(self.array())
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    pub fn choice<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Mostly an ordinary number of about `scale`; else a hard one, or any bits.
    pub fn number(&mut self, scale: f64) -> f64 {
        match self.byte() {
            0..=15 => *self.choice(&HARD),
            16..=23 => f64::from_bits(self.long() as u64),
            24..=63 => scale * f64::from(self.byte() as i8) / 16.0,
            _ => scale * f64::from(self.word() as i16) / 32768.0,
        }
    }

    pub fn one_in(&mut self, n: u8) -> bool {
        self.byte().is_multiple_of(n)
    }

    pub fn maybe(&mut self, scale: f64) -> Option<f64> {
        self.one_in(4).then(|| self.number(scale))
    }
}

/// `base` with a few bytes changed, put in, taken out, cut or doubled as `choices` say; or, where
/// they begin with zero, these choices alone.
pub fn edited(base: &[u8], choices: &[u8]) -> Vec<u8> {
    let mut bytes = Bytes(choices);
    if bytes.byte() == 0 {
        return bytes.0.to_vec();
    }
    let mut out = base.to_vec();
    while !bytes.is_over() && !out.is_empty() {
        let at = (usize::from(bytes.word()) << 8 | usize::from(bytes.byte())) % out.len();
        match bytes.byte() % 8 {
            0 => out.truncate(at),
            1 => {
                out.remove(at);
            }
            2 => out.insert(at, bytes.byte()),
            3 => {
                let to = (at + usize::from(bytes.byte())).min(out.len());
                out.drain(at..to);
            }
            4 => {
                let to = (at + usize::from(bytes.byte())).min(out.len());
                out.splice(
                    at..at,
                    base[at.min(base.len())..to.min(base.len())].to_vec(),
                );
            }
            5 => out[at] ^= 1 << (bytes.byte() % 8),
            _ => out[at] = bytes.byte(),
        }
    }
    out
}
