//! Changes to vehicle.toml that leave everything else in it as it stands: comments, order, layout.

use similar::TextDiff;
use toml_edit::{Array, DocumentMut, Formatted, Item, Table, TableLike, Value};

/// A number for a key of vehicle.toml.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its path: `motion.wheelbase_m`, `source.laser.mount.position_m[0]`.
    pub path: String,
    /// What it is to be.
    pub value: f64,
    /// Its standard deviation, which says how many digits are worth writing; `None` for a whole number.
    pub sigma: Option<f64>,
    /// For one number of an array: the whole array as it is in use, for a file that does not have it.
    pub array: Vec<f64>,
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

/// Text of vehicle.toml with the changes in it.
///
/// ```
/// use wayfix::calibrate::vehicle_file::{Change, changed};
/// let text = "[motion]\nwheelbase_m = 1.4   # measured with a tape\n";
/// let path = "motion.wheelbase_m".to_owned();
/// let change = Change { path, value: 1.57612, sigma: Some(0.047), array: Vec::new() };
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
        path: change.path.clone(),
        key: key.to_owned(),
    };
    let (path, index) = match change
        .path
        .strip_suffix(']')
        .and_then(|p| p.rsplit_once('['))
    {
        Some((path, index)) => (path, index.parse::<usize>().ok()),
        None => (change.path.as_str(), None),
    };
    let mut keys: Vec<&str> = path.split('.').collect();
    let last = keys.pop().unwrap_or_default();
    let mut table: &mut dyn TableLike = root;
    for (depth, key) in keys.iter().enumerate() {
        // What is new inside a source is one line of it, `mount.position_m = ...`.
        let new = || {
            let mut new = Table::new();
            new.set_dotted(depth >= 2);
            new.set_implicit(depth == 0 && keys.len() > 1);
            Item::Table(new)
        };
        table = (table.entry(key).or_insert_with(new).as_table_like_mut())
            .ok_or_else(|| blocked(key))?;
    }
    let value = written(change.value, change.sigma);
    let Some(index) = index else {
        replace(table.entry(last).or_insert(Item::None), value);
        return Ok(());
    };
    let new = || {
        let numbers = change.array.iter().copied().map(Value::from);
        Item::Value(Value::Array(numbers.collect::<Array>()))
    };
    let array = table.entry(last).or_insert_with(new).as_array_mut();
    let number = array.and_then(|array| array.get_mut(index));
    let number = number.ok_or_else(|| blocked(last))?;
    let decor = number.decor().clone();
    *number = value;
    *number.decor_mut() = decor;
    Ok(())
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
mod tests {
    use super::*;

    fn change(path: &str, value: f64, sigma: f64) -> Change {
        Change {
            path: path.to_owned(),
            value,
            sigma: (sigma > 0.0).then_some(sigma),
            array: vec![0.0; 3],
        }
    }

    #[test]
    fn comments_order_and_layout_stay() {
        let text = "# A lift.\n[motion]            # how it moves\ndrive = \"tricycle\"\n\
                    wheelbase_m = 1.4   # tape\n\n[source.laser]\nkind = \"pose\"\n\
                    mount.position_m = [ 1.5, 0.0,  2.0 ] # drawing\n";
        let changes = [
            change("source.laser.mount.position_m[0]", 1.79057, 0.027),
            change("source.laser.mount.position_m[1]", -0.00005, 0.031),
            change("source.laser.mount.rpy_deg[2]", -0.292, 0.82),
            change("motion.wheelbase_m", 1.57612, 0.047),
            change("motion.track_m", 1.1, 0.01),
        ];
        let after = changed(text, &changes).unwrap();
        assert_eq!(
            after,
            "# A lift.\n[motion]            # how it moves\ndrive = \"tricycle\"\n\
             wheelbase_m = 1.576   # tape\ntrack_m = 1.100\n\n[source.laser]\nkind = \"pose\"\n\
             mount.position_m = [ 1.791, 0.0,  2.0 ] # drawing\n\
             mount.rpy_deg = [0.0, 0.0, -0.29]\n"
        );
    }

    #[test]
    fn tables_that_are_not_there_are_made() {
        let changes = [
            change("motion.track_m", 0.5, 0.01),
            change("source.w.tick_bits", 16.0, 0.0),
        ];
        let after = changed("", &changes).unwrap();
        assert_eq!(
            after,
            "[motion]\ntrack_m = 0.500\n\n[source.w]\ntick_bits = 16\n"
        );
        let error = changed("motion = 3\n", &changes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "motion.track_m: motion is not a table or an array of numbers"
        );
    }

    #[test]
    fn inline_tables_are_kept() {
        let text = "source = { laser = { kind = \"pose\", mount = { position_m = [0, 1, 2] } } }\n";
        let changes = [change("source.laser.mount.position_m[1]", 0.5, 0.01)];
        assert_eq!(
            changed(text, &changes).unwrap(),
            "source = { laser = { kind = \"pose\", mount = { position_m = [0, 0.500, 2] } } }\n"
        );
    }

    #[test]
    fn digits_follow_the_sigma() {
        assert_eq!(digits(2.150_95e-6, 3.2e-8), "2.151e-6");
        assert_eq!(digits(1.576_12, 0.047), "1.576");
        assert_eq!(digits(-4.4788, 0.34), "-4.48");
        assert_eq!(digits(1.00342, 2.1e-4), "1.00342");
        assert_eq!(digits(-0.0001, 0.03), "0.0");
        assert_eq!(digits(16.0, 0.0), "16.0");
    }

    #[test]
    fn a_diff_shows_what_changed_and_where() {
        let (before, after) = ("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n");
        assert_eq!(
            diff(before, after),
            "@@ line 2 @@\n-b\n+B\n@@ line 5 @@\n+e\n"
        );
        assert_eq!(diff(before, before), "");
    }
}
