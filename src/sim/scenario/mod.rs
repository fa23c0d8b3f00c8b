//! The scenarios, as one table: where, with what, along which route, and how samples travel.

mod ble_tag;
mod calibration_drive;
mod carried;
mod compass;
mod coplanar;
mod differences;
mod forklift_day;
mod hour;
mod long_aisle;
mod shelves;
mod site;
mod two_anchors;

pub use carried::CARRIED_S;

use super::channel::Channel;
use super::path::{Path, Segment};
use super::scene::Scene;
use super::sensor::{Device, Output, Radio, Slip};
use super::speed::Pace;
use super::truth::{Floor, Trajectory};

/// A scenario.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What happens in it.
    pub about: &'static str,
    /// Where.
    pub scene: fn() -> Scene,
    /// With what, as vehicle.toml.
    pub vehicle_toml: &'static str,
    /// Height of the floor (or of the hand that carries the tag).
    pub floor: Floor,
    /// Along which route.
    pub route: Route,
    /// How its sources behave.
    pub equipment: &'static [Equipment],
}

/// A route.
#[derive(Clone, Copy, Debug)]
pub enum Route {
    /// One leg after the other, each from standstill to standstill.
    Legs(&'static [Leg]),
    /// One leg, its corners again and again; the last corner leads to the first.
    Rounds {
        /// How often.
        rounds: usize,
        /// The leg.
        leg: Leg,
    },
    /// A figure eight around the origin, again and again.
    FigureEight {
        /// How often.
        laps: usize,
        /// Tightest radius [m]; the loops are about three times as wide.
        radius_m: f64,
        /// How fast.
        pace: Pace,
    },
}

/// A stretch from standstill to standstill.
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    /// Stands before it for this long [s].
    pub dwell_s: f64,
    /// Driven backwards.
    pub backwards: bool,
    /// How fast.
    pub pace: Pace,
    /// Tightest radius of its corners [m].
    pub radius_m: f64,
    /// Its corners [m]; it begins where the last leg ended.
    pub waypoints: &'static [[f64; 2]],
}

/// How a source of vehicle.toml behaves.
#[derive(Clone, Copy, Debug)]
pub struct Equipment {
    /// Its name in vehicle.toml.
    pub source: &'static str,
    /// What vehicle.toml does not say of it.
    pub device: Device,
    /// How its samples travel.
    pub channel: Channel,
}

const fn equip(source: &'static str, device: Device, channel: Channel) -> Equipment {
    Equipment {
        source,
        device,
        channel,
    }
}

const WALK: Pace = Pace {
    straight_mps: 1.3,
    turn_mps: 0.8,
    accel_mps2: 0.7,
};
const DRIVE: Pace = Pace {
    straight_mps: 2.0,
    turn_mps: 1.0,
    accel_mps2: 0.6,
};

const AISLES: Scenario = Scenario {
    name: "aisle_markers_wheels_only",
    about: "A tricycle along aisles with ceiling markers, wheel ticks and steering, no gyro",
    scene: site::aisles,
    vehicle_toml: include_str!("aisle_markers.toml"),
    floor: Floor::flat(0.0),
    route: Route::Legs(&[Leg {
        dwell_s: 3.0,
        backwards: false,
        pace: DRIVE,
        radius_m: 1.3,
        waypoints: &[
            [4.0, 4.0],
            [40.0, 4.0],
            [40.0, 10.0],
            [4.0, 10.0],
            [4.0, 16.0],
            [40.0, 16.0],
            [40.0, 22.0],
            [4.0, 22.0],
            [4.0, 4.0],
        ],
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

/// All of them.
pub static SCENARIOS: [Scenario; 16] = [
    forklift_day::FORKLIFT_DAY,
    hour::HOUR,
    calibration_drive::CALIBRATION_DRIVE,
    Scenario {
        name: "figure_eight_uwb_imu",
        about: "A free-moving asset with IMU and UWB among six anchors, clean ranges",
        scene: site::laboratory,
        vehicle_toml: include_str!("figure_eight.toml"),
        floor: Floor::flat(0.0),
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
    },
    Scenario {
        name: "gnss_yard_wheels",
        about: "A differential-drive robot on an open yard with wheel speeds and satellites",
        scene: site::yard,
        vehicle_toml: include_str!("gnss_yard.toml"),
        floor: Floor::flat(0.0),
        route: Route::Legs(&[Leg {
            dwell_s: 5.0,
            backwards: false,
            pace: DRIVE,
            radius_m: 3.0,
            waypoints: &[
                [0.0, 0.0],
                [60.0, 0.0],
                [60.0, 40.0],
                [-40.0, 40.0],
                [-40.0, -40.0],
                [80.0, -40.0],
                [80.0, 20.0],
                [20.0, 20.0],
                [20.0, -20.0],
                [-20.0, -20.0],
            ],
        }]),
        equipment: &[
            equip(
                "wheels",
                Device::Wheels(Output::Speeds, Slip::NONE),
                Channel::ideal(20.0),
            ),
            equip("gnss", Device::Plain, Channel::ideal(5.0).late(0.05, 0.01)),
        ],
    },
    AISLES,
    Scenario {
        name: "tag_only",
        about: "A tag carried at hip height that has nothing but UWB",
        scene: site::laboratory,
        vehicle_toml: include_str!("tag_only.toml"),
        floor: Floor::flat(1.1),
        route: Route::FigureEight {
            laps: 4,
            radius_m: 1.5,
            pace: WALK,
        },
        equipment: &[equip(
            "uwb",
            Device::Radio(Radio::CLEAN),
            Channel::ideal(20.0).late(0.02, 0.01),
        )],
    },
    long_aisle::LONG_AISLE,
    shelves::SHELVES,
    two_anchors::TWO_ANCHORS,
    coplanar::COPLANAR,
    differences::DIFFERENCES,
    ble_tag::BLE_TAG,
    compass::COMPASS,
    carried::CARRIED_RADIO,
    carried::CARRIED_MARKERS,
];

/// The scenario of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

impl Scenario {
    /// Its route as a trajectory.
    #[must_use]
    pub fn trajectory(&self) -> Trajectory {
        let start = Trajectory::new(self.floor);
        match self.route {
            Route::Legs(legs) => legs.iter().fold(start, |drive, leg| {
                let path = Path::through(leg.waypoints, leg.radius_m);
                drive.then(leg.dwell_s, path, leg.pace, leg.backwards)
            }),
            Route::Rounds { rounds, leg } => {
                let path = Path::through(&leg.waypoints.repeat(rounds), leg.radius_m);
                start.then(leg.dwell_s, path, leg.pace, leg.backwards)
            }
            Route::FigureEight {
                laps,
                radius_m,
                pace,
            } => {
                /// Time at rest before the first lap [s].
                const STANDS_S: f64 = 3.0;
                let path = figure_eight(laps, radius_m);
                start.then(STANDS_S, path, pace, false)
            }
        }
    }
}

/// Two equal loops to either side, joined by straights that cross in the origin.
fn figure_eight(laps: usize, radius_m: f64) -> Path {
    use std::f64::consts::{FRAC_PI_4, PI};
    let straight_m = 1.5 * radius_m;
    // A loop of angle θ has a chord c along θ/2; the eight closes where c + d·cos(θ/2) = 0, which
    // lies between a half turn (c > 0) and three quarters (c < 0).
    let gap = |angle_rad: f64| {
        let path = Path::new(
            [0.0; 2],
            -angle_rad / 2.0,
            &[Segment::Turn {
                angle_rad,
                radius_m,
            }],
        );
        path.at(path.length_m()).xy_m.x + straight_m * (angle_rad / 2.0).cos()
    };
    let (mut low, mut high) = (PI, 1.5 * PI);
    while high - low > 1e-14 * high {
        let middle = (low + high) / 2.0;
        (low, high) = if gap(middle) > 0.0 {
            (middle, high)
        } else {
            (low, middle)
        };
    }
    let half = Segment::Straight(straight_m / 2.0);
    let left = Segment::Turn {
        angle_rad: low,
        radius_m,
    };
    let right = Segment::Turn {
        angle_rad: -low,
        radius_m,
    };
    let lap = [half, left, Segment::Straight(straight_m), right, half];
    Path::new([0.0; 2], FRAC_PI_4, &lap.repeat(laps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figure_eights_close() {
        let path = figure_eight(3, 2.0);
        assert!(path.at(path.length_m()).xy_m.norm() < 1e-9);
    }

    #[test]
    fn routes_do_not_jump() {
        for scenario in &SCENARIOS {
            let drive = scenario.trajectory();
            let mut last = drive.at(0.0);
            let steps = (drive.duration_s() * 20.0) as u32 + 20;
            for i in 1..steps {
                let t = f64::from(i) / 20.0;
                let state = drive.at(t);
                let moved = (state.position_m - last.position_m).norm();
                let turned = state.attitude.angle_to(&last.attitude);
                let jumps = moved > 0.15 || turned > 0.1;
                // Not while it drives, and only where the vehicle is carried off.
                let is_carried = scenario.name.starts_with("carried")
                    && (CARRIED_S[0]..CARRIED_S[1]).contains(&t);
                assert!(!jumps || is_carried, "{} at {t} s", scenario.name);
                last = state;
            }
        }
    }
}
