//! Numbers as text, fast: an hour of reports has millions of them.

use std::fmt::Write;

const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Appends `value` with `decimals` places (up to nine), rounded half away from zero, without a
/// negative zero. What is not finite is left out.
///
/// ```
/// use wayfix::output::number::fixed;
/// let mut text = String::new();
/// fixed(&mut text, -1.0625, 3);
/// assert_eq!(text, "-1.063");
/// ```
pub fn fixed(to: &mut String, value: f64, decimals: usize) {
    let decimals = decimals.min(9);
    let scaled = (value.abs() * POWERS[decimals]).round();
    if !value.is_finite() {
        return;
    }
    // Beyond 2⁵³ the product is no longer exact; nobody reads those digits, but they must be right.
    if scaled >= 9e15 {
        let _ = write!(to, "{value:.decimals$}");
        return;
    }
    let mut rest = scaled as u64;
    if value < 0.0 && rest != 0 {
        to.push('-');
    }
    let mut digits = [b'0'; 20];
    let mut begin = digits.len();
    let mut places = 0;
    while rest != 0 || places <= decimals {
        begin -= 1;
        digits[begin] = b'0' + (rest % 10) as u8;
        rest /= 10;
        places += 1;
    }
    let (whole, part) = digits[begin..].split_at(places - decimals);
    push_ascii(to, whole);
    if decimals > 0 {
        to.push('.');
        push_ascii(to, part);
    }
}

/// Appends an integer.
pub fn integer(to: &mut String, value: i64) {
    let mut rest = value.unsigned_abs();
    if value < 0 {
        to.push('-');
    }
    let mut digits = [b'0'; 20];
    let mut begin = digits.len();
    loop {
        begin -= 1;
        digits[begin] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    push_ascii(to, &digits[begin..]);
}

/// Appends a time as seconds with nine places, exactly.
pub fn seconds(to: &mut String, t_ns: i64) {
    const PER_SECOND: u64 = 1_000_000_000;
    if t_ns < 0 {
        to.push('-');
    }
    let t_ns = t_ns.unsigned_abs();
    integer(to, (t_ns / PER_SECOND) as i64);
    to.push('.');
    // The leading one keeps the zeros after the point.
    let part = to.len();
    integer(to, (PER_SECOND + t_ns % PER_SECOND) as i64);
    to.remove(part);
}

/// Appends a text as a JSON string.
pub fn quoted(to: &mut String, text: &str) {
    if text.bytes().any(|b| b < b' ' || b == b'"' || b == b'\\') {
        // A string always serialises.
        to.push_str(&serde_json::to_string(text).unwrap_or_default());
    } else {
        to.push('"');
        to.push_str(text);
        to.push('"');
    }
}

fn push_ascii(to: &mut String, digits: &[u8]) {
    to.push_str(std::str::from_utf8(digits).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: f64, decimals: usize) -> String {
        let mut text = String::new();
        fixed(&mut text, value, decimals);
        text
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(text(0.0, 3), "0.000");
        assert_eq!(text(-0.0001, 3), "0.000");
        assert_eq!(text(12.0, 0), "12");
        assert_eq!(text(-0.05, 2), "-0.05");
        assert_eq!(text(1e12, 6), "1000000000000.000000");
        assert_eq!(text(f64::NAN, 3), "");
        assert_eq!(text(f64::INFINITY, 3), "");
    }

    #[test]
    fn times_are_exact() {
        for (t, expected) in [
            (0, "0.000000000"),
            (-1, "-0.000000001"),
            (1_700_000_000_000_000_001, "1700000000.000000001"),
            (i64::MIN, "-9223372036.854775808"),
        ] {
            let mut text = String::new();
            seconds(&mut text, t);
            assert_eq!(text, expected);
        }
    }

    proptest! {
        #[test]
        fn numbers_read_back(value in -1e9..1e9, decimals in 0..9usize) {
            let back: f64 = text(value, decimals).parse().unwrap();
            let half = 0.5 / POWERS[decimals];
            prop_assert!((back - value).abs() <= half * (1.0 + 1e-6) + 1e-15 * value.abs());
        }

        #[test]
        fn integers_read_back(value: i64) {
            let mut text = String::new();
            integer(&mut text, value);
            prop_assert_eq!(text.parse::<i64>().unwrap(), value);
        }
    }
}
