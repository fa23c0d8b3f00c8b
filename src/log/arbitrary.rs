//! For tests: any record, made from the fields that the schema lists.

use proptest::prelude::*;
use serde::de::DeserializeSeed;
use serde_json::{Value, json};
use wayfix_filter::Timestamp;
use wayfix_sensors::{Kind, Name, Sample};

use super::schema::{Payload, Shape, fields};
use super::{Record, Truth};

/// A payload with its required fields and those optional ones whose bit is set.
pub fn value(payload: Payload, optional: u64, numbers: &[f64]) -> Value {
    let mut numbers = numbers.iter().copied().cycle();
    let mut number = || numbers.next().unwrap();
    let whole = |x: f64| json!((x as i64).rem_euclid(256));
    let mut object = serde_json::Map::new();
    for (i, field) in fields(payload).iter().enumerate() {
        if !field.required && optional >> i & 1 == 0 {
            continue;
        }
        let value = match field.shape {
            Shape::Number => json!(number()),
            Shape::Integer => whole(number()),
            Shape::Text => json!(format!("id \"{}\" å", number().to_bits() % 100)),
            Shape::Choice(words) => json!(words[number().to_bits() as usize % words.len()]),
            Shape::Vector(n) => (0..n).map(|_| number()).collect(),
            Shape::Points(n) => (0..n).map(|_| json!([number(), number()])).collect(),
            Shape::Wheels => (0..2).map(|_| number()).collect(),
            Shape::WheelCounts => (0..4).map(|_| whole(number())).collect(),
        };
        object.insert(field.name.into(), value);
    }
    Value::Object(object)
}

pub fn parse(payload: Payload, value: &Value) -> Result<Record, serde_json::Error> {
    let t = Timestamp(7);
    Ok(match payload {
        Payload::Truth => Record::Truth(Truth {
            t,
            state: serde_json::from_value(value.clone())?,
        }),
        Payload::Reading(kind) => {
            let source = Name::from("sensor").unwrap();
            Record::Sample(Sample {
                t,
                source,
                reading: kind.deserialize(value)?,
            })
        }
    })
}

/// Records of every kind, with any finite numbers and any times.
pub fn records(
    count: impl Into<proptest::collection::SizeRange>,
) -> impl Strategy<Value = Vec<Record>> {
    use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    let numbers = proptest::collection::vec(POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO, 1..12);
    let one = (
        0..=Kind::ALL.len(),
        any::<i64>(),
        any::<u64>(),
        numbers,
        "[a-z/]{0,3}",
    );
    let one = one.prop_map(|(kind, t_ns, optional, numbers, name)| {
        let payload = Kind::ALL
            .get(kind)
            .map_or(Payload::Truth, |&kind| Payload::Reading(kind));
        let mut record = parse(payload, &value(payload, optional, &numbers)).unwrap();
        match &mut record {
            Record::Truth(truth) => truth.t = Timestamp(t_ns),
            Record::Sample(sample) => {
                sample.t = Timestamp(t_ns);
                sample.source = Name::from(&name).unwrap();
            }
        }
        record
    });
    proptest::collection::vec(one, count)
}
