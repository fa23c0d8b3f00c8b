//! Any sample, from choices.

use wayfix_sensors::sample::{
    Bearing, GnssFix, GnssPosition, GnssVelocity, Height, Imu, Landmark, MagneticField, Marker,
    OdometryStep, Passage, PerWheel, Pixel, Pose, Position, Pressure, Range, RangeDifference, Rssi,
    Steering, Twist, WheelSpeeds, WheelTicks, Yaw,
};
use wayfix_sensors::{Kind, Name, Reading, Sample, Timestamp};

use super::bytes::Bytes;

/// Sources of the three vehicles, one that none has, and what each usually says.
const SOURCES: [(&str, &[Kind]); 13] = [
    ("imu", &[Kind::Imu]),
    (
        "wheels",
        &[
            Kind::WheelTicks,
            Kind::WheelSpeeds,
            Kind::OdometryStep,
            Kind::Twist,
        ],
    ),
    ("steering", &[Kind::Steering]),
    ("uwb", &[Kind::Range, Kind::RangeDifference, Kind::Bearing]),
    ("ble", &[Kind::Rssi]),
    ("gnss", &[Kind::GnssPosition, Kind::GnssVelocity, Kind::Yaw]),
    ("magnetometer", &[Kind::MagneticField]),
    ("pose", &[Kind::Pose, Kind::Position, Kind::Yaw]),
    ("camera", &[Kind::Marker, Kind::Pixel]),
    ("portal", &[Kind::Passage]),
    ("scanner", &[Kind::Landmark]),
    ("barometer", &[Kind::Height, Kind::Pressure]),
    ("nobody", &[Kind::Height]),
];

fn name(text: &str) -> Name {
    Name::from(text).unwrap()
}

fn target(bytes: &mut Bytes, ids: &[&str]) -> Name {
    let known = ids[bytes.below(ids.len())];
    name(if bytes.byte() == 7 { "?" } else { known })
}

fn numbers<const N: usize>(bytes: &mut Bytes, scale: f64) -> [f64; N] {
    std::array::from_fn(|_| bytes.number(scale))
}

/// The next sample; `t` is that of the one before.
pub fn sample(bytes: &mut Bytes, t: &mut Timestamp) -> Sample {
    let step_ns = match bytes.byte() {
        0..=199 => i64::from(bytes.byte()) * 1_000_000,
        200..=229 => -i64::from(bytes.word()) * 100_000,
        230..=250 => i64::from(bytes.word()) * 1_000_000,
        251..=253 => bytes.long() % 1_000_000_000_000,
        _ => bytes.long(),
    };
    let at = Timestamp(t.0.saturating_add(step_ns));
    // A jump back is of this sample alone.
    if step_ns > 0 {
        *t = at;
    }
    let (source, kinds) = bytes.choice(&SOURCES);
    let kind = if bytes.byte() == 7 {
        *bytes.choice(Kind::ALL)
    } else {
        *bytes.choice(kinds)
    };
    Sample {
        t: at,
        source: name(source),
        reading: reading(bytes, kind),
    }
}

fn reading(b: &mut Bytes, kind: Kind) -> Reading {
    const ANCHORS: [&str; 4] = ["A1", "A2", "A3", "A4"];
    match kind {
        Kind::Imu => Reading::Imu(Imu {
            gyro_radps: numbers(b, 1.0),
            accel_mps2: (!b.one_in(8)).then(|| {
                let [x, y, z] = numbers(b, 2.0);
                [x, y, 9.8 + z]
            }),
        }),
        Kind::MagneticField => Reading::MagneticField(MagneticField {
            field_tesla: numbers(b, 5e-5),
        }),
        Kind::Pressure => Reading::Pressure(Pressure {
            pressure_pa: b.number(1e5),
        }),
        Kind::Height => Reading::Height(Height {
            height_m: b.number(10.0),
        }),
        Kind::WheelTicks => {
            let ticks: [i64; 4] = std::array::from_fn(|_| match b.byte() {
                0 => b.long(),
                _ => i64::from(b.word()),
            });
            Reading::WheelTicks(WheelTicks {
                ticks: PerWheel::new(&ticks[..1 + b.below(4)]).unwrap(),
                steering_ticks: b.one_in(4).then(|| b.long()),
            })
        }
        Kind::WheelSpeeds => {
            let speeds: [f64; 4] = numbers(b, 2.0);
            Reading::WheelSpeeds(WheelSpeeds {
                speeds_mps: PerWheel::new(&speeds[..1 + b.below(4)]).unwrap(),
            })
        }
        Kind::OdometryStep => Reading::OdometryStep(OdometryStep {
            distance_m: b.number(0.2),
            yaw_change_rad: b.maybe(0.1),
        }),
        Kind::Twist => Reading::Twist(Twist {
            forward_mps: b.number(2.0),
            yaw_rate_radps: b.maybe(1.0),
        }),
        Kind::Steering => Reading::Steering(Steering {
            angle_rad: b.number(1.0),
        }),
        Kind::GnssPosition => Reading::GnssPosition(GnssPosition {
            lat_deg: 47.4 + b.number(1e-4),
            lon_deg: 8.5 + b.number(1e-4),
            height_m: b.maybe(10.0).map(|h| h + 440.0),
            fix: *b.choice(&[
                GnssFix::Single,
                GnssFix::Differential,
                GnssFix::RtkFloat,
                GnssFix::RtkFixed,
            ]),
            sigma_enu_m: b.one_in(4).then(|| numbers(b, 1.0)),
            hdop: b.maybe(2.0),
            satellites: b.one_in(4).then(|| b.byte()),
        }),
        Kind::GnssVelocity => Reading::GnssVelocity(GnssVelocity {
            east_mps: b.number(2.0),
            north_mps: b.number(2.0),
            up_mps: b.maybe(0.1),
            sigma_mps: b.maybe(0.1),
        }),
        Kind::Yaw => Reading::Yaw(Yaw {
            yaw_rad: b.number(3.2),
            sigma_rad: b.maybe(0.1),
        }),
        Kind::Range => Reading::Range(Range {
            anchor: target(b, &ANCHORS),
            range_m: b.number(25.0),
            rx_power_dbm: b.maybe(-90.0),
            first_path_dbm: b.maybe(-90.0),
        }),
        Kind::RangeDifference => Reading::RangeDifference(RangeDifference {
            anchor_a: target(b, &ANCHORS),
            anchor_b: target(b, &ANCHORS),
            difference_m: b.number(10.0),
        }),
        Kind::Bearing => Reading::Bearing(Bearing {
            anchor: target(b, &["A1", "A2", "A3", "L1"]),
            azimuth_rad: b.number(3.2),
            elevation_rad: b.maybe(1.0),
        }),
        Kind::Rssi => Reading::Rssi(Rssi {
            beacon: target(b, &["B1", "B2"]),
            rssi_dbm: b.number(-80.0),
            advertised_dbm: b.maybe(-60.0),
        }),
        Kind::Landmark => Reading::Landmark(Landmark {
            landmark: target(b, &["L1", "L2"]),
            range_m: b.number(10.0),
            bearing_rad: b.number(3.2),
        }),
        Kind::Pixel => Reading::Pixel(Pixel {
            landmark: target(b, &["L1", "L2"]),
            uv_px: numbers(b, 1000.0),
        }),
        Kind::Marker => Reading::Marker(Marker {
            marker: target(b, &["M1", "M2"]),
            corners_px: std::array::from_fn(|_| numbers(b, 1000.0)),
        }),
        Kind::Passage => Reading::Passage(Passage {
            portal: target(b, &["P1", "P2"]),
        }),
        Kind::Position => Reading::Position(Position {
            xy_m: numbers(b, 10.0),
            z_m: b.maybe(2.0),
            sigma_m: b.maybe(1.0),
        }),
        Kind::Pose => Reading::Pose(Pose {
            position_m: numbers(b, 10.0),
            attitude_wxyz: numbers(b, 1.0),
            sigma_m: b.maybe(1.0),
            sigma_rad: b.maybe(0.1),
        }),
    }
}
