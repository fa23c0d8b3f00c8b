//! Time differences of arrival: a free-moving asset that only listens.

use super::site::anchors;
use super::{Channel, Device, Floor, Radio, Route, Scenario, WALK, equip};
use crate::config::Site;
use crate::sim::scene::Scene;

pub(super) const DIFFERENCES: Scenario = Scenario {
    name: "figure_eight_tdoa_imu",
    about: "A free-moving asset with IMU that listens to time differences of eight anchors",
    scene,
    vehicle_toml: include_str!("differences.toml"),
    floor: Floor::flat(0.0),
    route: Route::FigureEight {
        laps: 4,
        radius_m: 2.0,
        pace: WALK,
    },
    equipment: &[
        equip("imu", Device::Plain, Channel::ideal(100.0)),
        equip(
            "tdoa",
            Device::Differences(Radio::CLEAN),
            Channel::ideal(50.0).late(0.01, 0.005),
        ),
    ],
};

fn scene() -> Scene {
    Scene::open(Site {
        name: "Laboratory with eight anchors".to_owned(),
        anchors: anchors(&[
            [-10.0, -8.0, -0.8],
            [10.0, -8.0, 4.5],
            [10.0, 8.0, -0.6],
            [-10.0, 8.0, 4.0],
            [-10.0, -8.0, 4.2],
            [10.0, -8.0, -0.5],
            [10.0, 8.0, 4.6],
            [-10.0, 8.0, -0.9],
        ]),
        ..Site::default()
    })
}
