//! The way of the vehicle through a log: as truth or a source tells it, or by odometry, which the
//! engine reckons, whatever drives and turns the vehicle.

use nalgebra::{UnitQuaternion, Vector3};
use thiserror::Error;
use wayfix_calibration::Pose2;
use wayfix_calibration::anchors::Fix;
use wayfix_calibration::drive::{self, Odometry, OdometrySigmas, Step, TrackPoint};
use wayfix_filter::{Timestamp, math};
use wayfix_sensors::Reading;

use super::{Heard, Track};
use crate::config::source::{GnssSource, Mount};
use crate::config::vehicle::Start;
use crate::config::{Site, Source, Vehicle};
use crate::engine::{Estimate, Past, SetupError};
use crate::log::Record;
use crate::replay::{Replay, Sink};

/// Rate of dead reckoning \[Hz\], and time between two poses that are sought \[s\].
const RATE_HZ: f64 = 20.0;
const KNOT_S: f64 = 1.0;
/// A course is taken over so long \[s\], where the vehicle moved so far \[m\].
const COURSE_S: f64 = 0.5;
const COURSE_M: f64 = 0.1;
/// Time between two fixes that count \[s\].
const FIX_S: f64 = 1.0;
/// Least way of the vehicle \[m\].
pub(super) const NEEDED_M: f64 = 3.0;

/// What to follow the vehicle by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// Truth where the log has it, else odometry.
    #[default]
    Best,
    /// A source of poses or positions.
    Source(String),
    /// Odometry, and what is measured along with it.
    Odometry,
}

/// A log that does not show where the vehicle went.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum NoWay {
    /// More than one.
    #[error("{logs} logs are {logs} drives: calibrate on one")]
    Several {
        /// How many.
        logs: usize,
    },
    /// Nothing to reckon with.
    #[error(
        "no way of the vehicle: record truth in the log or with --truth, name a source of poses or \
         positions with --track, or record the wheels (it has {has})"
    )]
    NoOdometry {
        /// What is there.
        has: String,
    },
    /// None of the wanted source.
    #[error("source.{name} gives no place of the vehicle (the log has {has})")]
    NoTrack {
        /// The source.
        name: String,
        /// What is there.
        has: String,
    },
    /// The vehicle stood.
    #[error(
        "the vehicle moved {moved_m:.1} m, at least {NEEDED_M:.0} m are needed: drive for some minutes, with \
         bends both ways"
    )]
    NotMoved {
        /// Its way \[m\].
        moved_m: f64,
    },
    /// The two files don't work together.
    #[error("the two files: {0}")]
    Setup(String),
}

impl From<SetupError> for NoWay {
    fn from(error: SetupError) -> Self {
        Self::Setup(error.to_string())
    }
}

/// A recorded drive, kept whole.
#[derive(Clone, Debug, Default)]
pub struct Drive {
    pub(super) records: Vec<Record>,
    pub(super) heard: Heard,
    logs: usize,
}

/// A replay for its estimates and innovations alone: the filters that guard the protection level change
/// neither, and cost most of the time.
pub(super) fn unwatched(
    site: &Site,
    vehicle: &Vehicle,
    rate_hz: f64,
) -> Result<Replay, SetupError> {
    let mut vehicle = vehicle.clone();
    vehicle.protection.separation = false;
    Replay::new(site, &vehicle, rate_hz)
}

impl Drive {
    /// Takes a record of a log.
    pub fn take(&mut self, log: usize, record: &Record) {
        self.logs = self.logs.max(log + 1);
        self.heard.take(record);
        self.records.push(*record);
    }

    /// Of records in the order of arrival.
    pub fn from_records<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut drive = Self::default();
        records.into_iter().for_each(|record| drive.take(0, record));
        drive
    }

    /// Time of the first record; the zero of the calibration's seconds.
    pub(super) fn begin(&self) -> Timestamp {
        let t = |record: &Record| match record {
            Record::Sample(sample) => sample.t,
            Record::Truth(truth) => truth.t,
        };
        self.records.iter().map(t).min().unwrap_or_default()
    }

    /// One log only.
    pub(super) fn single(&self) -> Result<(), NoWay> {
        match self.logs {
            0 | 1 => Ok(()),
            logs => Err(NoWay::Several { logs }),
        }
    }

    /// The way as truth (`None`) or a source tells it; `None` where it does not.
    pub(super) fn track(
        &self,
        site: &Site,
        vehicle: &Vehicle,
        by: Option<&str>,
    ) -> Option<drive::Track> {
        let mut track = Track::by(by);
        self.records
            .iter()
            .for_each(|record| track.take(site, vehicle, record));
        let track = track.sorted();
        (track.places().len() > 1).then(|| points(&track, self.begin()))
    }

    /// Dead reckoning from the origin on, with a knot about every second.
    pub(super) fn odometry(&self, site: &Site, vehicle: &Vehicle) -> Result<Odometry, NoWay> {
        let moves = |source: &Source| {
            matches!(
                source,
                Source::Wheels(_) | Source::Steering(_) | Source::Imu(_)
            )
        };
        let mut own = vehicle.clone();
        own.sources.retain(|_, source| moves(source));
        for source in own.sources.values_mut() {
            if let Source::Imu(imu) = source {
                imu.use_accel = false;
            }
        }
        let height_m = vehicle.motion.planar_height_m.unwrap_or(0.0);
        own.motion.planar_height_m = Some(height_m);
        own.start = Some(Start {
            position_m: [0.0, 0.0, height_m],
            sigma_m: 1e-3,
            yaw_deg: Some(0.0),
            yaw_sigma_deg: 1e-2,
        });
        let (mut wheels, mut gyro, mut steering) = (None, None, None);
        let mut replay = unwatched(site, &own, RATE_HZ)?;
        let mut reckoned = Reckoned::new(self.begin());
        for record in &self.records {
            let Record::Sample(sample) = record else {
                continue;
            };
            match own.sources.get(sample.source.as_str()) {
                Some(Source::Wheels(config)) => wheels = Some(config),
                Some(Source::Imu(config)) => gyro = Some(config),
                Some(Source::Steering(config)) => steering = Some(config.offset_sigma_deg),
                Some(_) => {}
                None => continue,
            }
            replay.feed(record, &mut reckoned);
        }
        let no_odometry = || NoWay::NoOdometry {
            has: self.heard.to_string(),
        };
        let wheels = wheels.ok_or_else(no_odometry)?;
        if reckoned.steps.len() < 2 {
            return Err(no_odometry());
        }
        let mut sigmas = OdometrySigmas {
            distance_m_rtm: wheels.distance_sigma_m_rtm,
            lateral_m_rtm: wheels.lateral_sigma_m_rtm,
            yaw_rad_rtm: wheels.yaw_sigma_rad_rtm,
            yaw_rad_rtrad: wheels.yaw_sigma_rad_rtrad,
            yaw_rad_rts: 0.0,
            scale: wheels.scale_sigma.max(1e-4),
            yaw_scale: wheels.yaw_rate_scale_sigma.max(1e-4),
            yaw_bias_radps: wheels.yaw_rate_bias_sigma_radps.max(1e-6),
            curvature_radpm: 1e-6,
        };
        // A steering that is not straight at zero: counts carry it along, or it is a source of its own.
        let by_counts =
            (wheels.steering_rad_per_tick != 0.0).then_some(wheels.steering_offset_sigma_deg);
        if let (Some(offset_deg), true) = (by_counts.or(steering), own.motion.wheelbase_m > 0.0) {
            sigmas.curvature_radpm = (offset_deg.to_radians() / own.motion.wheelbase_m).max(1e-6);
        }
        if let Some(gyro) = gyro {
            sigmas.yaw_rad_rtm = 0.0;
            sigmas.yaw_rad_rtrad = gyro.gyro_rate_ratio_rthz;
            sigmas.yaw_rad_rts = gyro.gyro_density_radps_rthz;
            sigmas.yaw_bias_radps = gyro.gyro_bias_sigma_radps.max(1e-6);
            sigmas.curvature_radpm = 1e-6;
        }
        Ok(Odometry::new(reckoned.steps, sigmas, KNOT_S, height_m))
    }

    /// The whole run as all sources of the two files show it.
    pub(super) fn smoothed(&self, site: &Site, vehicle: &Vehicle) -> Result<Past, NoWay> {
        let mut replay = unwatched(site, vehicle, 10.0)?;
        replay.smooth();
        for record in &self.records {
            if matches!(record, Record::Sample(_)) {
                replay.feed(record, &mut ());
            }
        }
        Ok(replay.engine().past())
    }

    /// Positions of the vehicle by satellites or another system, a second apart.
    pub(super) fn fixes(&self, site: &Site, vehicle: &Vehicle, not: Option<&str>) -> Vec<Fix> {
        let begin = self.begin();
        let mut last_s = f64::NEG_INFINITY;
        let mut fixes = Vec::new();
        for record in &self.records {
            let Record::Sample(sample) = record else {
                continue;
            };
            if not == Some(sample.source.as_str()) {
                continue;
            }
            let Some((xy_m, sigma_m, mount)) =
                position(site, vehicle, &sample.source, &sample.reading)
            else {
                continue;
            };
            let delay_s = (vehicle.sources.get(sample.source.as_str()))
                .map_or(0.0, |source| source.delay_s(&sample.reading));
            let t_s = sample.t.seconds_since(begin) - delay_s;
            if t_s - last_s >= FIX_S - 1e-3 {
                last_s = t_s;
                fixes.push(Fix {
                    t_s,
                    xy_m,
                    sigma_m,
                    lever: Vector3::from(mount.position_m),
                });
            }
        }
        fixes
    }
}

/// x and y of a source in the site frame, their sigma with what lasts of it \[m\], and where it sits.
pub(super) fn position(
    site: &Site,
    vehicle: &Vehicle,
    source: &str,
    reading: &Reading,
) -> Option<([f64; 2], f64, Mount)> {
    match (vehicle.sources.get(source)?, reading) {
        (Source::Gnss(config), Reading::GnssPosition(position)) => {
            let datum = site.datum?;
            let p_ns = datum.enu(position.lat_deg, position.lon_deg, position.height_m);
            let stated_m = position.sigma_enu_m.map(|[e, n, _]| e.max(n));
            let white_m = stated_m.unwrap_or_else(|| by_fix_m(config, position.fix));
            let sigma_m = white_m
                .max(config.sigma_floor_m)
                .hypot(config.drift_sigma_m);
            Some(([p_ns.x, p_ns.y], sigma_m, config.mount))
        }
        (Source::Pose(config), Reading::Position(position)) => {
            let white_m = position.sigma_m.unwrap_or(config.sigma_m);
            Some((
                position.xy_m,
                white_m.hypot(config.drift_sigma_m),
                config.mount,
            ))
        }
        (Source::Pose(config), Reading::Pose(pose)) => {
            let white_m = pose.sigma_m.unwrap_or(config.sigma_m);
            let [x, y, _] = pose.position_m;
            Some(([x, y], white_m.hypot(config.drift_sigma_m), config.mount))
        }
        _ => None,
    }
}

fn by_fix_m(config: &GnssSource, fix: wayfix_sensors::sample::GnssFix) -> f64 {
    use wayfix_sensors::sample::GnssFix;
    match fix {
        GnssFix::Single => config.sigma_single_m,
        GnssFix::Differential => config.sigma_differential_m,
        GnssFix::RtkFloat => config.sigma_float_m,
        GnssFix::RtkFixed => config.sigma_fixed_m,
    }
}

/// Pose in the plane of an estimate.
pub(super) fn planar(estimate: &Estimate) -> Pose2 {
    Pose2::new(estimate.p_n.x, estimate.p_n.y, math::yaw(&estimate.q_nb))
}

/// Collects dead reckoning.
struct Reckoned {
    begin: Timestamp,
    steps: Vec<Step>,
}

impl Reckoned {
    fn new(begin: Timestamp) -> Self {
        let steps = Vec::new();
        Self { begin, steps }
    }
}

impl Sink for Reckoned {
    fn estimate(&mut self, estimate: &Estimate) {
        let mut pose = planar(estimate);
        let t_s = estimate.t.seconds_since(self.begin);
        if let Some(last) = self.steps.last() {
            if t_s <= last.t_s {
                return;
            }
            let turn = pose.yaw_rad - last.pose.yaw_rad;
            let turns = (turn / std::f64::consts::TAU).round();
            pose.yaw_rad -= turns * std::f64::consts::TAU;
        }
        self.steps.push(Step { t_s, pose });
    }
}

/// The track's points; where it has no heading, the course of the way stands for it.
fn points(track: &Track, begin: Timestamp) -> drive::Track {
    let places = track.places();
    let mut last: Option<UnitQuaternion<f64>> = None;
    let at = |t_s: f64| track.at(begin.shifted(t_s)).map(|place| place.p_nb);
    let point = |place: &super::Place| {
        let t_s = place.t.seconds_since(begin);
        let course = || {
            let d = at(t_s + COURSE_S)? - at(t_s - COURSE_S)?;
            (d.xy().norm() > COURSE_M).then(|| math::from_roll_pitch_yaw(0.0, 0.0, d.y.atan2(d.x)))
        };
        last = place.q_nb.or_else(course).or(last);
        TrackPoint {
            t_s,
            p_nb: place.p_nb,
            q_nb: last,
        }
    };
    drive::Track::new(places.iter().map(point).collect())
}

/// Way of a track \[m\], as places a second apart show it.
pub(super) fn length_m(track: &drive::Track) -> f64 {
    let points = track.points();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return 0.0;
    };
    let seconds = (last.t_s - first.t_s).floor().max(0.0) as usize;
    let at = |k: usize| track.point_at(first.t_s + k as f64).map(|p| p.p_nb);
    let steps = (0..seconds).filter_map(|k| Some((at(k + 1)? - at(k)?).norm()));
    steps.sum()
}
