//! A hall with radio, wheels and a magnetometer, the heading's only absolute source at rest.

use super::site::{MAGNETIC, anchors};
use super::{Channel, DRIVE, Device, Floor, Leg, Output, Radio, Route, Scenario, Slip, equip};
use crate::config::Site;
use crate::sim::scene::Scene;

pub(super) const COMPASS: Scenario = Scenario {
    name: "hall_compass",
    about: "A robot in a hall with UWB, wheels, gyro and magnetometer",
    scene,
    vehicle_toml: include_str!("compass.toml"),
    floor: Floor::flat(0.0),
    route: Route::Rounds {
        rounds: 3,
        leg: Leg {
            dwell_s: 5.0,
            backwards: false,
            pace: DRIVE,
            radius_m: 2.0,
            waypoints: &[[-12.0, -8.0], [12.0, -8.0], [12.0, 8.0], [-12.0, 8.0]],
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
        equip("magnetometer", Device::Plain, Channel::ideal(25.0)),
    ],
};

fn scene() -> Scene {
    Scene::open(Site {
        name: "Hall with a compass".to_owned(),
        magnetic: Some(MAGNETIC),
        anchors: anchors(&[
            [-15.0, -11.0, 3.0],
            [15.0, -11.0, 5.5],
            [15.0, 11.0, 4.5],
            [-15.0, 11.0, 6.0],
        ]),
        ..Site::default()
    })
}
