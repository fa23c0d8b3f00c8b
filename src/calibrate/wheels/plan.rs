//! What of a vehicle and a log goes into the fit, and which keys its parameters are.

use wayfix_calibration::Pose2;
use wayfix_calibration::wheels::{
    Axle, DifferentialDrive, Options, ReferencePose, TricycleDrive, TwistRow,
};
use wayfix_filter::Timestamp;
use wayfix_sensors::Name;
use wayfix_sensors::counter::folded;

use super::collect::{Collected, Wheels};
use super::computed;
use super::error::CalibrateError;
use super::prepared::Prepared;
use super::rows::{ENDLESS_BITS, UNIT, angle_at, differential, rows, steered};
use super::{Key, Request};
use crate::calibrate::KeyPath;
use crate::calibrate::two_files::Whole;
use crate::config::source::{Mount, SteeringSource, WheelPlace, WheelsSource};
use crate::config::vehicle::{Drive, Motion};
use crate::config::{Source, Vehicle};

/// Everything that a fit needs but the width of the counters.
pub(super) struct Plan<'a> {
    pub source: Name,
    config: &'a WheelsSource,
    motion: &'a Motion,
    readings: &'a [(Timestamp, Wheels)],
    pub reference: Vec<ReferencePose>,
    pub options: Options,
    /// Where the reference's sensor sits, as vehicle.toml has it.
    mount: Mount,
    /// Its source, where its mount is sought.
    reference_source: Option<Name>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    /// A speed and a yaw rate, or steps (`is_mean`).
    Computed {
        rows: Vec<TwistRow>,
        is_mean: bool,
    },
    Differential {
        left: usize,
        right: usize,
    },
    Steered {
        axle: Axle,
        wheels: Vec<usize>,
        steering: Steering<'a>,
    },
}

/// Where the steering angle comes from.
enum Steering<'a> {
    /// With the wheels' counts.
    Counts,
    /// From a source of its own.
    Source(Name, &'a SteeringSource, &'a [(Timestamp, f64)]),
}

impl<'a> Plan<'a> {
    pub fn new(
        vehicle: &'a Vehicle,
        log: &'a Collected,
        request: &Request,
    ) -> Result<Self, CalibrateError> {
        let source = source(log, request)?;
        let readings = log
            .wheels
            .get(&source)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let Some(Source::Wheels(config)) = vehicle.sources.get(source.as_str()) else {
            return Err(wrong(
                format!("source.{source}"),
                "is not of kind \"wheels\"",
            ));
        };
        let kind = match log.computed.get(&source) {
            Some(odometry) if readings.is_empty() => {
                let (rows, is_mean) = computed::rows(&source, odometry)?;
                Kind::Computed { rows, is_mean }
            }
            _ => {
                check_counts(&source, config, readings)?;
                kind(vehicle, &source, config, readings, log)?
            }
        };
        let (reference, reference_source, mount) = reference(vehicle, log, request)?;
        Ok(Self {
            source,
            config,
            motion: &vehicle.motion,
            readings,
            reference,
            options: Options {
                segment_s: request.segment_s,
                is_sensor_known: reference_source.is_none(),
                ..Options::default()
            },
            mount,
            reference_source,
            kind,
        })
    }

    /// The drive whose geometry is sought; `None` where the odometry is computed.
    pub fn drive(&self) -> Option<&'static str> {
        let is_computed = matches!(self.kind, Kind::Computed { .. });
        (!is_computed).then(|| name(self.motion.drive))
    }

    pub fn tick_bits(&self) -> Option<u32> {
        self.has_counts().then_some(self.config.tick_bits)
    }

    fn has_counts(&self) -> bool {
        self.readings
            .iter()
            .any(|(_, reading)| matches!(reading, Wheels::Ticks(..)))
    }

    /// Rows with counters of `bits` bits.
    pub fn prepare(&self, bits: u32) -> Prepared {
        let rows = rows(self.config, self.readings, bits);
        let (config, motion) = (self.config, self.motion);
        match &self.kind {
            Kind::Computed { rows, is_mean } => Prepared::Computed(
                rows.clone(),
                computed::guess(config, *is_mean, self.sensor()),
            ),
            Kind::Differential { left, right } => Prepared::Differential(
                differential(&rows, [*left, *right]),
                DifferentialDrive {
                    left_metres_per_tick: UNIT,
                    right_metres_per_tick: UNIT,
                    track_m: motion.track_m,
                    sensor: self.sensor(),
                    bits: ENDLESS_BITS,
                },
            ),
            Kind::Steered {
                axle,
                wheels,
                steering,
            } => {
                let (ticks, [offset_deg, backlash_deg, lag_s]) = match steering {
                    Steering::Counts => {
                        let angle = |count| {
                            let count = folded(count, config.steering_tick_bits);
                            count as f64 * config.steering_rad_per_tick
                        };
                        let ticks = steered(&rows, wheels, |row| row.steering.map(angle));
                        let constants = [
                            config.steering_offset_deg,
                            config.steering_backlash_deg,
                            config.steering_time_constant_s,
                        ];
                        (ticks, constants)
                    }
                    Steering::Source(_, steering, angles) => {
                        let angle = |t| Some(steering.ratio * angle_at(angles, t)?);
                        let ticks = steered(&rows, wheels, |row| angle(row.t));
                        let constants = [
                            steering.offset_deg,
                            steering.backlash_deg,
                            steering.time_constant_s,
                        ];
                        (ticks, constants)
                    }
                };
                let guess = TricycleDrive {
                    traction: *axle,
                    metres_per_tick: UNIT,
                    steering_rad_per_tick: UNIT,
                    steering_offset_rad: offset_deg.to_radians(),
                    steering_backlash_rad: backlash_deg.to_radians(),
                    wheelbase_m: motion.wheelbase_m,
                    sensor: self.sensor(),
                    steering_lag_s: lag_s,
                    traction_bits: ENDLESS_BITS,
                    steering_bits: ENDLESS_BITS,
                };
                Prepared::Steered(ticks, guess)
            }
        }
    }

    /// The key of a parameter of the fit: its path in vehicle.toml, its unit, and by what the fit's
    /// value is multiplied.
    pub fn key(&self, parameter: &str) -> Key {
        let wheels = KeyPath::of("source").key(self.source.as_str());
        let motion = KeyPath::of("motion");
        let mount = || {
            let name = self.reference_name().unwrap_or_default();
            KeyPath::of_source(name, "mount")
        };
        let degrees = 1_f64.to_degrees();
        let (path, unit, factor) = match (parameter, &self.kind) {
            ("metres_per_tick", _) if self.has_counts() => (
                wheels.key("metres_per_tick"),
                "m per count",
                self.config.metres_per_tick / UNIT,
            ),
            ("metres_per_tick", _) => (wheels.key("scale"), "", self.config.scale / UNIT),
            ("left_metres_per_tick", Kind::Differential { left: k, .. })
            | ("right_metres_per_tick", Kind::Differential { right: k, .. }) => {
                let before = self.config.wheel_scales.get(*k).copied().unwrap_or(1.0);
                (wheels.key("wheel_scales").index(*k), "", before / UNIT)
            }
            ("track_m", _) => (motion.key("track_m"), "m", 1.0),
            ("wheelbase_m", _) => (motion.key("wheelbase_m"), "m", 1.0),
            ("sensor_x_m", _) => (mount().key("position_m").index(0), "m", 1.0),
            ("sensor_y_m", _) => (mount().key("position_m").index(1), "m", 1.0),
            ("sensor_yaw_rad", _) => (mount().key("rpy_deg").index(2), "deg", degrees),
            (of_odometry, Kind::Computed { .. }) => {
                let (key, unit) = computed::key(of_odometry);
                (wheels.key(key), unit, 1.0)
            }
            (
                steering,
                Kind::Steered {
                    steering: Steering::Source(name, config, _),
                    ..
                },
            ) => {
                let (key, unit, factor) = match steering {
                    "steering_rad_per_tick" => ("ratio", "", config.ratio / UNIT),
                    "steering_offset_rad" => ("offset_deg", "deg", degrees),
                    "steering_backlash_rad" => ("backlash_deg", "deg", degrees),
                    _ => ("time_constant_s", "s", 1.0),
                };
                (KeyPath::of_source(name, key), unit, factor)
            }
            (steering, _) => {
                let per_tick = self.config.steering_rad_per_tick;
                let (key, unit, factor) = match steering {
                    "steering_rad_per_tick" => (steering, "rad per count", per_tick / UNIT),
                    "steering_offset_rad" => ("steering_offset_deg", "deg", degrees),
                    "steering_backlash_rad" => ("steering_backlash_deg", "deg", degrees),
                    _ => ("steering_time_constant_s", "s", 1.0),
                };
                (wheels.key(key), unit, factor)
            }
        };
        let whole = match parameter {
            "left_metres_per_tick" | "right_metres_per_tick" => {
                let given = self.config.wheel_scales.iter().copied();
                let missing = self.config.wheels.len() - given.len();
                Whole::Vector(given.chain(std::iter::repeat_n(1.0, missing)).collect())
            }
            "sensor_x_m" | "sensor_y_m" => Whole::Vector(self.mount.position_m.to_vec()),
            "sensor_yaw_rad" => Whole::Vector(self.mount.rpy_deg.to_vec()),
            _ => Whole::Number,
        };
        Key {
            path,
            unit,
            factor,
            whole,
        }
    }

    fn sensor(&self) -> Pose2 {
        let [x_m, y_m, _] = self.mount.position_m;
        Pose2::new(x_m, y_m, self.mount.rpy_deg[2].to_radians())
    }

    pub fn reference_name(&self) -> Option<&str> {
        self.reference_source.as_ref().map(Name::as_str)
    }
}

/// The source that was asked for, or the only one of wheels, or else of computed odometry.
fn source(log: &Collected, request: &Request) -> Result<Name, CalibrateError> {
    let mut names: Vec<Name> = log.wheels.keys().copied().collect();
    if names.is_empty() || request.source.is_some() {
        names.extend(log.computed.keys().copied());
    }
    if let Some(wanted) = &request.source {
        let found = names.into_iter().find(|known| known.as_str() == wanted);
        return found.ok_or_else(|| CalibrateError::NoSuchSource {
            name: wanted.clone(),
            has: log.heard.to_string(),
        });
    }
    match names.as_slice() {
        [only] => Ok(*only),
        [] => Err(CalibrateError::NoWheels {
            has: log.heard.to_string(),
        }),
        names => Err(CalibrateError::WhichSource {
            names: names.iter().map(Name::to_string).collect(),
        }),
    }
}

fn check_counts(
    source: &Name,
    config: &WheelsSource,
    readings: &[(Timestamp, Wheels)],
) -> Result<(), CalibrateError> {
    let count = |reading: &(Timestamp, Wheels)| match reading {
        (_, Wheels::Ticks(ticks, _)) => ticks.as_slice().len(),
        (_, Wheels::Speeds(speeds)) => speeds.as_slice().len(),
    };
    let found = readings.first().map_or(0, count);
    if !readings
        .iter()
        .any(|reading| count(reading) == config.wheels.len())
    {
        let names = config.wheels.len();
        let problem = format!("names {names} of them, and the readings in the log have {found}");
        return Err(wrong(format!("source.{source}.wheels"), &problem));
    }
    let counts = readings
        .iter()
        .any(|(_, reading)| matches!(reading, Wheels::Ticks(..)));
    if counts && config.metres_per_tick == 0.0 {
        let key = format!("source.{source}.metres_per_tick");
        return Err(wrong(
            key,
            "is 0, and the fit needs a guess (within a factor of two)",
        ));
    }
    Ok(())
}

fn kind<'a>(
    vehicle: &'a Vehicle,
    source: &Name,
    config: &WheelsSource,
    readings: &[(Timestamp, Wheels)],
    log: &'a Collected,
) -> Result<Kind<'a>, CalibrateError> {
    let motion = &vehicle.motion;
    let place = |place: WheelPlace| config.wheels.iter().position(|w| *w == place);
    let pair = |a, b| Some(vec![place(a)?, place(b)?]);
    if motion.drive == Drive::Differential {
        return match pair(WheelPlace::RearLeft, WheelPlace::RearRight).as_deref() {
            Some(&[left, right]) => Ok(Kind::Differential { left, right }),
            _ => Err(wrong(
                format!("source.{source}.wheels"),
                "needs rear_left and rear_right for drive = \"differential\"",
            )),
        };
    }
    if motion.drive == Drive::Free {
        let problem = "is \"free\"; calibration needs differential, ackermann or tricycle";
        return Err(wrong("motion.drive".to_owned(), problem));
    }
    // In the order in which the engine prefers them.
    let rear = place(WheelPlace::Rear)
        .map(|one| vec![one])
        .or_else(|| pair(WheelPlace::RearLeft, WheelPlace::RearRight));
    let front = place(WheelPlace::Front)
        .map(|one| vec![one])
        .or_else(|| pair(WheelPlace::FrontLeft, WheelPlace::FrontRight));
    let (axle, wheels) = match (rear, front) {
        (Some(rear), _) => (Axle::Rear, rear),
        (None, Some(front)) => (Axle::Front, front),
        (None, None) => {
            return Err(wrong(
                format!("source.{source}.wheels"),
                "needs front or rear, or both wheels of one axle",
            ));
        }
    };
    let with_counts =
        |(_, reading): &(Timestamp, Wheels)| matches!(reading, Wheels::Ticks(_, Some(_)));
    let steering = if readings.iter().any(with_counts) {
        if config.steering_rad_per_tick == 0.0 {
            return Err(wrong(
                format!("source.{source}.steering_rad_per_tick"),
                "is 0, and the fit needs a guess (the right sign, within a factor of ten)",
            ));
        }
        Steering::Counts
    } else {
        let of_source = |(name, rows): (&Name, &'a Vec<_>)| match vehicle.sources.get(name.as_str())
        {
            Some(Source::Steering(config)) => {
                Some(Steering::Source(*name, config, rows.as_slice()))
            }
            _ => None,
        };
        let drive = name(motion.drive);
        log.steering
            .iter()
            .find_map(of_source)
            .ok_or(CalibrateError::NoSteering { drive })?
    };
    Ok(Kind::Steered {
        axle,
        wheels,
        steering,
    })
}

/// Where the vehicle was, by whose sensor (if its mount is sought), and where that sits.
fn reference(
    vehicle: &Vehicle,
    log: &Collected,
    request: &Request,
) -> Result<(Vec<ReferencePose>, Option<Name>, Mount), CalibrateError> {
    let Some(wanted) = &request.reference else {
        return match (log.truth.is_empty(), log.truth_without_heading) {
            (false, _) => Ok((log.truth.clone(), None, Mount::default())),
            (true, 0) => Err(CalibrateError::NoTruth {
                with_poses: log.poses.keys().map(Name::to_string).collect(),
            }),
            (true, rows) => Err(CalibrateError::NoHeading { rows }),
        };
    };
    let name = Name::from(wanted).ok();
    let Some((name, source)) = name.zip(vehicle.sources.get(wanted)) else {
        let problem = "is not there, but is named as the reference";
        return Err(wrong(format!("source.{wanted}"), problem));
    };
    if matches!(source, Source::Wheels(_) | Source::Steering(_)) {
        let problem = "has no mount, and says nothing of where the vehicle is";
        return Err(wrong(format!("source.{wanted}"), problem));
    }
    let mount = source.mount();
    if mount.rpy_deg[0] != 0.0 || mount.rpy_deg[1] != 0.0 {
        let problem = "leans, and the fit is one in the plane: roll and pitch have to be 0";
        return Err(wrong(format!("source.{wanted}.mount.rpy_deg"), problem));
    }
    let reference = log.poses.get(&name).unwrap_or(&log.truth).clone();
    match (reference.is_empty(), log.truth_without_heading) {
        (false, _) => Ok((reference, Some(name), mount)),
        (true, 0) => Err(CalibrateError::NoTruth {
            with_poses: log.poses.keys().map(Name::to_string).collect(),
        }),
        (true, rows) => Err(CalibrateError::NoHeading { rows }),
    }
}

fn wrong(key: String, problem: &str) -> CalibrateError {
    let problem = problem.to_owned();
    CalibrateError::Vehicle { key, problem }
}

fn name(drive: Drive) -> &'static str {
    match drive {
        Drive::Free => "free",
        Drive::Differential => "differential",
        Drive::Ackermann => "ackermann",
        Drive::Tricycle => "tricycle",
    }
}
