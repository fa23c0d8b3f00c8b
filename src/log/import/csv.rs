//! CSV by a column map: a small TOML file says which columns go to which field of which reading.
//!
//! ```toml
//! source = "robot"                        # name of readings that state none; or `--source`
//! time = { column = "stamp", unit = "ms" }
//!
//! [file]                                  # all of it optional; these are the defaults
//! delimiter = ","                         # " ": runs of spaces count as one
//! header = true                           # false: columns are named by index, from 0
//! skip_lines = 0                          # before the header
//! comment = "#"                           # lines that begin so are left out; default: none
//! missing = ["-999"]                      # texts that stand for no value, beside the usual ones
//!
//! [[reading]]                             # one or more readings a row
//! kind = "imu"                            # a kind of reading, or "truth"
//! source = "imu"
//! fields.gyro_radps = [{ column = "gx", unit = "deg/s" }, { column = "gy", unit = "deg/s" }, 5]
//! fields.accel_mps2 = ["ax", "ay", "az"]
//!
//! [[reading]]
//! kind = "range"
//! source = "uwb"
//! time = { column = "uwb_stamp", unit = "s" }        # where it has its own
//! when = { column = "type", equals = "R" }           # rows of this sort alone
//! fields.anchor = { column = "id", prefix = "A" }
//! fields.range_m = { column = "dist", unit = "mm", offset = -0.05 }
//!
//! [[reading]]
//! kind = "gnss_position"
//! fields.lat_deg = { column = "lat", scale = 1e-7 }
//! fields.lon_deg = { column = "lon", scale = 1e-7 }
//! fields.fix = { column = "quality", words = { 1 = "single", 4 = "rtk_fixed" } }
//!
//! [[reading]]
//! kind = "truth"
//! fields.xy_m = ["x_true", "y_true"]
//! fields.yaw_rad = { column = "compass", unit = "deg", scale = -1, offset = 1.5707963267948966 }
//! ```
//! - **Fields** are the keys of the JSON Lines form, with their units and in their order (quaternions w first).
//! - **A column** is a name, an index from 0, or a table: `column`, or a constant `value`; for numbers
//!   `unit`, `scale`, `offset`: result = text × scale × unit + offset, the offset in the field's unit; for
//!   ids `prefix`; and `words`, which replaces texts first, texts that it lacks being missing values.
//! - **Time** has `unit` s, ms, us or ns, `offset_s`, and `plus_ns` for a second column that has the
//!   nanoseconds. Decimal times are taken exactly.
//! - **Missing** are empty cells and nan, null, none, na, n/a in any case. A row that lacks a required
//!   field or the time of a reading has no such reading; that is no damage.
//! - **Damage** are rows shorter than the columns used, and cells that are no number where one is due.

mod cell;
mod map;
mod plan;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use ::csv::{ByteRecord, Reader, ReaderBuilder, Trim};
use wayfix_sensors::Name;

use super::Recording;
use crate::log::{Damage, LogError, Record};
pub use map::{ColumnMap, MapError};
use plan::Plan;

type Input = BufReader<Box<dyn Read>>;

/// A file being read.
pub struct CsvFile {
    reader: Reader<Input>,
    row: ByteRecord,
    plans: Vec<Plan>,
    /// The next of `plans` for the present row.
    next_plan: usize,
    /// Columns that rows must have.
    width: usize,
    missing: Vec<String>,
    joins_spaces: bool,
    ended: bool,
    skipped_bytes: u64,
    total: u64,
    damage: Damage,
}

impl CsvFile {
    /// Opens a file; `source` names readings for which the map has no name.
    ///
    /// # Errors
    /// [`LogError::Open`], [`LogError::Read`]; [`LogError::Map`] where the map doesn't fit the file.
    pub fn open(
        path: impl AsRef<Path>,
        map: &ColumnMap,
        source: Option<Name>,
    ) -> Result<Self, LogError> {
        let path = path.as_ref();
        let failed = |source| LogError::Open {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let total = file.metadata().map_err(failed)?.len();
        Self::new(file, total, map, source)
    }

    /// Reads from anything that has `total` bytes.
    ///
    /// # Errors
    /// [`LogError::Read`]; [`LogError::Map`] where the map doesn't fit the file.
    pub fn new(
        input: impl Read + 'static,
        total: u64,
        map: &ColumnMap,
        source: Option<Name>,
    ) -> Result<Self, LogError> {
        let mut input: Input = BufReader::with_capacity(64 << 10, Box::new(input));
        let mut skipped = Vec::new();
        for _ in 0..map.file.skip_lines {
            input
                .read_until(b'\n', &mut skipped)
                .map_err(LogError::Read)?;
        }
        let mut reader = ReaderBuilder::new()
            .delimiter(map.file.delimiter()?)
            .comment(map.file.comment()?)
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .from_reader(input);
        let joins_spaces = map.file.delimiter == " ";
        let mut row = ByteRecord::new();
        let header = if map.file.header {
            read_row(&mut reader, &mut row, joins_spaces)?;
            let names = row.iter().map(|cell| {
                String::from_utf8_lossy(cell)
                    .trim_start_matches('\u{feff}')
                    .to_owned()
            });
            Some(names.collect::<Vec<_>>())
        } else {
            None
        };
        let (plans, width) = plan::compile(map, header.as_deref(), source)?;
        Ok(Self {
            reader,
            row,
            next_plan: plans.len(),
            plans,
            width,
            missing: map.file.missing.clone(),
            joins_spaces,
            ended: false,
            skipped_bytes: skipped.len() as u64,
            total,
            damage: Damage::default(),
        })
    }

    fn read(&mut self) -> Result<Option<Record>, LogError> {
        loop {
            while let Some(plan) = self.plans.get_mut(self.next_plan) {
                self.next_plan += 1;
                match plan.read(&self.row, &self.missing) {
                    Ok(Some(record)) => return Ok(Some(record)),
                    Ok(None) => {}
                    Err(e) => {
                        let line = self.row.position().map_or(0, ::csv::Position::line);
                        self.damage.add(|| format!("row {line}: {e}"));
                    }
                }
            }
            if self.ended || !read_row(&mut self.reader, &mut self.row, self.joins_spaces)? {
                self.ended = true;
                return Ok(None);
            }
            if self.row.len() < self.width {
                let (line, count) = (
                    self.row.position().map_or(0, ::csv::Position::line),
                    self.row.len(),
                );
                self.damage
                    .add(|| format!("row {line}: {count} columns where {} are used", self.width));
            } else {
                self.next_plan = 0;
            }
        }
    }
}

fn read_row(
    reader: &mut Reader<Input>,
    row: &mut ByteRecord,
    joins_spaces: bool,
) -> Result<bool, LogError> {
    let found = reader
        .read_byte_record(row)
        .map_err(|e| LogError::Read(e.into()))?;
    if joins_spaces && row.iter().any(<[u8]>::is_empty) {
        let mut joined: ByteRecord = row.iter().filter(|cell| !cell.is_empty()).collect();
        joined.set_position(row.position().cloned());
        *row = joined;
    }
    Ok(found)
}

impl Iterator for CsvFile {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.read();
        self.ended |= result.is_err();
        result.transpose()
    }
}

impl Recording for CsvFile {
    fn progress(&self) -> (u64, u64) {
        (
            self.skipped_bytes + self.reader.position().byte(),
            self.total,
        )
    }

    fn damage(&self) -> &Damage {
        &self.damage
    }
}

#[cfg(test)]
mod tests;
