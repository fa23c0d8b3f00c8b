//! A hall whose shelves stand between most anchors and the vehicle.
//!
//! ```text
//!  24 +-----------------------------------------+
//!     |   21 ---->----------------------------. |
//!     |       ===== 17..19 ==================  | |
//!     |   15 <---------------------------------' |
//!     |       ===== 11..13 ==================    |
//!     |    9 ---->----------------------------.  |
//!     |       ===== 5..7 ====================  | |
//!     |    3 <---------------------------------' |
//!   0 +-----------------------------------------+
//!     0                                        40
//! ```

use super::super::scene::{Block, Scene};
use super::site::anchors;
use super::{Channel, Device, Floor, Leg, Output, Pace, Radio, Route, Scenario, Slip, equip};
use crate::config::Site;

const AISLE: Pace = Pace {
    straight_mps: 1.5,
    turn_mps: 0.8,
    accel_mps2: 0.5,
};

pub(super) const SHELVES: Scenario = Scenario {
    name: "nlos_shelves",
    about: "A robot between shelves that stand between it and most UWB anchors; IMU and wheels",
    scene,
    vehicle_toml: include_str!("shelves.toml"),
    floor: Floor::flat(0.0),
    route: Route::Rounds {
        rounds: 2,
        leg: Leg {
            dwell_s: 5.0,
            backwards: false,
            pace: AISLE,
            radius_m: 1.2,
            waypoints: &[
                [3.0, 3.0],
                [3.0, 9.0],
                [37.0, 9.0],
                [37.0, 15.0],
                [3.0, 15.0],
                [3.0, 21.0],
                [37.0, 21.0],
                [37.0, 3.0],
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
            Device::Radio(Radio {
                reach_m: 45.0,
                blocked_mean_m: 0.6,
                outliers: 0.01,
            }),
            Channel::ideal(20.0).late(0.010, 0.005),
        ),
    ],
};

fn scene() -> Scene {
    let shelf = |low: f64| Block {
        low_m: [8.0, low],
        high_m: [32.0, low + 2.0],
        height_m: 5.0,
    };
    Scene {
        racks: vec![shelf(5.0), shelf(11.0), shelf(17.0)],
        ..Scene::open(Site {
            name: "Hall with shelves".to_owned(),
            anchors: anchors(&[
                [1.0, 1.0, 3.0],
                [39.0, 1.0, 5.5],
                [1.0, 23.0, 5.0],
                [39.0, 23.0, 3.5],
                [20.0, 0.5, 6.5],
                [20.0, 23.5, 6.0],
                [0.5, 12.0, 6.5],
                [39.5, 12.0, 4.5],
            ]),
            ..Site::default()
        })
    }
}
