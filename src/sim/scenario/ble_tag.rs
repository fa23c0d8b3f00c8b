//! A tag that hears nothing but the strength of Bluetooth beacons.

use super::{Channel, Device, Floor, Leg, Pace, Route, Scenario, equip};
use crate::config::Site;
use crate::config::site::Beacon;
use crate::sim::scene::Scene;

const STROLL: Pace = Pace {
    straight_mps: 0.8,
    turn_mps: 0.5,
    accel_mps2: 0.4,
};

pub(super) const BLE_TAG: Scenario = Scenario {
    name: "ble_tag",
    about: "A tagged pallet that hears the strength of Bluetooth beacons and nothing else",
    scene,
    vehicle_toml: include_str!("ble_tag.toml"),
    floor: Floor::flat(1.1),
    route: Route::Rounds {
        rounds: 3,
        leg: Leg {
            dwell_s: 10.0,
            backwards: false,
            pace: STROLL,
            radius_m: 1.2,
            waypoints: &[
                [5.0, 5.0],
                [25.0, 5.0],
                [25.0, 15.0],
                [15.0, 15.0],
                [15.0, 10.0],
                [5.0, 10.0],
            ],
        },
    },
    equipment: &[equip(
        "ble",
        Device::Reach(18.0),
        Channel::ideal(10.0).late(0.10, 0.05),
    )],
};

fn scene() -> Scene {
    let places = [3.0, 11.0, 19.0, 27.0]
        .iter()
        .flat_map(|x| [2.0, 10.0, 18.0].map(|y| [*x, y, 3.5]));
    let beacon = |(i, position_m)| Beacon {
        id: format!("B{}", i + 1),
        position_m,
        power_dbm: Some(-59.0),
        path_loss_exponent: Some(2.1),
    };
    Scene::open(Site {
        name: "Store with beacons".to_owned(),
        beacons: places.enumerate().map(beacon).collect(),
        ..Site::default()
    })
}
