//! A dense load: three tags on one body range 800 times a second each to eight anchors; inertial unit
//! at 100 Hz, wheels at 50 Hz. Samples arrive in order.

use wayfix::config::Site;
use wayfix::config::site::Anchor;
use wayfix::sim::channel::Channel;
use wayfix::sim::scenario::{Equipment, Leg, Route, Scenario};
use wayfix::sim::scene::Scene;
use wayfix::sim::sensor::{Device, Output, Radio, Slip};
use wayfix::sim::speed::Pace;
use wayfix::sim::truth::Floor;

/// At all heights: above the tags alone, the start may settle on their mirror image above the anchors.
const ANCHORS_M: [[f64; 3]; 8] = [
    [-22.0, -16.0, 0.5],
    [0.0, -17.0, 5.5],
    [22.0, -16.0, 1.0],
    [23.0, 0.0, 6.5],
    [22.0, 16.0, 0.8],
    [0.0, 17.0, 4.5],
    [-22.0, 16.0, 0.6],
    [-23.0, 0.0, 7.0],
];

const fn ranges(source: &'static str) -> Equipment {
    Equipment {
        source,
        device: Device::Radio(Radio::CLEAN),
        channel: Channel::ideal(800.0),
    }
}

/// A minute of rounds; it stands for two seconds first.
pub const DENSE: Scenario = Scenario {
    name: "dense",
    about: "A robot with three tags: 2,400 ranges a second to eight anchors",
    scene,
    vehicle_toml: VEHICLE,
    floor: Floor::flat(0.0),
    route: Route::Rounds {
        rounds: 1,
        leg: Leg {
            dwell_s: 2.0,
            backwards: false,
            pace: Pace {
                straight_mps: 2.0,
                turn_mps: 1.0,
                accel_mps2: 0.6,
            },
            radius_m: 3.0,
            waypoints: &[
                [-15.0, -10.0],
                [15.0, -10.0],
                [15.0, 10.0],
                [-15.0, 10.0],
                [-15.0, 0.0],
            ],
        },
    },
    equipment: &[
        Equipment {
            source: "imu",
            device: Device::Plain,
            channel: Channel::ideal(100.0),
        },
        Equipment {
            source: "wheels",
            device: Device::Wheels(Output::Speeds, Slip::NONE),
            channel: Channel::ideal(50.0),
        },
        ranges("front"),
        ranges("left"),
        ranges("right"),
    ],
};

/// Each tag has a bias and a slowly varying error for each anchor: 24 of both.
const VEHICLE: &str = r#"
[motion]
drive = "differential"
track_m = 0.8
side_slip_sigma_mps = 0.05
vertical_sigma_mps = 0.05
standstill_speed_mps = 0.02

[source.imu]
kind = "imu"
mount.position_m = [0.10, 0.05, 0.40]
gyro_density_radps_rthz = 2e-4
accel_density_mps2_rthz = 2e-3
gyro_bias_sigma_radps = 5e-3
accel_bias_sigma_mps2 = 0.05

[source.wheels]
kind = "wheels"
wheels = ["rear_left", "rear_right"]
distance_sigma_m_rtm = 0.01
scale_sigma = 0.02

[source.front]
kind = "uwb"
mount.position_m = [0.60, 0.00, 1.20]
range_sigma_m = 0.1
bias_sigma_m = 0.05
drift_sigma_m = 0.05

[source.left]
kind = "uwb"
mount.position_m = [-0.30, 0.35, 1.50]
range_sigma_m = 0.1
bias_sigma_m = 0.05
drift_sigma_m = 0.05

[source.right]
kind = "uwb"
mount.position_m = [-0.30, -0.35, 1.40]
range_sigma_m = 0.1
bias_sigma_m = 0.05
drift_sigma_m = 0.05
"#;

fn scene() -> Scene {
    let anchor = |(i, position_m): (usize, &[f64; 3])| Anchor {
        id: format!("A{}", i + 1),
        position_m: *position_m,
        bias_m: 0.0,
    };
    Scene::open(Site {
        name: "Yard with eight anchors".to_owned(),
        anchors: ANCHORS_M.iter().enumerate().map(anchor).collect(),
        ..Site::default()
    })
}
