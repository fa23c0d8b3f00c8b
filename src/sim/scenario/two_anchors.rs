//! Two anchors only: what is on one side of the line between them could be on the other one, until a
//! turn tells.

use super::site::anchors;
use super::{Channel, DRIVE, Device, Floor, Leg, Output, Radio, Route, Scenario, Slip, equip};
use crate::config::Site;
use crate::sim::scene::Scene;

pub(super) const TWO_ANCHORS: Scenario = Scenario {
    name: "two_anchors",
    about: "Two anchors on one wall: the mirror image behind it, until wheels and gyro tell",
    scene,
    vehicle_toml: include_str!("two_anchors.toml"),
    floor: Floor::flat(0.0),
    route: Route::Rounds {
        rounds: 4,
        leg: Leg {
            dwell_s: 5.0,
            backwards: false,
            pace: DRIVE,
            radius_m: 1.5,
            waypoints: &[
                [5.0, 6.0],
                [25.0, 6.0],
                [25.0, 20.0],
                [12.0, 20.0],
                [12.0, 12.0],
                [5.0, 12.0],
            ],
        },
    },
    equipment: &[
        equip("imu", Device::Plain, Channel::ideal(100.0)),
        equip(
            "wheels",
            Device::Wheels(Output::Speeds, Slip::NONE),
            Channel::ideal(50.0),
        ),
        equip(
            "uwb",
            Device::Radio(Radio::CLEAN),
            Channel::ideal(10.0).late(0.010, 0.005),
        ),
    ],
};

fn scene() -> Scene {
    Scene::open(Site {
        name: "Hall with two anchors".to_owned(),
        anchors: anchors(&[[0.0, 0.0, 3.0], [30.0, 0.0, 4.0]]),
        ..Site::default()
    })
}
