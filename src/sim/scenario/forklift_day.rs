//! The demo: a fork-lift leaves a yard with satellites, enters a hall through a portal, drives
//! aisles under ceiling markers between magnetised racks, with UWB in one half and BLE in the
//! other, fetches a pallet backwards, and returns to the yard.
//!
//! ```text
//!    y                     hall 60 × 40, racks along x, aisles at y = 16, 22, 28
//!  35 +---- yard ----+  +------------- UWB ------+------- BLE -----------+
//!     |              |  |   ==== 30..33 ==========================       |
//!     |              |  |   28 ----->------------------------------.     |
//!     |              |  |   ==== 24..26 ==========================       |
//!     |              |  |   22 <------- dock at 19 ----------------.     |
//!     |              |  |   ==== 18..20 ==========================       |
//!     |              |  |   16 ----->------------------------------.     |
//!     |              |  |   ==== 11..14 ==========================       |
//!   8 +------ ramp ---- door ----------------------------------------    |
//! ```

use super::super::scene::{Block, Scene};
use super::site::{DATUM, MAGNETIC, anchors, markers};
use super::{Channel, Device, Floor, Leg, Output, Pace, Radio, Route, Scenario, Slip, equip};
use crate::config::Site;
use crate::config::site::{Beacon, Portal, Zone, ZoneKind};

const LOADED: Pace = Pace {
    straight_mps: 1.8,
    turn_mps: 0.9,
    accel_mps2: 0.6,
};
const CAREFUL: Pace = Pace {
    straight_mps: 0.8,
    turn_mps: 0.6,
    accel_mps2: 0.4,
};

pub(super) const FORKLIFT_DAY: Scenario = Scenario {
    name: "forklift_day",
    about: "A fork-lift from the yard through the hall and back: every source, every trouble",
    scene,
    vehicle_toml: include_str!("forklift.toml"),
    floor: Floor {
        low_m: -0.2,
        high_m: 0.0,
        from_x_m: -10.0,
        to_x_m: -4.0,
    },
    route: Route::Legs(&[
        Leg {
            dwell_s: 8.0,
            backwards: false,
            pace: LOADED,
            radius_m: 1.4,
            waypoints: &[
                [-40.0, 35.0],
                [-18.0, 35.0],
                [-18.0, 8.0],
                [6.0, 8.0],
                [6.0, 16.0],
                [54.0, 16.0],
                [54.0, 22.0],
                [20.0, 22.0],
            ],
        },
        Leg {
            dwell_s: 15.0,
            backwards: true,
            pace: CAREFUL,
            radius_m: 1.4,
            waypoints: &[[20.0, 22.0], [28.0, 22.0]],
        },
        Leg {
            dwell_s: 6.0,
            backwards: false,
            pace: LOADED,
            radius_m: 1.4,
            waypoints: &[
                [28.0, 22.0],
                [6.0, 22.0],
                [6.0, 28.0],
                [54.0, 28.0],
                [54.0, 12.0],
            ],
        },
        Leg {
            dwell_s: 12.0,
            backwards: false,
            pace: LOADED,
            radius_m: 1.4,
            waypoints: &[
                [54.0, 12.0],
                [54.0, 8.0],
                [-18.0, 8.0],
                [-18.0, 35.0],
                [-38.0, 35.0],
            ],
        },
    ]),
    equipment: &[
        equip(
            "imu",
            Device::Plain,
            Channel::ideal(100.0).late(0.004, 0.001).lossy(0.001, 0.0),
        ),
        equip(
            "wheels",
            Device::Wheels(
                Output::Ticks,
                Slip {
                    rate_hz: 0.5,
                    share: 0.15,
                },
            ),
            Channel::ideal(50.0).late(0.010, 0.003),
        ),
        equip(
            "steering",
            Device::Plain,
            Channel::ideal(50.0).late(0.010, 0.003),
        ),
        equip("gnss", Device::Plain, Channel::ideal(5.0).late(0.18, 0.02)),
        equip(
            "uwb",
            Device::Radio(Radio {
                reach_m: 30.0,
                blocked_mean_m: 0.5,
                outliers: 0.01,
            }),
            Channel::ideal(20.0).late(0.03, 0.02).lossy(0.05, 0.01),
        ),
        equip(
            "ble",
            Device::Reach(18.0),
            Channel::ideal(10.0).late(0.10, 0.10).lossy(0.0, 0.02),
        ),
        equip(
            "magnetometer",
            Device::Plain,
            Channel::ideal(25.0).late(0.01, 0.002),
        ),
        equip(
            "camera",
            Device::Plain,
            Channel::ideal(5.0).late(0.12, 0.03),
        ),
        equip(
            "portal",
            Device::Plain,
            Channel::ideal(20.0).late(0.25, 0.05),
        ),
        equip(
            "barometer",
            Device::Plain,
            Channel::ideal(5.0).late(0.02, 0.005),
        ),
    ],
};

fn rack(y_low: f64, y_high: f64) -> Block {
    Block {
        low_m: [10.0, y_low],
        high_m: [50.0, y_high],
        height_m: 5.0,
    }
}

fn rectangle([x0, y0]: [f64; 2], [x1, y1]: [f64; 2]) -> Vec<[f64; 2]> {
    vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
}

fn scene() -> Scene {
    let hall = Block {
        low_m: [0.0, 0.0],
        high_m: [60.0, 40.0],
        height_m: 8.0,
    };
    let racks = vec![
        rack(11.0, 14.0),
        rack(18.0, 20.0),
        rack(24.0, 26.0),
        rack(30.0, 33.0),
    ];
    let zone = |id: &str, kind, low, high| Zone {
        id: id.to_owned(),
        kind,
        polygon_m: rectangle(low, high),
    };
    let mut zones = vec![
        zone("hall", ZoneKind::Indoor, hall.low_m, hall.high_m),
        zone("yard", ZoneKind::Outdoor, [-60.0, -20.0], [0.0, 60.0]),
    ];
    zones.extend(racks.iter().enumerate().map(|(i, rack)| {
        let near = |x: [f64; 2], by: f64| [x[0] + by, x[1] + by];
        let (low, high) = (near(rack.low_m, -1.0), near(rack.high_m, 1.0));
        zone(
            &format!("rack {}", i + 1),
            ZoneKind::MagneticDisturbance,
            low,
            high,
        )
    }));
    let along: Vec<f64> = (0..7).map(|i| 13.0 + 6.0 * f64::from(i)).collect();
    let mut ceiling = markers("aisle-", &along, &[16.0, 22.0, 28.0], 6.2);
    ceiling.extend(markers(
        "lane-",
        &[3.0, 6.0, 18.0, 30.0, 42.0, 54.0],
        &[8.0],
        6.2,
    ));
    let portal = |id: &str, position_m, yaw_deg, width_m, sigma_m| Portal {
        id: id.to_owned(),
        position_m,
        yaw_deg,
        width_m,
        sigma_m,
    };
    Scene {
        site: Site {
            name: "Warehouse with yard".to_owned(),
            datum: Some(DATUM),
            magnetic: Some(MAGNETIC),
            anchors: anchors(&[
                [1.0, 1.0, 6.5],
                [29.0, 1.0, 4.2],
                [1.0, 39.0, 3.5],
                [29.0, 39.0, 6.8],
                [15.0, 9.5, 7.0],
                [15.0, 34.5, 6.0],
                [2.0, 22.0, 3.0],
                [32.0, 22.0, 7.2],
            ]),
            beacons: beacons(),
            markers: ceiling,
            portals: vec![
                portal("west door", [0.0, 8.0, 1.5], Some(0.0), 4.0, 0.25),
                portal("dock", [19.2, 22.0, 0.0], None, 0.8, 0.15),
            ],
            zones,
            ..Site::default()
        },
        hall: Some(hall),
        racks,
    }
}

/// In the eastern half, over the aisles and along the walls.
fn beacons() -> Vec<Beacon> {
    let places = [36.0, 44.0, 52.0, 58.0]
        .iter()
        .flat_map(|x| [5.0, 16.0, 22.0, 28.0].map(|y| [*x, y, 5.5]));
    let beacon = |(i, position_m)| Beacon {
        id: format!("B{}", i + 1),
        position_m,
        power_dbm: Some(-59.0),
        path_loss_exponent: Some(2.1),
    };
    places.enumerate().map(beacon).collect()
}
