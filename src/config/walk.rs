//! Compares a TOML document with a schema, and finds everything that is wrong with it at once,
//! where a deserialiser would stop at the first error and, in tagged tables, lose its place.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::expect::{accepts, accepts_length, closest, expected, number, resolve, unit_of, words};
use super::lines::{KeyLines, LineStarts};
use super::problem::{Fault, Problem};
use super::schema::{kind_of, scalar_type};

/// Walks `document` (parsed from `text`) along `schema`.
pub(super) fn walk(
    text: &str,
    starts: &LineStarts,
    document: &DeTable<'_>,
    schema: &Value,
) -> (KeyLines, Vec<Problem>) {
    let mut walker = Walker {
        text,
        starts,
        root: schema,
        lines: KeyLines::default(),
        problems: Vec::new(),
    };
    if let Some(schema) = schema.as_object() {
        walker.members(schema, document, "", None);
    }
    (walker.lines, walker.problems)
}

struct Walker<'a> {
    text: &'a str,
    starts: &'a LineStarts,
    root: &'a Value,
    lines: KeyLines,
    problems: Vec<Problem>,
}

impl<'a> Walker<'a> {
    fn report(&mut self, path: &str, span: Option<Range<usize>>, fault: Fault) {
        let line = span.map(|span| self.starts.line_at(span.start));
        self.problems.push(Problem {
            line,
            key: path.to_owned(),
            fault,
        });
    }

    fn value(&mut self, schema: &'a Value, value: &Spanned<DeValue<'_>>, path: &str) {
        let Some(schema) = self.resolve(schema).as_object() else {
            return;
        };
        let fits = match (scalar_type(schema), value.get_ref()) {
            (None, DeValue::Table(table)) => return self.tagged(schema, table, path, value.span()),
            (None, DeValue::String(word)) => return self.choice(schema, word, path, value.span()),
            (Some("object"), DeValue::Table(table)) => {
                return self.object_of(schema, table, path, Some(value.span()));
            }
            (Some("array"), DeValue::Array(items)) => {
                let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
                let least = limit("minItems").unwrap_or(0) as usize;
                let most = limit("maxItems").map_or(usize::MAX, |n| n as usize);
                if let Some(item) = schema.get("items") {
                    for (i, one) in items.iter().enumerate() {
                        let path = format!("{path}[{i}]");
                        let line = self.starts.line_at(one.span().start);
                        self.lines.insert(path.clone(), line);
                        self.value(item, one, &path);
                    }
                }
                (least..=most).contains(&items.len())
            }
            (Some("number" | "integer"), DeValue::Float(_) | DeValue::Integer(_)) => {
                number(value.get_ref()).is_some_and(|x| accepts(schema, x, value.get_ref()))
            }
            (Some("string"), DeValue::String(text)) => accepts_length(schema, text),
            (Some("boolean"), DeValue::Boolean(_)) => true,
            _ => false,
        };
        if !fits {
            let fault = Fault::Value {
                value: self.excerpt(value.span()),
                expected: expected(self.root, schema),
            };
            self.report(path, Some(value.span()), fault);
        }
    }

    fn object_of(
        &mut self,
        schema: &'a Map<String, Value>,
        table: &DeTable<'_>,
        path: &str,
        span: Option<Range<usize>>,
    ) {
        let Some(each) = schema
            .get("additionalProperties")
            .filter(|each| each.is_object())
        else {
            return self.members(schema, table, path, span);
        };
        for (name, value) in table.iter() {
            let path = joined(path, name.get_ref());
            self.lines
                .insert(path.clone(), self.starts.line_at(name.span().start));
            let names = schema.get("propertyNames").and_then(Value::as_object);
            if let Some(rule) = names.filter(|rule| !accepts_length(rule, name.get_ref())) {
                let value = self.excerpt(name.span());
                let fault = Fault::Value {
                    value,
                    expected: expected(self.root, rule),
                };
                self.report(&path, Some(name.span()), fault);
            }
            self.value(each, value, &path);
        }
    }

    fn members(
        &mut self,
        schema: &'a Map<String, Value>,
        table: &DeTable<'_>,
        path: &str,
        span: Option<Range<usize>>,
    ) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return;
        };
        for (key, value) in table.iter() {
            let path = joined(path, key.get_ref());
            self.lines
                .insert(path.clone(), self.starts.line_at(key.span().start));
            if let Some(property) = properties.get(key.get_ref().as_ref()) {
                self.value(property, value, &path);
            } else {
                let suggestion = self.closest_key(properties, key.get_ref());
                self.report(&path, Some(key.span()), Fault::UnknownKey { suggestion });
            }
        }
        let required = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for key in required
            .filter_map(Value::as_str)
            .filter(|key| !table.contains_key(*key))
        {
            let wanted = properties
                .get(key)
                .and_then(|p| self.resolve(p).as_object());
            let expected = wanted.map(|p| expected(self.root, p)).unwrap_or_default();
            self.report(
                &joined(path, key),
                span.clone(),
                Fault::Missing { expected },
            );
        }
    }

    /// A table whose `kind` says which keys it may have.
    fn tagged(
        &mut self,
        schema: &'a Map<String, Value>,
        table: &DeTable<'_>,
        path: &str,
        span: Range<usize>,
    ) {
        let variants = schema
            .get("oneOf")
            .and_then(Value::as_array)
            .map_or(&[][..], |v| v);
        let kinds: Vec<String> = variants
            .iter()
            .filter_map(kind_of)
            .map(str::to_owned)
            .collect();
        if kinds.is_empty() {
            let fault = Fault::Value {
                value: "a table".into(),
                expected: expected(self.root, schema),
            };
            return self.report(path, Some(span), fault);
        }
        let path_of_kind = joined(path, "kind");
        let Some(kind) = table.get("kind") else {
            let expected = format!("one of {}", kinds.join(", "));
            return self.report(&path_of_kind, Some(span), Fault::Missing { expected });
        };
        let named = kind.get_ref().as_str().unwrap_or_default();
        let variant = variants.iter().find(|one| kind_of(one) == Some(named));
        if let Some(variant) = variant.and_then(Value::as_object) {
            self.members(variant, table, path, Some(span));
        } else {
            let suggestion = closest(kinds.iter().map(String::as_str), named);
            let value = self.excerpt(kind.span());
            let fault = Fault::Choice {
                value,
                choices: kinds,
                suggestion,
            };
            self.report(&path_of_kind, Some(kind.span()), fault);
        }
    }

    fn choice(&mut self, schema: &Map<String, Value>, word: &str, path: &str, span: Range<usize>) {
        let choices = words(schema);
        if choices.iter().any(|choice| choice == word) {
            return;
        }
        let value = self.excerpt(span.clone());
        let fault = if choices.is_empty() {
            Fault::Value {
                value,
                expected: expected(self.root, schema),
            }
        } else {
            let suggestion = closest(choices.iter().map(String::as_str), word);
            Fault::Choice {
                value,
                choices,
                suggestion,
            }
        };
        self.report(path, Some(span), fault);
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        resolve(self.root, schema)
    }

    fn closest_key(&self, properties: &Map<String, Value>, key: &str) -> Option<String> {
        let found = closest(properties.keys().map(String::as_str), key)?;
        let unit = properties.get(&found).and_then(unit_of);
        Some(unit.map_or_else(|| found.clone(), |unit| format!("{found} [{unit}]")))
    }

    /// The text of a value as it stands in the file, kept short.
    fn excerpt(&self, span: Range<usize>) -> String {
        const LONGEST: usize = 60;
        let text = self.text.get(span).unwrap_or_default();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= LONGEST {
            line
        } else {
            line.chars().take(LONGEST).chain(['…']).collect()
        }
    }
}

fn joined(path: &str, key: &str) -> String {
    let bare = key
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let key = if bare && !key.is_empty() {
        key.to_owned()
    } else {
        format!("{key:?}")
    };
    if path.is_empty() {
        key
    } else {
        format!("{path}.{key}")
    }
}
