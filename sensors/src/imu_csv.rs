//! A generic inertial sensor that prints numbers in columns, one sample a line.
//!
//! ```text
//! 123456,0.12,-0.03,9.79,0.1,0.0,-0.2
//! ```
//! The setup says what the columns are, and their units:
//!
//! ```toml
//! columns = ["t", "ax", "ay", "az", "gx", "gy", "gz"]   # also "mx" "my" "mz", "p", and "-" for others
//! time_unit_s = 1e-6      # of column t
//! time_bits = 32          # of its counter; 0: endless
//! gyro_unit = "deg_per_s" # or "rad_per_s"
//! accel_unit = "m_per_s2" # or "g", "mg"
//! field_unit = "microtesla" # or "tesla", "gauss", "milligauss"
//! separator = ","         # " " stands for any blanks
//! ```
//! Lines that begin with `#`, and one heading at the start, are ignored.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::axes::Axes;
use crate::counter::Unrolled;
use crate::decoder::DecodeError;
use crate::lined::{LineProtocol, Lined, field::number};
use crate::out::Out;
use crate::sample::{Imu, MagneticField, Name, Pressure, Reading};
use crate::time::DeviceTime;

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Column {
    /// Device time, in units of [`Options::time_unit_s`].
    T,
    /// Angular rate about x.
    Gx,
    /// Angular rate about y.
    Gy,
    /// Angular rate about z.
    Gz,
    /// Specific force along x.
    Ax,
    /// Specific force along y.
    Ay,
    /// Specific force along z.
    Az,
    /// Field along x.
    Mx,
    /// Field along y.
    My,
    /// Field along z.
    Mz,
    /// Pressure [Pa].
    P,
    /// Something else.
    #[serde(rename = "-")]
    Other,
}

/// Unit of the angular rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum GyroUnit {
    RadPerS,
    DegPerS,
}

/// Unit of the specific force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AccelUnit {
    #[serde(rename = "m_per_s2")]
    MPerS2,
    #[serde(rename = "g")]
    G,
    #[serde(rename = "mg")]
    Mg,
}

/// Unit of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum FieldUnit {
    Tesla,
    MicroTesla,
    Gauss,
    MilliGauss,
}

/// Options of [`ImuCsv`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The columns in their order.
    pub columns: Vec<Column>,
    /// Unit of the time [s].
    #[serde(default = "one")]
    pub time_unit_s: f64,
    /// Width of the time's counter; 0: endless.
    #[serde(default)]
    pub time_bits: u32,
    /// What a sample's time is.
    #[serde(default)]
    pub time: DeviceTime,
    /// Unit of the rate.
    #[serde(default = "rad_per_s")]
    pub gyro_unit: GyroUnit,
    /// Unit of the force.
    #[serde(default = "m_per_s2")]
    pub accel_unit: AccelUnit,
    /// Unit of the field.
    #[serde(default = "microtesla")]
    pub field_unit: FieldUnit,
    /// What stands between columns; a blank for any number of blanks.
    #[serde(default = "comma")]
    pub separator: char,
    /// How the device's axes lie.
    #[serde(default)]
    pub axes: Axes,
}

const fn one() -> f64 {
    1.0
}
const fn rad_per_s() -> GyroUnit {
    GyroUnit::RadPerS
}
const fn m_per_s2() -> AccelUnit {
    AccelUnit::MPerS2
}
const fn microtesla() -> FieldUnit {
    FieldUnit::MicroTesla
}
const fn comma() -> char {
    ','
}

/// The protocol; its decoder is `Lined<ImuCsv>`.
#[derive(Clone, Debug)]
pub struct ImuCsv {
    options: Options,
    has: [bool; 4],
    clock: Unrolled,
    begun: bool,
}

const RATE: usize = 0;
const FORCE: usize = 1;
const FIELD: usize = 2;
const PRESSURE: usize = 3;

/// A decoder whose samples have the name `source`.
///
/// ```
/// use wayfix_sensors::{Decoder, Name, Timestamp, imu_csv};
/// let options: imu_csv::Options = serde_json::from_str(r#"{"columns": ["gx", "gy", "gz"]}"#).unwrap();
/// let mut decoder = imu_csv::decoder(Name::from("imu").unwrap(), options).unwrap();
/// decoder.push(b"0.01,-0.02,0.5\n", Timestamp(0), &mut |_| ());
/// assert_eq!(decoder.counters().samples, 1);
/// ```
///
/// # Errors
/// The columns make no reading, or one of them twice.
pub fn decoder(source: Name, options: Options) -> Result<Lined<ImuCsv>, String> {
    use Column::*;
    let count = |column: Column| options.columns.iter().filter(|c| **c == column).count();
    for column in [T, Gx, Gy, Gz, Ax, Ay, Az, Mx, My, Mz, P] {
        if count(column) > 1 {
            return Err(format!("columns: {column:?} stands there twice"));
        }
    }
    let all = |columns: &[Column]| match columns.iter().map(|c| count(*c)).sum::<usize>() {
        0 => Ok(false),
        n if n == columns.len() => Ok(true),
        _ => Err(format!("columns: of {columns:?} some are missing")),
    };
    let has = [
        all(&[Gx, Gy, Gz])?,
        all(&[Ax, Ay, Az])?,
        all(&[Mx, My, Mz])?,
        all(&[P])?,
    ];
    if has[FORCE] && !has[RATE] {
        return Err("columns: a force without a rate".into());
    }
    if !has.contains(&true) {
        return Err("columns: none that the engine could use".into());
    }
    if options.time == DeviceTime::Device && count(T) == 0 {
        return Err("columns: the device's time is asked for, and there is no \"t\"".into());
    }
    if !(options.time_unit_s > 0.0 && options.time_unit_s <= 86_400.0) || options.time_bits > 62 {
        return Err("time_unit_s: a time above 0; time_bits: 0 to 62".into());
    }
    let clock = Unrolled::new(options.time_bits);
    let protocol = ImuCsv {
        options,
        has,
        clock,
        begun: false,
    };
    Ok(Lined::new(source, protocol))
}

impl LineProtocol for ImuCsv {
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let begun = core::mem::replace(&mut self.begun, true);
        let heading = !begun && line.starts_with(|c: char| c.is_alphabetic() || c == '"');
        if line.starts_with('#') || heading {
            out.ignore();
            return Ok(());
        }
        let row = match self.options.separator {
            ' ' => self.row(line.split_ascii_whitespace())?,
            separator => self.row(line.split(separator))?,
        };
        let t = match row.time {
            // A counter is whole; what has a fraction does not roll over.
            Some(time) if self.options.time_bits > 0 => {
                let ticks = self.clock.at(time as i64) as f64;
                let device = Timestamp::from_seconds(ticks * self.options.time_unit_s);
                self.options.time.pick(t_rx, device.0)
            }
            Some(time) => {
                let device = Timestamp::from_seconds(time * self.options.time_unit_s);
                self.options.time.pick(t_rx, device.0)
            }
            None => t_rx,
        };
        let turned = |scale: f64, v: [f64; 3]| self.options.axes.turned(v.map(|v| v * scale));
        if self.has[RATE] {
            let scale = match self.options.gyro_unit {
                GyroUnit::RadPerS => 1.0,
                GyroUnit::DegPerS => core::f64::consts::PI / 180.0,
            };
            let force = match self.options.accel_unit {
                AccelUnit::MPerS2 => 1.0,
                AccelUnit::G => 9.806_65,
                AccelUnit::Mg => 9.806_65e-3,
            };
            let imu = Imu {
                gyro_radps: turned(scale, row.rate),
                accel_mps2: self.has[FORCE].then(|| turned(force, row.force)),
            };
            out.give(t, Reading::Imu(imu));
        }
        if self.has[FIELD] {
            let scale = match self.options.field_unit {
                FieldUnit::Tesla => 1.0,
                FieldUnit::MicroTesla => 1e-6,
                FieldUnit::Gauss => 1e-4,
                FieldUnit::MilliGauss => 1e-7,
            };
            let field_tesla = turned(scale, row.field);
            out.give(t, Reading::MagneticField(MagneticField { field_tesla }));
        }
        if self.has[PRESSURE] {
            let pressure_pa = row.pressure_pa;
            out.give(t, Reading::Pressure(Pressure { pressure_pa }));
        }
        Ok(())
    }
}

#[derive(Default)]
struct Row {
    time: Option<f64>,
    rate: [f64; 3],
    force: [f64; 3],
    field: [f64; 3],
    pressure_pa: f64,
}

impl ImuCsv {
    fn row<'a>(&self, mut words: impl Iterator<Item = &'a str>) -> Result<Row, DecodeError> {
        let mut row = Row::default();
        for (index, column) in self.options.columns.iter().enumerate() {
            let word = words.next().ok_or_else(|| {
                DecodeError::Content(format!(
                    "{index} columns where {} are stated",
                    self.options.columns.len()
                ))
            })?;
            let place = match column {
                Column::T => row.time.insert(0.0),
                Column::Gx => &mut row.rate[0],
                Column::Gy => &mut row.rate[1],
                Column::Gz => &mut row.rate[2],
                Column::Ax => &mut row.force[0],
                Column::Ay => &mut row.force[1],
                Column::Az => &mut row.force[2],
                Column::Mx => &mut row.field[0],
                Column::My => &mut row.field[1],
                Column::Mz => &mut row.field[2],
                Column::P => &mut row.pressure_pa,
                Column::Other => continue,
            };
            *place = number(word, "column")?;
        }
        match words.next() {
            None => Ok(row),
            Some(_) => Err(DecodeError::Content("more columns than stated".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::{Decoder, assert_splits};

    fn options(json: &str) -> Options {
        serde_json::from_str(json).unwrap()
    }

    fn run(options: &Options, text: &str) -> Vec<crate::Sample> {
        let make = || decoder(Name::from("imu").unwrap(), options.clone()).unwrap();
        assert_splits(make, text.as_bytes())
    }

    #[test]
    fn columns_and_units() {
        let all = options(
            r#"{"columns": ["t","ax","ay","az","gx","gy","gz","-","mx","my","mz","p"], "time_unit_s": 1e-6,
                "time_bits": 32, "time": "device", "gyro_unit": "deg_per_s", "accel_unit": "g",
                "field_unit": "milligauss", "axes": "x,-y,-z"}"#,
        );
        let text = "time,ax,ay,az,gx,gy,gz,temp,mx,my,mz,p\n4294967295,0,0.5,-1,180,0,0,25.1,200,0,-450,101325\r\n\
            999,0,0.5,-1,180,0,0,,200,0,-450,101325\n";
        let samples = run(&all, text);
        assert_eq!(samples.len(), 6);
        assert_eq!(samples[3].t.0 - samples[0].t.0, 1_000_000);
        let Reading::Imu(imu) = samples[0].reading else {
            panic!()
        };
        assert_eq!(imu.gyro_radps, [core::f64::consts::PI, -0.0, -0.0]);
        assert_eq!(imu.accel_mps2, Some([0.0, -0.5 * 9.80665, 9.80665]));
        let Reading::MagneticField(field) = samples[1].reading else {
            panic!()
        };
        assert!((field.field_tesla[2] - 45e-6).abs() < 1e-15);

        let blanks = options(r#"{"columns": ["gx","gy","gz"], "separator": " "}"#);
        let samples = run(&blanks, "# rate\n  1.5\t0   -2\n");
        assert!(matches!(
            samples[0].reading,
            Reading::Imu(Imu {
                gyro_radps: [1.5, 0.0, -2.0],
                accel_mps2: None
            })
        ));
    }

    #[test]
    fn broken_lines_are_counted() {
        let rates = options(r#"{"columns": ["gx","gy","gz"]}"#);
        for (text, samples, malformed) in [
            ("1,2,3\nnoise\n1,2,3\n", 2, 1),
            ("1,2\n1,2,3,4\n1,2,x\n1,2,nan\n", 0, 4),
            ("gx,gy,gz\ngx,gy,gz\n", 0, 1),
        ] {
            let mut decoder = decoder(Name::from("imu").unwrap(), rates.clone()).unwrap();
            decoder.push(text.as_bytes(), Timestamp(0), &mut |_| ());
            let got = decoder.counters();
            assert_eq!((got.samples, got.malformed), (samples, malformed), "{text}");
            run(&rates, text);
        }
    }

    #[test]
    fn columns_that_make_no_reading_are_refused() {
        for (json, why) in [
            (r#"{"columns": []}"#, "none"),
            (r#"{"columns": ["gx","gy"]}"#, "missing"),
            (r#"{"columns": ["gx","gy","gz","gx"]}"#, "twice"),
            (r#"{"columns": ["ax","ay","az"]}"#, "force"),
            (r#"{"columns": ["p"], "time": "device"}"#, "time"),
            (r#"{"columns": ["p"], "time_unit_s": 0}"#, "time_unit_s"),
        ] {
            let error = decoder(Name::from("imu").unwrap(), options(json)).unwrap_err();
            assert!(error.contains(why), "{json}: {error}");
        }
        assert!(serde_json::from_str::<Options>(r#"{"columns": ["q"]}"#).is_err());
    }
}
