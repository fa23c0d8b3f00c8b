//! `estimate.csv`: the estimate over time.
//!
//! | column | is |
//! |---|---|
//! | `t_ns` | time [ns] |
//! | `mode` | `aligning`, `tracking`, `dead_reckoning`, `lost` |
//! | `x_m y_m z_m` | reference point in the site frame |
//! | `yaw_deg pitch_deg roll_deg` | attitude, Rz(yaw)·Ry(pitch)·Rx(roll) |
//! | `vx_mps vy_mps vz_mps` | velocity in the site frame |
//! | `sigma_x_m sigma_y_m sigma_z_m cov_xy_m2` | uncertainty of the position |
//! | `yaw_sigma_deg` | uncertainty of the heading |
//! | `hypotheses` | number still alive |
//! | `hpl_m vpl_m` | horizontal and vertical protection level |
//! | `health` | conditions in force, joined by a bar; empty where there are none |
//! | `smooth_x_m smooth_y_m smooth_z_m smooth_yaw_deg` | the same pose without steps |

use std::path::Path;

use super::lines::{Lines, OutputError};
use super::number::{fixed, integer};
use crate::engine::{Estimate, Mode};
use crate::replay::Sink;

const HEADER: &str = "t_ns,mode,x_m,y_m,z_m,yaw_deg,pitch_deg,roll_deg,vx_mps,vy_mps,vz_mps,\
                      sigma_x_m,sigma_y_m,sigma_z_m,cov_xy_m2,yaw_sigma_deg,hypotheses,\
                      hpl_m,vpl_m,health,smooth_x_m,smooth_y_m,smooth_z_m,smooth_yaw_deg";

/// Writes one line an estimate.
#[derive(Debug)]
pub struct EstimateCsv(Lines);

impl EstimateCsv {
    /// Creates the file.
    ///
    /// # Errors
    /// It can't be created.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        Lines::create(path, HEADER).map(Self)
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The first failure.
    pub fn finish(self) -> Result<(), OutputError> {
        self.0.finish()
    }
}

impl Sink for EstimateCsv {
    fn estimate(&mut self, e: &Estimate) {
        self.0.write(|line| {
            integer(line, e.t.0);
            line.push(',');
            line.push_str(mode_name(e.mode));
            let (roll, pitch, yaw) = e.q_nb.euler_angles();
            let p = &e.position_covariance;
            let sigma = |i: usize| p[(i, i)].max(0.0).sqrt();
            let values = [
                (e.p_n.x, 4),
                (e.p_n.y, 4),
                (e.p_n.z, 4),
                (yaw.to_degrees(), 4),
                (pitch.to_degrees(), 4),
                (roll.to_degrees(), 4),
                (e.v_n.x, 4),
                (e.v_n.y, 4),
                (e.v_n.z, 4),
                (sigma(0), 5),
                (sigma(1), 5),
                (sigma(2), 5),
                (p[(0, 1)], 9),
                (e.yaw_sigma_rad().to_degrees(), 4),
            ];
            for (value, decimals) in values {
                line.push(',');
                fixed(line, value, decimals);
            }
            line.push(',');
            integer(line, e.hypotheses as i64);
            for level_m in [e.protection.horizontal_m, e.protection.vertical_m] {
                line.push(',');
                fixed(line, level_m, 4);
            }
            line.push(',');
            for (i, condition) in e.health.conditions().enumerate() {
                if i > 0 {
                    line.push('|');
                }
                line.push_str(condition.name());
            }
            let smooth = [e.smooth.p_n.x, e.smooth.p_n.y, e.smooth.p_n.z];
            for value in smooth.into_iter().chain([e.smooth.yaw_rad().to_degrees()]) {
                line.push(',');
                fixed(line, value, 4);
            }
        });
    }
}

/// The mode as files spell it.
#[must_use]
pub fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Cold => "cold",
        Mode::Aligning => "aligning",
        Mode::Tracking => "tracking",
        Mode::DeadReckoning => "dead_reckoning",
        Mode::Lost => "lost",
        Mode::Smoothed => "smoothed",
    }
}
