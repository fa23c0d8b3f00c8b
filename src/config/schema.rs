//! JSON Schema of the two files: from the types, with the ranges and units of [`super::rules`].
//!
//! Editors read it for completion; the loader walks it, so that both say the same.

use schemars::schema_for;
use serde_json::{Map, Value, json};

use super::rules::{Bound, bound, unit};
use super::{Site, Vehicle};

/// Longest id or source name [bytes]; readings carry names in place.
const NAME_BYTES: usize = 48;

/// Schema of `site.toml`.
#[must_use]
pub fn site() -> Value {
    enriched(schema_for!(Site).to_value())
}

/// Schema of `vehicle.toml`.
#[must_use]
pub fn vehicle() -> Value {
    let mut schema = enriched(schema_for!(Vehicle).to_value());
    if let Some(sources) = schema
        .pointer_mut("/properties/source")
        .and_then(Value::as_object_mut)
    {
        let name = json!({"minLength": 1, "maxLength": NAME_BYTES});
        sources.insert("propertyNames".to_owned(), name);
    }
    schema
}

fn enriched(mut schema: Value) -> Value {
    enrich(&mut schema, "");
    if let Some(defs) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        for (name, def) in defs {
            enrich(def, name);
            for variant in def
                .get_mut("oneOf")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                if let Some(kind) = kind_of(variant).map(str::to_owned) {
                    enrich(variant, &kind);
                }
            }
        }
    }
    schema
}

/// The `kind` that a variant of a tagged enum stands for.
pub(super) fn kind_of(variant: &Value) -> Option<&str> {
    variant.pointer("/properties/kind/const")?.as_str()
}

fn enrich(object: &mut Value, context: &str) {
    let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (key, property) in properties {
        annotate(property, context, key);
    }
}

fn annotate(property: &mut Value, context: &str, key: &str) {
    let Some(property) = property.as_object_mut() else {
        return;
    };
    match scalar_type(property) {
        Some("number" | "integer") => {
            if let Some(unit) = unit(key) {
                property.insert("x-unit".to_owned(), unit.into());
            }
            limit(property, bound(context, key));
        }
        Some("array") => {
            if matches!(key, "wheels" | "wheel_scales") {
                property.insert("maxItems".to_owned(), 4.into());
            }
            if let Some(items) = property.get_mut("items") {
                annotate(items, context, key);
            }
        }
        Some("string") if key == "id" => {
            property.insert("minLength".to_owned(), 1.into());
            property.insert("maxLength".to_owned(), NAME_BYTES.into());
        }
        _ => {}
    }
}

/// The type of a schema, `null` of an optional one left aside.
pub(super) fn scalar_type(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type")? {
        Value::String(one) => Some(one),
        Value::Array(several) => several
            .iter()
            .filter_map(Value::as_str)
            .find(|t| *t != "null"),
        _ => None,
    }
}

fn limit(property: &mut Map<String, Value>, bound: Bound) {
    let mut set = |key: &str, value: Value| property.insert(key.to_owned(), value);
    match bound {
        Bound::Finite => {}
        Bound::NonZero => {
            set("not", json!({"const": 0}));
        }
        Bound::NonNegative => {
            set("minimum", 0.into());
        }
        Bound::Positive => {
            set("exclusiveMinimum", 0.into());
        }
        Bound::Share => {
            set("exclusiveMinimum", 0.into());
            set("exclusiveMaximum", 1.into());
        }
        Bound::Within(low, high) => {
            set("minimum", low.into());
            set("maximum", high.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::rules;

    #[test]
    fn carries_units_and_ranges() {
        let schema = site();
        let lat = schema.pointer("/$defs/Datum/properties/lat_deg").unwrap();
        assert_eq!(lat["x-unit"], "deg");
        assert_eq!(lat["minimum"], -90.0);
        let schema = vehicle();
        let uwb = schema["$defs"]["Source"]["oneOf"].as_array().unwrap();
        let uwb = uwb.iter().find(|v| kind_of(v) == Some("uwb")).unwrap();
        assert_eq!(uwb["properties"]["range_sigma_m"]["exclusiveMinimum"], 0);
        assert_eq!(uwb["additionalProperties"], false);
    }

    /// Every number in both files has a unit in its name, or is known to have none.
    #[test]
    fn every_number_has_a_unit() {
        const PURE: [&str; 10] = [
            "probability",
            "exceedance",
            "tuning",
            "scale",
            "ratio",
            "soft_iron",
            "path_loss_exponent",
            "scale_sigma",
            "height_m",
            "vertical_ratio",
        ];
        fn visit(schema: &Value, bare: &mut Vec<String>) {
            for (key, property) in schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                let kind = property.as_object().and_then(scalar_type);
                let pure = PURE
                    .iter()
                    .any(|p| key == p || key.ends_with(&format!("_{p}")));
                if kind == Some("number") && rules::unit(key).is_none() && !pure {
                    bare.push(key.clone());
                }
            }
            for part in ["$defs", "oneOf"] {
                match schema.get(part) {
                    Some(Value::Object(defs)) => defs.values().for_each(|d| visit(d, bare)),
                    Some(Value::Array(parts)) => parts.iter().for_each(|d| visit(d, bare)),
                    _ => {}
                }
            }
        }
        let mut bare = Vec::new();
        visit(&site(), &mut bare);
        visit(&vehicle(), &mut bare);
        assert_eq!(bare, Vec::<String>::new());
    }
}
