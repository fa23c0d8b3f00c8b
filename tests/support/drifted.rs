//! Vehicles that are simulated with one calibration and replayed with another, further off than their
//! file says; each passes fixpoints.

use wayfix::config::site::{Marker, Portal};
use wayfix::config::{Site, Source};
use wayfix::sim::channel::{Channel, Received};
use wayfix::sim::scenario::{Equipment, Leg, Route, Scenario};
use wayfix::sim::scene::Scene;
use wayfix::sim::sensor::{Device, Output, Slip};
use wayfix::sim::speed::Pace;
use wayfix::sim::truth::Floor;
use wayfix::sim::{Simulation, simulate};

const PACE: Pace = Pace {
    straight_mps: 2.0,
    turn_mps: 1.0,
    accel_mps2: 0.6,
};

/// Straight on for 140 m, after two seconds.
const STRAIGHT_ON: Route = Route::Legs(&[Leg {
    dwell_s: 2.0,
    backwards: false,
    pace: PACE,
    radius_m: 2.0,
    waypoints: &[[0.0, 0.0], [140.0, 0.0]],
}]);

const START: &str = r#"
[start]
position_m = [0.0, 0.0, 0.0]
sigma_m = 0.02
yaw_deg = 0.0
yaw_sigma_deg = 0.2
"#;

fn scenario(
    vehicle_toml: &str,
    scene: fn() -> Scene,
    route: Route,
    equipment: &'static [Equipment],
) -> Scenario {
    Scenario {
        name: "fixpoints",
        about: "",
        scene,
        // A few hundred bytes a test.
        vehicle_toml: Box::leak(format!("{vehicle_toml}{START}").into_boxed_str()),
        floor: Floor::flat(0.0),
        route,
        equipment,
    }
}

const fn equip(source: &'static str, device: Device, rate_hz: f64) -> Equipment {
    Equipment {
        source,
        device,
        channel: Channel::ideal(rate_hz),
    }
}

/// What the aisle's vehicle gets wrong: its wheel scale and the zero of its steering [rad].
pub const WHEEL_SCALE: f64 = 0.08;
pub const STEERING_ZERO_RAD: f64 = 0.3 * std::f64::consts::PI / 180.0;

/// A tricycle on wheels and steering under a marker every 40 m.
pub fn aisle(seed: u64) -> Simulation {
    const VEHICLE: &str = r#"
[motion]
drive = "tricycle"
wheelbase_m = 1.5
planar_height_m = 0.0
[source.wheels]
kind = "wheels"
wheels = ["rear"]
metres_per_tick = 2e-4
distance_sigma_m_rtm = 0.005
yaw_sigma_rad_rtm = 0.001
yaw_rate_scale_sigma = 0.0
scale = 1.08
scale_sigma = 0.0
[source.steering]
kind = "steering"
offset_deg = 0.3
offset_sigma_deg = 0.0
[source.camera]
kind = "camera"
mount.position_m = [0.3, 0.0, 1.8]
mount.rpy_deg = [0.0, 0.0, -90.0]
focal_px = [600.0, 600.0]
centre_px = [640.0, 480.0]
sigma_px = 0.7
"#;
    fn scene() -> Scene {
        let marker = |i: i32| Marker {
            id: format!("M{i}"),
            position_m: [40.0 * f64::from(i), 0.5, 6.0],
            rpy_deg: [180.0, 0.0, 0.0],
            size_m: 0.4,
            sigma_m: 0.01,
        };
        Scene::open(Site {
            markers: (1..=3).map(marker).collect(),
            ..Site::default()
        })
    }
    static EQUIPMENT: [Equipment; 3] = [
        equip("wheels", Device::Wheels(Output::Ticks, Slip::NONE), 50.0),
        equip("steering", Device::Plain, 50.0),
        equip("camera", Device::Plain, 5.0),
    ];
    let scenario = scenario(VEHICLE, scene, STRAIGHT_ON, &EQUIPMENT);
    let mut run = simulate(&scenario, seed, None).unwrap();
    for source in run.vehicle.sources.values_mut() {
        match source {
            Source::Wheels(wheels) => (wheels.scale, wheels.scale_sigma) = (1.0, 0.01),
            Source::Steering(steering) => {
                (steering.offset_deg, steering.offset_sigma_deg) = (0.0, 0.05);
            }
            _ => {}
        }
    }
    run
}

/// What the vehicle of the rounds gets wrong: the scale of its heading rate.
pub const YAW_RATE_SCALE: f64 = 0.04;

/// Rounds of 96 m on odometry steps, through one gate.
pub fn rounds(seed: u64) -> Simulation {
    const VEHICLE: &str = r#"
[motion]
drive = "differential"
track_m = 0.8
planar_height_m = 0.0
[source.odometry]
kind = "wheels"
distance_sigma_m_rtm = 0.005
yaw_sigma_rad_rtm = 0.001
yaw_sigma_rad_rtrad = 0.002
scale_sigma = 0.0
yaw_rate_scale = 1.04
yaw_rate_scale_sigma = 0.0
[source.portal]
kind = "portal"
mount.position_m = [0.3, 0.0, 1.0]
"#;
    fn scene() -> Scene {
        let gate = Portal {
            id: "gate".to_owned(),
            position_m: [15.0, 0.0, 1.0],
            yaw_deg: Some(0.0),
            width_m: 2.0,
            sigma_m: 0.1,
        };
        Scene::open(Site {
            portals: vec![gate],
            ..Site::default()
        })
    }
    static EQUIPMENT: [Equipment; 2] = [
        equip("odometry", Device::Wheels(Output::Steps, Slip::NONE), 20.0),
        equip("portal", Device::Plain, 20.0),
    ];
    const ROUTE: Route = Route::Rounds {
        rounds: 4,
        leg: Leg {
            dwell_s: 2.0,
            backwards: false,
            pace: PACE,
            radius_m: 2.0,
            waypoints: &[[0.0, 0.0], [30.0, 0.0], [30.0, 20.0], [0.0, 20.0]],
        },
    };
    let mut run = simulate(&scenario(VEHICLE, scene, ROUTE, &EQUIPMENT), seed, None).unwrap();
    if let Some(Source::Wheels(odometry)) = run.vehicle.sources.get_mut("odometry") {
        odometry.scale_sigma = 0.005;
        (odometry.yaw_rate_scale, odometry.yaw_rate_scale_sigma) = (1.0, 0.005);
    }
    run
}

/// Straight on by one wheel and a gyro over an NFC tag every 40 m; the gyro's bias is many times what
/// its file says.
pub fn tags(seed: u64) -> Simulation {
    const VEHICLE: &str = r#"
[motion]
drive = "differential"
planar_height_m = 0.0
[source.wheels]
kind = "wheels"
wheels = ["rear"]
distance_sigma_m_rtm = 0.005
scale_sigma = 0.0
[source.imu]
kind = "imu"
use_accel = false
gyro_bias_sigma_radps = 0.005
[source.portal]
kind = "portal"
mount.position_m = [0.3, 0.0, 0.1]
"#;
    fn scene() -> Scene {
        let tag = |i: i32| Portal {
            id: format!("T{i}"),
            position_m: [40.0 * f64::from(i), 0.0, 0.0],
            yaw_deg: None,
            width_m: 0.6,
            sigma_m: 0.05,
        };
        Scene::open(Site {
            portals: (1..=3).map(tag).collect(),
            ..Site::default()
        })
    }
    static EQUIPMENT: [Equipment; 3] = [
        equip("wheels", Device::Wheels(Output::Speeds, Slip::NONE), 20.0),
        equip("imu", Device::Plain, 100.0),
        equip("portal", Device::Plain, 50.0),
    ];
    let scenario = scenario(VEHICLE, scene, STRAIGHT_ON, &EQUIPMENT);
    let mut run = simulate(&scenario, seed, None).unwrap();
    if let Some(Source::Imu(imu)) = run.vehicle.sources.get_mut("imu") {
        imu.gyro_bias_sigma_radps = 5e-4;
    }
    // A start on a gyro alone would wait for the wheels without any of their model.
    let is_wheel = |r: &Received| r.sample.source.as_str() == "wheels";
    let first = run.received.iter().position(is_wheel).unwrap();
    run.received.drain(..first);
    run
}
