//! Text tables as the sets publish them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;

/// The text of a file, unpacked where its name ends in `.gz`.
///
/// # Errors
/// A file that cannot be read or is not UTF-8.
pub fn read(path: &Path) -> Result<String> {
    let context = || format!("reading {}", path.display());
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut text = String::new();
        GzDecoder::new(fs::File::open(path).with_context(context)?)
            .read_to_string(&mut text)
            .with_context(context)?;
        return Ok(text);
    }
    fs::read_to_string(path).with_context(context)
}

/// The one file of a folder whose name starts and ends so.
///
/// # Errors
/// None, or more than one.
pub fn find(dir: &Path, start: &str, end: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("listing {}", dir.display()))? {
        let file_name = entry?.file_name();
        let file_name = file_name.to_string_lossy();
        if file_name.starts_with(start) && file_name.ends_with(end) {
            found.push(dir.join(file_name.as_ref()));
        }
    }
    match found.as_slice() {
        [path] => Ok(path.clone()),
        [] => bail!("no file {start}*{end} in {}", dir.display()),
        _ => bail!(
            "several files {start}*{end} in {}: name the run",
            dir.display()
        ),
    }
}

/// Rows of `N` blank-separated numbers; lines that start with `#` are skipped, and so are the first
/// `header` lines; further columns are ignored.
///
/// # Errors
/// A file that cannot be read, a short row, a field that is no number.
pub fn blank_separated<const N: usize>(path: &Path, header: usize) -> Result<Vec<[f64; N]>> {
    let mut rows = Vec::new();
    for (index, line) in read(path)?.lines().enumerate().skip(header) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        rows.push(
            numbers(line.split_ascii_whitespace())
                .with_context(|| format!("{}:{}", path.display(), index + 1))?,
        );
    }
    Ok(rows)
}

/// `N` numbers from the first `N` fields; an empty field is NaN.
///
/// # Errors
/// Too few fields, or one that is no number.
pub fn numbers<'a, const N: usize>(mut fields: impl Iterator<Item = &'a str>) -> Result<[f64; N]> {
    let mut row = [f64::NAN; N];
    for (column, value) in row.iter_mut().enumerate() {
        let Some(field) = fields.next() else {
            bail!("{column} columns, expected {N}")
        };
        *value = number(field)?;
    }
    Ok(row)
}

fn number(field: &str) -> Result<f64> {
    let field = field.trim();
    if field.is_empty() {
        return Ok(f64::NAN);
    }
    field
        .parse()
        .with_context(|| format!("{field:?} is no number"))
}

/// A comma-separated table with a header line.
#[derive(Clone, Debug)]
pub struct Table {
    path: PathBuf,
    header: Vec<String>,
    text: String,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// A file that cannot be read or is empty.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read(path)?;
        let Some(header) = text.lines().next() else {
            bail!("{} is empty", path.display())
        };
        let header = header
            .split(',')
            .map(|field| field.trim().to_owned())
            .collect();
        Ok(Self {
            path: path.to_owned(),
            header,
            text,
        })
    }

    /// The columns of these names, row by row; an empty field is NaN.
    ///
    /// # Errors
    /// A column that is not there, a short row, a field that is no number.
    pub fn columns<const N: usize>(&self, names: [&str; N]) -> Result<Vec<[f64; N]>> {
        let mut indices = [0; N];
        for (index, column) in indices.iter_mut().zip(names) {
            *index = self
                .header
                .iter()
                .position(|field| field == column)
                .with_context(|| format!("{}: no column {column:?}", self.path.display()))?;
        }
        let mut rows = Vec::new();
        for (line_index, line) in self.text.lines().enumerate().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let picked = indices
                .iter()
                .map_while(|&index| fields.get(index).copied());
            rows.push(
                numbers(picked)
                    .with_context(|| format!("{}:{}", self.path.display(), line_index + 1))?,
            );
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_empty_fields_are_nan() {
        let table = Table {
            path: PathBuf::from("x.csv"),
            header: ["t", "a", "b"].map(str::to_owned).to_vec(),
            text: "t,a,b\n1,2,3\n4,,6\n".to_owned(),
        };
        let rows = table.columns(["b", "a"]).unwrap();
        assert_eq!(rows[0], [3.0, 2.0]);
        assert!(rows[1][1].is_nan());
        assert!(table.columns(["c"]).is_err());
    }

    #[test]
    fn short_rows_and_words_are_errors() {
        assert!(numbers::<3>("1 2".split(' ')).is_err());
        assert!(numbers::<1>("one".split(' ')).is_err());
    }
}
