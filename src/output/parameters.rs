//! `parameters.csv`: what is learned, once a second and at the end: `t_ns,parameter,value,sigma`.
//! A parameter's name ends in its unit, or has none: `wheels.wheel_scale`, `uwb.range_bias_m[A1]`.

use std::fmt::Write;
use std::path::Path;

use wayfix_filter::Timestamp;

use super::lines::{Lines, OutputError};
use super::number::integer;
use crate::engine::Learned;
use crate::replay::Sink;

/// Writes one line a parameter and second.
#[derive(Debug)]
pub struct Parameters(Lines);

impl Parameters {
    /// Creates the file.
    ///
    /// # Errors
    /// It can't be created.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        Lines::create(path, "t_ns,parameter,value,sigma").map(Self)
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The first failure.
    pub fn finish(self) -> Result<(), OutputError> {
        self.0.finish()
    }
}

impl Sink for Parameters {
    fn parameters(&mut self, t: Timestamp, parameters: &[Learned]) {
        for Learned { name, value, sigma } in parameters {
            self.0.write(|line| {
                integer(line, t.0);
                line.push(',');
                if name.contains(['"', ',', '\n']) {
                    let _ = write!(line, "\"{}\"", name.replace('"', "\"\""));
                } else {
                    line.push_str(name);
                }
                let _ = write!(line, ",{value:e},{sigma:e}");
            });
        }
    }
}
