//! One node of a schema: whether a value fits it, and what it expects, in words.

use serde_json::{Map, Value};
use toml::de::DeValue;

use super::schema::scalar_type;

/// Follows references, and leaves out the `null` of optional tables.
pub(super) fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let target = name
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return target.map_or(schema, |target| resolve(root, target));
    }
    let options = schema.get("anyOf").and_then(Value::as_array);
    let real = options.and_then(|all| all.iter().find(|one| one.get("$ref").is_some()));
    real.map_or(schema, |real| resolve(root, real))
}

pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(text) => text.as_str().parse().ok(),
        DeValue::Integer(text) => i64::from_str_radix(text.as_str(), text.radix())
            .ok()
            .map(|i| i as f64),
        _ => None,
    }
}

pub(super) fn accepts(schema: &Map<String, Value>, x: f64, value: &DeValue<'_>) -> bool {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    let whole = scalar_type(schema) != Some("integer") || value.is_integer();
    x.is_finite()
        && whole
        && limit("minimum").is_none_or(|low| x >= low)
        && limit("maximum").is_none_or(|high| x <= high)
        && limit("exclusiveMinimum").is_none_or(|low| x > low)
        && limit("exclusiveMaximum").is_none_or(|high| x < high)
        && (!schema.contains_key("not") || x != 0.0)
}

pub(super) fn accepts_length(schema: &Map<String, Value>, text: &str) -> bool {
    let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
    limit("minLength").is_none_or(|least| text.len() as u64 >= least)
        && limit("maxLength").is_none_or(|most| text.len() as u64 <= most)
}

pub(super) fn words(schema: &Map<String, Value>) -> Vec<String> {
    let listed = schema
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let described = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    listed
        .filter_map(Value::as_str)
        .chain(described.filter_map(|one| one.get("const")?.as_str()))
        .map(str::to_owned)
        .collect()
}

pub(super) fn unit_of(schema: &Value) -> Option<&str> {
    let unit = schema
        .get("x-unit")
        .or_else(|| schema.get("items")?.get("x-unit"))?;
    unit.as_str()
}

/// What a value has to be, in words, with its unit.
pub(super) fn expected(root: &Value, schema: &Map<String, Value>) -> String {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    let size = |key: &str| schema.get(key).and_then(Value::as_u64);
    let unit = schema.get("x-unit").and_then(Value::as_str);
    let unit = unit.map(|unit| format!(" [{unit}]")).unwrap_or_default();
    match scalar_type(schema) {
        Some(kind @ ("number" | "integer")) => {
            let noun = if kind == "integer" {
                "a whole number"
            } else {
                "a finite number"
            };
            let low = limit("minimum").map(|x| format!("at least {x}"));
            let low = low.or_else(|| limit("exclusiveMinimum").map(|x| format!("above {x}")));
            let high = limit("maximum").map(|x| format!("at most {x}"));
            let high = high.or_else(|| limit("exclusiveMaximum").map(|x| format!("below {x}")));
            let nonzero = schema
                .contains_key("not")
                .then(|| "other than 0".to_owned());
            let range: Vec<String> = [low, high, nonzero].into_iter().flatten().collect();
            let gap = if range.is_empty() { "" } else { " " };
            format!("{noun}{gap}{}{unit}", range.join(" and "))
        }
        Some("array") => {
            let items = schema.get("items").map(|items| resolve(root, items));
            let items = items.and_then(Value::as_object);
            let of = items.map(|items| expected(root, items)).unwrap_or_default();
            match (size("minItems"), size("maxItems")) {
                (Some(least), Some(most)) if least == most => {
                    format!("an array of {least}, each {of}")
                }
                (_, Some(most)) => format!("an array of at most {most}, each {of}"),
                _ => format!("an array, each {of}"),
            }
        }
        Some("string") | None if schema.contains_key("maxLength") => {
            format!(
                "a text of 1 to {} bytes",
                size("maxLength").unwrap_or_default()
            )
        }
        Some("string") => "a text".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("object") => "a table".to_owned(),
        _ if words(schema).is_empty() => "a table".to_owned(),
        _ => format!("one of {}", words(schema).join(", ")),
    }
}

/// The candidate closest to a misspelt word, if any is close.
pub(crate) fn closest<'c>(candidates: impl Iterator<Item = &'c str>, word: &str) -> Option<String> {
    const CLOSE: f64 = 0.85;
    // One slip of the finger in a short word weighs more in Jaro-Winkler than it does for people.
    let likeness = |candidate: &str| match strsim::osa_distance(candidate, word) {
        1 => 1.0,
        _ => strsim::jaro_winkler(candidate, word),
    };
    candidates
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness >= CLOSE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}
