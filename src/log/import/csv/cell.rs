//! One value of a row: its text, its number, its time.

use std::collections::BTreeMap;

use csv::ByteRecord;
use serde_json::Value;

use crate::log::schema::Shape;

/// A row, and what counts as nothing in it.
pub(super) struct Row<'a> {
    pub row: &'a ByteRecord,
    pub missing: &'a [String],
}

impl<'a> Row<'a> {
    pub fn text(&self, column: usize) -> Result<Option<&'a str>, String> {
        let cell = self.row.get(column).unwrap_or_default();
        let text = std::str::from_utf8(cell).map_err(|_| format!("column {column} is no UTF-8"))?;
        let usual = ["", "nan", "null", "none", "na", "n/a"];
        let is_missing = usual.iter().any(|m| text.eq_ignore_ascii_case(m))
            || self.missing.iter().any(|m| m == text);
        Ok((!is_missing).then_some(text))
    }
}

/// One value of a field.
pub(super) struct Leaf {
    pub from: From,
    pub factor: f64,
    pub offset: f64,
    pub prefix: String,
    pub words: Option<BTreeMap<String, String>>,
}

pub(super) enum From {
    Column(usize),
    Constant(String),
}

impl Leaf {
    pub fn read(&self, shape: Shape, cells: &Row) -> Result<Option<Value>, String> {
        let text = match &self.from {
            From::Constant(text) => Some(text.as_str()),
            From::Column(column) => cells.text(*column)?,
        };
        let text = match (&self.words, text) {
            (Some(words), Some(text)) => words.get(text).map(String::as_str),
            _ => text,
        };
        let Some(text) = text else { return Ok(None) };
        if matches!(shape, Shape::Text | Shape::Choice(_)) {
            return Ok(Some(Value::String(format!("{}{text}", self.prefix))));
        }
        let is_plain = self.factor == 1.0 && self.offset == 0.0;
        let is_whole = matches!(shape, Shape::Integer | Shape::WheelCounts);
        if let Ok(whole) = text.parse::<i64>()
            && is_plain
            && is_whole
        {
            return Ok(Some(whole.into()));
        }
        let number: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
        let number = number * self.factor + self.offset;
        if !number.is_finite() {
            return Err(format!("{text:?} is not finite"));
        }
        Ok(Some(if is_whole {
            (number.round() as i64).into()
        } else {
            number.into()
        }))
    }
}

/// What one of a unit is in SI and radians.
pub(super) fn unit_factor(unit: &str) -> Option<f64> {
    const DEG: f64 = core::f64::consts::PI / 180.0;
    Some(match unit {
        "m" | "m/s" | "rad" | "rad/s" | "m/s2" | "T" | "Pa" | "dBm" => 1.0,
        "mm" | "mm/s" | "mrad" | "mrad/s" | "mT" => 1e-3,
        "um" | "uT" => 1e-6,
        "nT" => 1e-9,
        "cm" | "cm/s" => 1e-2,
        "km" | "kPa" => 1e3,
        "ft" | "ft/s" => 0.3048,
        "in" => 0.0254,
        "km/h" => 1.0 / 3.6,
        "kn" => 1852.0 / 3600.0,
        "deg" | "deg/s" => DEG,
        "rpm" => 6.0 * DEG,
        "g" => 9.80665,
        "mg" => 9.80665e-3,
        "G" => 1e-4,
        "mG" => 1e-7,
        "hPa" | "mbar" => 100.0,
        "bar" => 1e5,
        _ => return None,
    })
}

/// `text` · 10^`places`, rounded. Digits are taken one by one: a unix time in seconds as `f64`
/// is good to 0.2 µs only.
pub(super) fn decimal(text: &str, places: usize) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_decimal = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    if !is_decimal(whole) || !is_decimal(fraction) {
        // 1.7e9
        let ns = text.parse::<f64>().ok()? * 10_f64.powi(i32::try_from(places).ok()?);
        return (ns.abs() < 9.2e18).then_some(ns.round() as i64);
    }
    let padded = fraction.bytes().chain(std::iter::repeat(b'0'));
    let mut value: i64 = 0;
    for digit in whole.bytes().chain(padded.take(places)) {
        value = value
            .checked_mul(10)?
            .checked_add(i64::from(digit - b'0'))?;
    }
    if fraction
        .as_bytes()
        .get(places)
        .is_some_and(|&digit| digit >= b'5')
    {
        value = value.checked_add(1)?;
    }
    Some(if negative { -value } else { value })
}
