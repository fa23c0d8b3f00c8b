//! Anchors in one plane: what moves below it could move above it.

use super::site::anchors;
use super::{Channel, Device, Floor, Radio, Route, Scenario, WALK, equip};
use crate::config::Site;
use crate::sim::scene::Scene;

pub(super) const COPLANAR: Scenario = Scenario {
    name: "coplanar_anchors",
    about: "A free-moving asset with IMU under anchors at one height: its mirror image above them",
    scene,
    vehicle_toml: include_str!("coplanar.toml"),
    floor: Floor::flat(1.0),
    route: Route::FigureEight {
        laps: 4,
        radius_m: 2.0,
        pace: WALK,
    },
    equipment: &[
        equip("imu", Device::Plain, Channel::ideal(100.0)),
        equip(
            "uwb",
            Device::Radio(Radio::CLEAN),
            Channel::ideal(20.0).late(0.01, 0.005),
        ),
    ],
};

fn scene() -> Scene {
    Scene::open(Site {
        name: "Laboratory with anchors at one height".to_owned(),
        anchors: anchors(&[
            [-14.0, -10.0, 3.0],
            [14.0, -10.0, 3.0],
            [14.0, 10.0, 3.0],
            [-14.0, 10.0, 3.0],
            [0.0, -10.0, 3.0],
            [0.0, 10.0, 3.0],
        ]),
        ..Site::default()
    })
}
