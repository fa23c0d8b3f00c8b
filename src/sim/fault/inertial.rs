//! An inertial unit that hangs, or is shaken beyond its range.

use wayfix_sensors::Reading;

use super::Span;
use crate::config::Source;
use crate::sim::Simulation;
use crate::sim::noise::{Rng, chance, uniform};

/// What happens to the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InertialTrouble {
    /// Repeats its last output.
    Freezes,
    /// Every other sample has an axis of both sensors at the end of its range.
    Saturates,
}

/// An inertial unit in trouble.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inertial {
    /// The unit.
    pub source: &'static str,
    /// When.
    pub span: Span,
    /// What happens.
    pub trouble: InertialTrouble,
}

impl Inertial {
    pub(super) fn apply(&self, run: &mut Simulation, rng: &mut Rng) {
        match self.trouble {
            InertialTrouble::Freezes => self.freeze(run),
            InertialTrouble::Saturates => self.saturate(run, rng),
        }
    }

    fn freeze(&self, run: &mut Simulation) {
        let mut last = None;
        for received in run.within(self.source, Span::ALL) {
            if !self.span.contains(received.sample.t.seconds()) {
                last = Some(received.sample.reading);
            } else if let Some(reading) = last {
                received.sample.reading = reading;
            }
        }
    }

    fn saturate(&self, run: &mut Simulation, rng: &mut Rng) {
        let Some(Source::Imu(config)) = run.vehicle.sources.get(self.source) else {
            return;
        };
        let limits = [config.gyro_limit_radps, config.accel_limit_mps2];
        for received in run.within(self.source, self.span) {
            if let Reading::Imu(imu) = &mut received.sample.reading
                && chance(rng, 0.5)
            {
                let axis = (uniform(rng, 0.0, 3.0) as usize).min(2);
                let sign = if chance(rng, 0.5) { 1.0 } else { -1.0 };
                imu.gyro_radps[axis] = sign * limits[0];
                if let Some(accel) = &mut imu.accel_mps2 {
                    accel[axis] = sign * limits[1];
                }
            }
        }
    }
}
