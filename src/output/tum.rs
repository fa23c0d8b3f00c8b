//! `estimate.tum` and `truth.tum`, and `smoothed.tum` beside them: trajectories as the evo tool reads them, a line
//! `t_s x_m y_m z_m qx qy qz qw` each.
//!
//! Where there is truth, both files have the same stamps, row by row: those of truth that states a
//! position and found an estimate. What truth does not state is made equal, so that it adds no
//! error: height 0 in both where truth has none; heading alone where truth has no attitude, the
//! identity where it has no heading either.
//!
//! `evo_ape tum truth.tum estimate.tum` then prints the RMSE of the summary.

use std::path::{Path, PathBuf};

use nalgebra::{UnitQuaternion, Vector3};
use wayfix_filter::Timestamp;

use super::lines::{Lines, OutputError};
use super::number::{fixed, seconds};
use crate::engine::Estimate;
use crate::evaluate::Comparison;
use crate::replay::Sink;

/// Writes the estimate at its own times until truth is met, then begins anew at those of truth.
#[derive(Debug)]
pub struct Tum {
    directory: PathBuf,
    /// Truth is written too, and not by another one.
    writes_truth: bool,
    is_compared: bool,
    estimate: Lines,
    truth: Option<Lines>,
    failed: Option<OutputError>,
}

impl Tum {
    /// Creates `estimate.tum`; `truth.tum` comes with the first truth.
    ///
    /// # Errors
    /// It can't be created.
    pub fn create(directory: &Path) -> Result<Self, OutputError> {
        // One of an earlier run must not stand beside an estimate that it does not belong to.
        let path = directory.join("truth.tum");
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(OutputError { path, source });
            }
            _ => {}
        }
        Self::new(directory, "estimate.tum", true)
    }

    /// Creates `smoothed.tum`, which has the stamps of `truth.tum` where there is that.
    ///
    /// # Errors
    /// It can't be created.
    pub fn smoothed(directory: &Path) -> Result<Self, OutputError> {
        Self::new(directory, "smoothed.tum", false)
    }

    fn new(directory: &Path, name: &str, writes_truth: bool) -> Result<Self, OutputError> {
        Ok(Self {
            directory: directory.to_owned(),
            writes_truth,
            is_compared: false,
            estimate: Lines::create(&directory.join(name), "")?,
            truth: None,
            failed: None,
        })
    }

    /// Completes the files.
    ///
    /// # Errors
    /// The first failure.
    pub fn finish(self) -> Result<(), OutputError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.estimate.finish()?;
        self.truth.map_or(Ok(()), Lines::finish)
    }

    /// From here on the stamps are those of the truth.
    fn begin_anew(&mut self) -> Result<(), OutputError> {
        self.estimate.begin_anew();
        let path = self.directory.join("truth.tum");
        let truth = self.writes_truth.then(|| Lines::create(&path, ""));
        self.truth = truth.transpose()?;
        Ok(())
    }
}

impl Sink for Tum {
    fn estimate(&mut self, e: &Estimate) {
        if !self.is_compared {
            self.estimate.write(|line| pose(line, e.t, &e.p_n, &e.q_nb));
        }
    }

    fn comparison(&mut self, c: &Comparison) {
        let Some([x, y]) = c.truth.state.xy_m else {
            return;
        };
        if !self.is_compared {
            self.is_compared = true;
            if let Err(error) = self.begin_anew() {
                self.failed = Some(error);
            }
        }
        if self.failed.is_some() {
            return;
        }
        let state = &c.truth.state;
        let mut p_n = c.estimate.p_n;
        let mut q_nb = c.estimate.q_nb;
        let q_true = state.q_nb().unwrap_or_else(|| {
            let heading = |yaw_rad| UnitQuaternion::from_euler_angles(0.0, 0.0, yaw_rad);
            let identity = UnitQuaternion::identity;
            q_nb = (state.yaw_rad).map_or_else(identity, |_| heading(c.estimate.yaw_rad()));
            state.yaw_rad.map_or_else(identity, heading)
        });
        if state.z_m.is_none() {
            p_n.z = 0.0;
        }
        let p_true = Vector3::new(x, y, state.z_m.unwrap_or(0.0));
        if let Some(truth) = &mut self.truth {
            truth.write(|line| pose(line, c.truth.t, &p_true, &q_true));
        }
        self.estimate
            .write(|line| pose(line, c.truth.t, &p_n, &q_nb));
    }
}

fn pose(line: &mut String, t: Timestamp, p: &Vector3<f64>, q: &UnitQuaternion<f64>) {
    seconds(line, t.0);
    for value in [p.x, p.y, p.z] {
        line.push(' ');
        fixed(line, value, 6);
    }
    for value in [q.i, q.j, q.k, q.w] {
        line.push(' ');
        fixed(line, value, 9);
    }
}
