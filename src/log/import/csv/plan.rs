//! A column map joined with a file's header: what to do with a row.

use csv::ByteRecord;
use serde::de::DeserializeSeed;
use serde_json::Value;
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Sample};

use super::cell::{From, Leaf, Row, decimal, unit_factor};
use super::map::{Cell, Cells, Column, ColumnMap, MapError, ReadingMap, Time, TimeUnit};
use crate::log::schema::{Field, Payload, Shape, fields};
use crate::log::{Record, Truth};

/// One reading of every row.
pub(super) struct Plan {
    payload: Payload,
    source: Name,
    time: TimePlan,
    when: Option<(usize, String)>,
    fields: Vec<(Field, Tree)>,
}

struct TimePlan {
    column: usize,
    /// Decimal places from the unit to nanoseconds.
    places: usize,
    plus_ns: Option<usize>,
    offset_ns: i64,
}

enum Tree {
    Leaf(Leaf),
    Many(Vec<Tree>),
}

/// The plans, and how many columns a row must have for them.
pub(super) fn compile(
    map: &ColumnMap,
    header: Option<&[String]>,
    source: Option<Name>,
) -> Result<(Vec<Plan>, usize), MapError> {
    let mut compiler = Compiler { header, width: 0 };
    let plans: Result<_, _> = map
        .readings
        .iter()
        .map(|reading| compiler.plan(map, reading, source))
        .collect();
    Ok((plans?, compiler.width))
}

struct Compiler<'a> {
    header: Option<&'a [String]>,
    width: usize,
}

impl Compiler<'_> {
    fn plan(
        &mut self,
        map: &ColumnMap,
        reading: &ReadingMap,
        source: Option<Name>,
    ) -> Result<Plan, MapError> {
        let kind = &reading.kind;
        let fail = |what: String| MapError(format!("reading {kind:?}: {what}"));
        let payload =
            Payload::from_name(kind).ok_or_else(|| fail("no such kind of reading".into()))?;
        let known = fields(payload);
        let mut plans = Vec::new();
        for (name, cells) in &reading.fields {
            let field = known
                .iter()
                .find(|field| field.name == name)
                .ok_or_else(|| {
                    let names: Vec<_> = known.iter().map(|field| field.name).collect();
                    fail(format!(
                        "unknown field {name:?}; it has {}",
                        names.join(", ")
                    ))
                })?;
            check_shape(field, cells).map_err(&fail)?;
            plans.push((*field, self.tree(name, cells).map_err(&fail)?));
        }
        if let Some(field) = known
            .iter()
            .find(|f| f.required && !reading.fields.contains_key(f.name))
        {
            return Err(fail(format!("missing field {:?}", field.name)));
        }
        let time = reading
            .time
            .as_ref()
            .or(map.time.as_ref())
            .ok_or_else(|| fail("missing time".into()))?;
        let time = self.time(time).map_err(&fail)?;
        let when = match &reading.when {
            Some(when) => Some((
                self.column(&when.column).map_err(&fail)?,
                when.equals.to_string(),
            )),
            None => None,
        };
        let source = match (reading.source.as_ref().or(map.source.as_ref()), source) {
            (Some(name), _) => Name::from(name)
                .map_err(|_| fail(format!("source {name:?} has more than 48 bytes")))?,
            (None, Some(source)) => source,
            (None, None) if payload == Payload::Truth => Name::new(),
            (None, None) => return Err(fail("missing source".into())),
        };
        Ok(Plan {
            payload,
            source,
            time,
            when,
            fields: plans,
        })
    }

    fn column(&mut self, column: &Column) -> Result<usize, String> {
        let index = match (column, self.header) {
            (Column::Index(index), _) => *index,
            (Column::Name(name), Some(header)) => {
                header.iter().position(|h| h == name).ok_or_else(|| {
                    format!(
                        "the file has no column {name:?}; it has {}",
                        header.join(", ")
                    )
                })?
            }
            (Column::Name(name), None) => {
                return Err(format!("column {name:?} by name in a file without header"));
            }
        };
        self.width = self.width.max(index + 1);
        Ok(index)
    }

    fn time(&mut self, time: &Time) -> Result<TimePlan, String> {
        let places = match time.unit {
            TimeUnit::S => 9,
            TimeUnit::Ms => 6,
            TimeUnit::Us => 3,
            TimeUnit::Ns => 0,
        };
        let plus_ns = time
            .plus_ns
            .as_ref()
            .map(|column| self.column(column))
            .transpose()?;
        let offset_ns = Timestamp::from_seconds(time.offset_s).0;
        Ok(TimePlan {
            column: self.column(&time.column)?,
            places,
            plus_ns,
            offset_ns,
        })
    }

    fn tree(&mut self, field: &str, cells: &Cells) -> Result<Tree, String> {
        match cells {
            Cells::One(cell) => self.leaf(field, cell).map(Tree::Leaf),
            Cells::Many(cells) => cells
                .iter()
                .map(|cells| self.tree(field, cells))
                .collect::<Result<_, _>>()
                .map(Tree::Many),
        }
    }

    fn leaf(&mut self, field: &str, cell: &Cell) -> Result<Leaf, String> {
        let from = match (&cell.column, &cell.value) {
            (Some(column), None) => From::Column(self.column(column)?),
            (None, Some(value)) => From::Constant(value.to_string()),
            _ => return Err(format!("{field} needs either `column` or `value`")),
        };
        let unit = match cell.unit.as_deref() {
            None => 1.0,
            Some(unit) if field.ends_with("_deg") => {
                return Err(format!(
                    "{field} is in degrees already; use `scale` instead of unit {unit:?}"
                ));
            }
            Some(unit) => {
                unit_factor(unit).ok_or_else(|| format!("{field}: unknown unit {unit:?}"))?
            }
        };
        let prefix = cell.prefix.clone().unwrap_or_default();
        Ok(Leaf {
            from,
            factor: cell.scale * unit,
            offset: cell.offset,
            prefix,
            words: cell.words.clone(),
        })
    }
}

/// Arrays as long as the field's.
fn check_shape(field: &Field, cells: &Cells) -> Result<(), String> {
    let fits = match (field.shape, cells) {
        (Shape::Vector(n), Cells::Many(cells)) => cells.len() == n,
        (Shape::Wheels | Shape::WheelCounts, Cells::Many(cells)) => (1..=4).contains(&cells.len()),
        (Shape::Points(n), Cells::Many(points)) => {
            points.len() == n
                && points
                    .iter()
                    .all(|p| matches!(p, Cells::Many(xy) if xy.len() == 2))
        }
        (shape, cells) => {
            let is_array = matches!(
                shape,
                Shape::Vector(_) | Shape::Wheels | Shape::WheelCounts | Shape::Points(_)
            );
            is_array == matches!(cells, Cells::Many(_))
        }
    };
    fits.then_some(())
        .ok_or_else(|| format!("{} is {:?}; its columns are not", field.name, field.shape))
}

impl Plan {
    /// The row's reading; `None` where it has none.
    pub fn read(&mut self, row: &ByteRecord, missing: &[String]) -> Result<Option<Record>, String> {
        let cells = Row { row, missing };
        if let Some((column, equals)) = &self.when
            && cells.text(*column)? != Some(equals)
        {
            return Ok(None);
        }
        let Some(t) = self.time.read(&cells)? else {
            return Ok(None);
        };
        let mut object = serde_json::Map::new();
        for (field, tree) in &self.fields {
            match tree
                .read(field.shape, &cells)
                .map_err(|e| format!("{}: {e}", field.name))?
            {
                Some(value) => drop(object.insert(field.name.to_owned(), value)),
                None if field.required => return Ok(None),
                None => {}
            }
        }
        if object.is_empty() {
            return Ok(None);
        }
        let value = Value::Object(object);
        let record = match self.payload {
            Payload::Truth => {
                serde_json::from_value(value).map(|state| Record::Truth(Truth { t, state }))
            }
            Payload::Reading(kind) => {
                let source = self.source;
                kind.deserialize(value)
                    .map(|reading| Record::Sample(Sample { t, source, reading }))
            }
        };
        record
            .map(Some)
            .map_err(|e| format!("{}: {e}", self.payload.name()))
    }
}

impl Tree {
    fn read(&self, shape: Shape, cells: &Row) -> Result<Option<Value>, String> {
        match self {
            Self::Leaf(leaf) => leaf.read(shape, cells),
            // One missing value leaves nothing of an array.
            Self::Many(trees) => trees.iter().map(|tree| tree.read(shape, cells)).collect(),
        }
    }
}

impl TimePlan {
    fn read(&self, cells: &Row) -> Result<Option<Timestamp>, String> {
        let ns = |column, places| match cells.text(column)? {
            None => Ok(None),
            Some(text) => decimal(text, places)
                .map(Some)
                .ok_or_else(|| format!("time: {text:?} is no time")),
        };
        let Some(mut t_ns) = ns(self.column, self.places)? else {
            return Ok(None);
        };
        if let Some(column) = self.plus_ns {
            let Some(plus_ns) = ns(column, 0)? else {
                return Ok(None);
            };
            t_ns = t_ns.saturating_add(plus_ns);
        }
        Ok(Some(Timestamp(t_ns.saturating_add(self.offset_ns))))
    }
}
