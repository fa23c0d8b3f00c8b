//! What a log says of wheels, steering and where the vehicle was.

use std::collections::BTreeMap;

use nalgebra::{Quaternion, UnitQuaternion};
use wayfix_calibration::Pose2;
use wayfix_calibration::wheels::ReferencePose;
use wayfix_filter::{Timestamp, math};
use wayfix_sensors::sample::PerWheel;
use wayfix_sensors::{Name, Reading, Sample};

use crate::calibrate::Heard;
use crate::config::{Source, Vehicle};
use crate::log::{Record, Truth};

/// One reading of wheels.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wheels {
    /// Counters, and the steering encoder where the message carries it.
    Ticks(PerWheel<i64>, Option<i64>),
    /// Speeds [m/s].
    Speeds(PerWheel<f64>),
}

/// One reading of computed odometry: forward, and how it turns where the source tells that.
#[derive(Clone, Copy, Debug)]
pub(super) enum Computed {
    /// Speed [m/s] and yaw rate [rad/s].
    Twist(f64, Option<f64>),
    /// Distance [m] and change of heading [rad] since the reading before.
    Step(f64, Option<f64>),
}

/// Everything in a log that a calibration of wheels can use; times are of measurement.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    pub(super) wheels: BTreeMap<Name, Vec<(Timestamp, Wheels)>>,
    /// As the source gives it [rad].
    pub(super) steering: BTreeMap<Name, Vec<(Timestamp, f64)>>,
    pub(super) poses: BTreeMap<Name, Vec<ReferencePose>>,
    pub(super) truth: Vec<ReferencePose>,
    /// Truth with a position and without a heading.
    pub(super) truth_without_heading: usize,
    /// Odometry that is computed already, as it was stamped: its delay is sought.
    pub(super) computed: BTreeMap<Name, Vec<(Timestamp, Computed)>>,
    pub(super) heard: Heard,
}

impl Collected {
    /// Takes a record of the log; `vehicle` says how late its sources stamp.
    pub fn take(&mut self, vehicle: &Vehicle, record: &Record) {
        self.heard.take(record);
        match record {
            Record::Sample(sample) => self.sample(vehicle, sample),
            Record::Truth(truth) => self.truth(truth),
        }
    }

    /// All records of an iterator, by time.
    pub fn from_records<'a>(
        vehicle: &Vehicle,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Self {
        let mut collected = Self::default();
        records
            .into_iter()
            .for_each(|record| collected.take(vehicle, record));
        collected.sorted()
    }

    /// By time; of two readings of one source at one time the first.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        fn tidy<T>(rows: &mut Vec<T>, t: impl Fn(&T) -> Timestamp) {
            rows.sort_by_key(&t);
            rows.dedup_by_key(|row| t(row));
        }
        self.wheels
            .values_mut()
            .for_each(|rows| tidy(rows, |row| row.0));
        self.steering
            .values_mut()
            .for_each(|rows| tidy(rows, |row| row.0));
        self.computed
            .values_mut()
            .for_each(|rows| tidy(rows, |row| row.0));
        self.poses
            .values_mut()
            .for_each(|rows| tidy(rows, |row| row.t));
        tidy(&mut self.truth, |row| row.t);
        self
    }

    fn sample(&mut self, vehicle: &Vehicle, sample: &Sample) {
        let Sample { t, source, reading } = sample;
        let Some(config) = vehicle.sources.get(source.as_str()) else {
            return;
        };
        let t = t.shifted(-config.delay_s(reading));
        match (config, reading) {
            (Source::Wheels(_), Reading::WheelTicks(ticks)) => {
                let wheels = Wheels::Ticks(ticks.ticks, ticks.steering_ticks);
                self.wheels.entry(*source).or_default().push((t, wheels));
            }
            (Source::Wheels(_), Reading::WheelSpeeds(speeds)) => {
                let wheels = Wheels::Speeds(speeds.speeds_mps);
                self.wheels.entry(*source).or_default().push((t, wheels));
            }
            (Source::Wheels(_), Reading::Twist(twist)) => {
                let computed = Computed::Twist(twist.forward_mps, twist.yaw_rate_radps);
                self.computed_row(sample, computed);
            }
            (Source::Wheels(_), Reading::OdometryStep(step)) => {
                let computed = Computed::Step(step.distance_m, step.yaw_change_rad);
                self.computed_row(sample, computed);
            }
            (Source::Steering(_), Reading::Steering(steering)) => {
                let rows = self.steering.entry(*source).or_default();
                rows.push((t, steering.angle_rad));
            }
            (_, Reading::Pose(pose)) => {
                let [w, x, y, z] = pose.attitude_wxyz;
                let q = UnitQuaternion::from_quaternion(Quaternion::new(w, x, y, z));
                let [x_m, y_m, _] = pose.position_m;
                let pose = Pose2::new(x_m, y_m, math::yaw(&q));
                self.poses
                    .entry(*source)
                    .or_default()
                    .push(ReferencePose { t, pose });
            }
            _ => {}
        }
    }

    fn computed_row(&mut self, sample: &Sample, computed: Computed) {
        let rows = self.computed.entry(sample.source).or_default();
        rows.push((sample.t, computed));
    }

    fn truth(&mut self, truth: &Truth) {
        let Some([x_m, y_m]) = truth.state.xy_m else {
            return;
        };
        match truth.state.heading_rad() {
            Some(yaw_rad) => self.truth.push(ReferencePose {
                t: truth.t,
                pose: Pose2::new(x_m, y_m, yaw_rad),
            }),
            None => self.truth_without_heading += 1,
        }
    }
}
