//! Satellite positions that are wrong and do not say so.

use nalgebra::Vector2;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{GnssFix, GnssPosition};

use super::Span;
use crate::config::site::Datum;
use crate::sim::Simulation;
use crate::sim::noise::{GaussMarkov, Rng};

/// Positions that are all off by the same: a spike, or a receiver that has settled on a wrong place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WildFix {
    /// The receiver.
    pub source: &'static str,
    /// When.
    pub span: Span,
    /// By how much, east and north \[m\].
    pub off_m: [f64; 2],
    /// What it states as its horizontal sigma \[m\].
    pub sigma_m: f64,
}

/// Reflections: an error that wanders (first-order Gauss-Markov) around a mean one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Multipath {
    /// The receiver.
    pub source: &'static str,
    /// When.
    pub span: Span,
    /// Mean error, east and north \[m\]: the reflecting wall is on one side.
    pub mean_m: [f64; 2],
    /// Sigma of the error about it, each component \[m\].
    pub wander_m: f64,
    /// Its correlation time \[s\].
    pub time_s: f64,
    /// What it states as its horizontal sigma \[m\].
    pub sigma_m: f64,
}

/// Metres of a degree of latitude, and of longitude at the equator (to half a per cent).
const LATITUDE_M: f64 = 111_200.0;
const LONGITUDE_M: f64 = 111_320.0;

/// Moves a position and makes it sure of itself.
fn displace(fix: &mut GnssPosition, off_m: Vector2<f64>, sigma_m: f64) {
    fix.lat_deg += off_m.y / LATITUDE_M;
    fix.lon_deg += off_m.x / (LONGITUDE_M * fix.lat_deg.to_radians().cos());
    fix.fix = GnssFix::RtkFixed;
    fix.sigma_enu_m = Some([sigma_m, sigma_m, 1.5 * sigma_m]);
}

impl WildFix {
    pub(super) fn apply(&self, run: &mut Simulation) {
        for received in run.within(self.source, self.span) {
            if let Reading::GnssPosition(fix) = &mut received.sample.reading {
                displace(fix, Vector2::from(self.off_m), self.sigma_m);
            }
        }
    }
}

impl Multipath {
    pub(super) fn apply(&self, run: &mut Simulation, rng: &mut Rng) {
        let mut wander = [GaussMarkov::new(self.wander_m, self.time_s); 2];
        for received in run.within(self.source, self.span) {
            let t_s = received.sample.t.seconds();
            if let Reading::GnssPosition(fix) = &mut received.sample.reading {
                let error = wander.each_mut().map(|w| w.at(t_s, rng));
                let off_m = Vector2::from(self.mean_m) + Vector2::from(error);
                displace(fix, off_m, self.sigma_m);
            }
        }
    }
}

/// The origin moved east and north \[m\].
pub(super) fn moved(datum: Datum, by_m: [f64; 2]) -> Datum {
    Datum {
        lat_deg: datum.lat_deg + by_m[1] / LATITUDE_M,
        lon_deg: datum.lon_deg + by_m[0] / (LONGITUDE_M * datum.lat_deg.to_radians().cos()),
        ..datum
    }
}
