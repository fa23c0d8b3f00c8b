//! An hour of rounds in a yard with satellites and ranging anchors: the usual sensors at the usual
//! rates, for measuring speed and memory.

use super::site::{DATUM, MAGNETIC, anchors};
use super::{Channel, DRIVE, Device, Floor, Leg, Output, Radio, Route, Scenario, Slip, equip};
use crate::config::Site;
use crate::sim::scene::Scene;

pub(super) const HOUR: Scenario = Scenario {
    name: "hour",
    about: "An hour of rounds in a yard: IMU at 100 Hz, wheels at 50, ranges at 20, satellites at 5",
    scene,
    vehicle_toml: include_str!("hour.toml"),
    floor: Floor::flat(0.0),
    route: Route::Rounds {
        rounds: 43,
        leg: Leg {
            dwell_s: 10.0,
            backwards: false,
            pace: DRIVE,
            radius_m: 3.0,
            waypoints: &[
                [-20.0, -15.0],
                [20.0, -15.0],
                [20.0, 15.0],
                [5.0, 15.0],
                [5.0, 0.0],
                [-8.0, 0.0],
                [-8.0, 15.0],
                [-20.0, 15.0],
            ],
        },
    },
    equipment: &[
        equip(
            "imu",
            Device::Plain,
            Channel::ideal(100.0).late(0.002, 0.0002),
        ),
        equip(
            "wheels",
            Device::Wheels(Output::Speeds, Slip::NONE),
            Channel::ideal(50.0).late(0.002, 0.0002),
        ),
        equip(
            "uwb",
            Device::Radio(Radio::CLEAN),
            Channel::ideal(20.0).late(0.010, 0.005),
        ),
        equip("gnss", Device::Plain, Channel::ideal(5.0).late(0.10, 0.01)),
    ],
};

fn scene() -> Scene {
    Scene::open(Site {
        name: "Yard with anchors".to_owned(),
        datum: Some(DATUM),
        magnetic: Some(MAGNETIC),
        anchors: anchors(&[
            [-26.0, -20.0, 4.0],
            [26.0, -20.0, 6.5],
            [26.0, 20.0, 4.5],
            [-26.0, 20.0, 7.0],
            [0.0, -21.0, 5.5],
            [0.0, 21.0, 3.5],
        ]),
        ..Site::default()
    })
}
