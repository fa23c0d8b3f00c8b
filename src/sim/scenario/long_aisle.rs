//! A long aisle on odometry and markers: a marker every six metres on the way out, every forty on
//! the way back, which shows what was learned.

use super::site::markers;
use super::{Channel, DRIVE, Device, Floor, Leg, Output, Route, Scenario, Slip, equip};
use crate::config::Site;
use crate::sim::scene::Scene;

pub(super) const LONG_AISLE: Scenario = Scenario {
    name: "long_aisle",
    about: "160 m out under a marker every 6 m, and back under one every 40 m; wheels and steering",
    scene,
    vehicle_toml: include_str!("aisle_markers.toml"),
    floor: Floor::flat(0.0),
    route: Route::Legs(&[Leg {
        dwell_s: 3.0,
        backwards: false,
        pace: DRIVE,
        radius_m: 1.5,
        waypoints: &[[0.0, 0.0], [164.0, 0.0], [164.0, 14.0], [0.0, 14.0]],
    }]),
    equipment: &[
        equip(
            "wheels",
            Device::Wheels(Output::Ticks, Slip::NONE),
            Channel::ideal(50.0),
        ),
        equip("steering", Device::Jitter(0.014), Channel::ideal(100.0)),
        equip(
            "camera",
            Device::Plain,
            Channel::ideal(5.0).late(0.08, 0.01),
        ),
    ],
};

fn scene() -> Scene {
    let out_m: Vec<f64> = (0..27).map(|i| 2.0 + 6.0 * f64::from(i)).collect();
    let mut all = markers("M", &out_m, &[0.0], 6.0);
    all.extend(markers("N", &[5.0, 45.0, 85.0, 125.0], &[14.0], 6.0));
    for marker in &mut all {
        marker.sigma_m = 5e-4;
    }
    Scene::open(Site {
        name: "Long aisle".to_owned(),
        markers: all,
        ..Site::default()
    })
}
