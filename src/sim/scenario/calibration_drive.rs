//! A drive that shows everything that can be learned of a tricycle's wheels: curves both ways,
//! forwards and backwards.

use super::{Channel, Device, Floor, Leg, Output, Pace, Route, Scenario, Slip, equip, site};

const CAREFUL: Pace = Pace {
    straight_mps: 1.0,
    turn_mps: 0.5,
    accel_mps2: 0.4,
};

const fn leg(backwards: bool, waypoints: &'static [[f64; 2]]) -> Leg {
    Leg {
        dwell_s: 2.0,
        backwards,
        pace: CAREFUL,
        radius_m: 1.5,
        waypoints,
    }
}

pub(super) const CALIBRATION_DRIVE: Scenario = Scenario {
    name: "calibration_drive",
    about: "A tricycle with encoders on its steered wheel, curves both ways, forwards and backwards",
    scene: site::yard,
    vehicle_toml: include_str!("calibration_drive.toml"),
    floor: Floor::flat(0.0),
    route: Route::Legs(&[
        leg(
            false,
            &[
                [0.0, 0.0],
                [10.0, 0.0],
                [10.0, 6.0],
                [18.0, 6.0],
                [18.0, -4.0],
                [6.0, -4.0],
            ],
        ),
        leg(true, &[[6.0, -4.0], [14.0, -4.0], [14.0, 4.0], [4.0, 4.0]]),
        leg(
            false,
            &[
                [4.0, 4.0],
                [16.0, 4.0],
                [16.0, 10.0],
                [0.0, 10.0],
                [0.0, 0.0],
            ],
        ),
        leg(true, &[[0.0, 0.0], [0.0, 8.0], [8.0, 8.0], [8.0, 0.0]]),
    ]),
    equipment: &[equip(
        "wheels",
        Device::Wheels(Output::Ticks, Slip::NONE),
        Channel::ideal(25.0),
    )],
};
