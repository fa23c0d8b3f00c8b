//! Changes to site.toml and vehicle.toml that leave everything else in them as it stands: comments,
//! order, layout.

use similar::TextDiff;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Formatted, Item, Table, TableLike, Value};

use super::key_path::{KeyPath, Step};

/// A number for a key of one of the two files.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where it stands.
    pub path: KeyPath,
    /// What it is to be.
    pub value: f64,
    /// Its standard deviation, which says how many digits are worth writing; `None` for a whole number.
    pub sigma: Option<f64>,
    /// For an element of an array: the whole array as it is in use, for a file that does not have it.
    pub whole: Whole,
}

/// What stands at a key that is new, where only one number of it changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Whole {
    /// The number itself.
    #[default]
    Number,
    /// An array.
    Vector(Vec<f64>),
    /// Rows.
    Matrix(Vec<Vec<f64>>),
}

/// A path that leads through something that is not a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {key} is not a table or an array of numbers")]
pub struct Blocked {
    /// The whole path.
    pub path: String,
    /// Where it ends.
    pub key: String,
}

/// Text of a file with the changes in it.
///
/// ```
/// use wayfix::calibrate::two_files::{Change, Whole, changed};
/// let text = "[motion]\nwheelbase_m = 1.4   # measured with a tape\n";
/// let path = "motion.wheelbase_m".into();
/// let change = Change { path, value: 1.57612, sigma: Some(0.047), whole: Whole::Number };
/// assert_eq!(
///     changed(text, &[change])?,
///     "[motion]\nwheelbase_m = 1.576   # measured with a tape\n"
/// );
/// # Ok::<(), anyhow::Error>(())
/// ```
///
/// # Errors
/// Text that is not TOML, or a change that does not fit it.
pub fn changed(text: &str, changes: &[Change]) -> anyhow::Result<String> {
    let mut document: DocumentMut = text.parse()?;
    for change in changes {
        put(document.as_table_mut(), change)?;
    }
    Ok(document.to_string())
}

fn put(root: &mut Table, change: &Change) -> Result<(), Blocked> {
    let blocked = |key: &str| Blocked {
        path: change.path.to_string(),
        key: key.to_owned(),
    };
    let steps = &change.path.0;
    let last = steps
        .iter()
        .rposition(|step| matches!(step, Step::Key(_)))
        .ok_or_else(|| blocked(""))?;
    let mut table: &mut dyn TableLike = root;
    let mut depth = 0;
    while depth < last {
        let Step::Key(key) = &steps[depth] else {
            return Err(blocked(&change.path.to_string()));
        };
        if let Some(Step::Id(id)) = steps.get(depth + 1) {
            table = entry(table, key, id).ok_or_else(|| blocked(key))?;
            depth += 2;
            continue;
        }
        // What is new inside a source is one line of it, `mount.position_m = ...`.
        let new = || {
            let mut new = Table::new();
            new.set_dotted(depth >= 2);
            new.set_implicit(depth == 0 && last > 1);
            Item::Table(new)
        };
        table = (table.entry(key).or_insert_with(new).as_table_like_mut())
            .ok_or_else(|| blocked(key))?;
        depth += 1;
    }
    let Step::Key(key) = &steps[last] else {
        return Err(blocked(""));
    };
    let value = written(change.value, change.sigma);
    let indices = &steps[last + 1..];
    if indices.is_empty() {
        replace(table.entry(key).or_insert(Item::None), value);
        return Ok(());
    }
    let item = table.entry(key).or_insert_with(|| change.whole.item());
    let mut place = item.as_value_mut().ok_or_else(|| blocked(key))?;
    for step in indices {
        let element = match step {
            Step::Index(index) => (place.as_array_mut()).and_then(|array| array.get_mut(*index)),
            _ => None,
        };
        place = element.ok_or_else(|| blocked(key))?;
    }
    let decor = place.decor().clone();
    *place = value;
    *place.decor_mut() = decor;
    Ok(())
}

/// The entry of a list of tables whose `id` is this; a new one at the end where there is none.
fn entry<'a>(table: &'a mut dyn TableLike, key: &str, id: &str) -> Option<&'a mut dyn TableLike> {
    let new = || Item::ArrayOfTables(ArrayOfTables::new());
    let is_it = |entry: &dyn TableLike| entry.get("id").and_then(Item::as_str) == Some(id);
    match table.entry(key).or_insert_with(new) {
        Item::ArrayOfTables(list) => {
            let found = list.iter().position(|entry| is_it(entry));
            let index = found.unwrap_or_else(|| {
                let mut entry = Table::new();
                entry.insert("id", toml_edit::value(id));
                list.push(entry);
                list.len() - 1
            });
            list.get_mut(index).map(|entry| entry as &mut dyn TableLike)
        }
        Item::Value(Value::Array(list)) => {
            let tables = list.iter().map(Value::as_inline_table);
            let found = tables
                .enumerate()
                .find_map(|(k, entry)| entry.filter(|entry| is_it(*entry)).map(|_| k));
            let index = found.unwrap_or_else(|| {
                let mut entry = toml_edit::InlineTable::new();
                entry.insert("id", id.into());
                list.push(entry);
                list.len() - 1
            });
            let entry = list.get_mut(index)?.as_inline_table_mut()?;
            Some(entry as &mut dyn TableLike)
        }
        _ => None,
    }
}

impl Whole {
    fn item(&self) -> Item {
        let array = |numbers: &[f64]| numbers.iter().copied().map(Value::from).collect::<Array>();
        match self {
            Self::Number => Item::None,
            Self::Vector(numbers) => Item::Value(Value::Array(array(numbers))),
            Self::Matrix(rows) => {
                let rows = rows.iter().map(|row| Value::Array(array(row)));
                Item::Value(Value::Array(rows.collect()))
            }
        }
    }
}

/// The value in its place, with the comments around it.
fn replace(item: &mut Item, value: Value) {
    let decor = item.as_value().map(|value| value.decor().clone());
    *item = Item::Value(value);
    if let (Some(value), Some(decor)) = (item.as_value_mut(), decor) {
        *value.decor_mut() = decor;
    }
}

fn written(value: f64, sigma: Option<f64>) -> Value {
    let text = sigma.map_or_else(|| format!("{value:.0}"), |sigma| digits(value, sigma));
    // Digits are always a number.
    text.parse::<Value>()
        .unwrap_or(Value::Float(Formatted::new(value)))
}

/// A number to a tenth of the last digit that its sigma leaves, at least two digits of the sigma.
#[must_use]
pub fn digits(value: f64, sigma: f64) -> String {
    if sigma.is_nan() || sigma <= 0.0 {
        return format!("{value:?}");
    }
    let last = (sigma.log10().floor() as i32 - 1).min(-1);
    if value.abs() < 0.5 * 10_f64.powi(last) {
        return "0.0".to_owned();
    }
    let size = value.abs().log10().floor() as i32;
    if (-4..6).contains(&size) {
        return format!("{value:.*}", last.unsigned_abs() as usize);
    }
    format!("{value:.*e}", (size - last).max(1) as usize)
}

/// The lines in which two texts differ, as a unified diff without headers: `-` before, `+` after,
/// each group under the number of its first line.
#[must_use]
pub fn diff(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut text = String::new();
    for group in diff.grouped_ops(0) {
        let first = group.first().map_or(0, |op| op.old_range().start);
        text += &format!("@@ line {} @@\n", first + 1);
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end_matches(['\r', '\n']);
            text += &format!("{}{line}\n", change.tag());
        }
    }
    text
}

#[cfg(test)]
mod tests;
