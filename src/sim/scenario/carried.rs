//! Carried off: a vehicle stands, is lifted and put down elsewhere, and drives on.
//!
//! The second leg begins where the first did not end; what its sensors say on the way there is for a
//! fault to take out.

use super::hour::HOUR;
use super::{AISLES, DRIVE, Leg, Route, Scenario};

/// When the vehicles have come to stand, and when they stand in their new place, just before they
/// drive on \[s\].
pub const CARRIED_S: [f64; 2] = [49.0, 240.0];

const fn leg(dwell_s: f64, waypoints: &'static [[f64; 2]]) -> Leg {
    Leg {
        dwell_s,
        backwards: false,
        pace: DRIVE,
        radius_m: 1.3,
        waypoints,
    }
}

pub(super) const CARRIED_RADIO: Scenario = Scenario {
    name: "carried_radio",
    about: "A robot with IMU, wheels and ranges that is carried 30 m away and turned",
    route: Route::Legs(&[
        leg(5.0, &[[-20.0, -15.0], [20.0, -15.0], [20.0, 0.0]]),
        leg(197.0, &[[-12.0, 10.0], [-12.5, 10.0]]),
        leg(
            5.0,
            &[[-12.5, 10.0], [-20.0, 10.0], [-20.0, -15.0], [10.0, -15.0]],
        ),
    ]),
    ..HOUR
};

pub(super) const CARRIED_MARKERS: Scenario = Scenario {
    name: "carried_markers",
    about: "A tricycle on odometry and markers that is carried to another aisle and turned",
    route: Route::Legs(&[
        leg(5.0, &[[4.0, 4.0], [40.0, 4.0], [40.0, 10.0], [22.0, 10.0]]),
        leg(192.5, &[[12.5, 22.0], [13.0, 22.0]]),
        leg(
            5.0,
            &[[13.0, 22.0], [40.0, 22.0], [40.0, 16.0], [4.0, 16.0]],
        ),
    ]),
    ..AISLES
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_stand_before_and_are_elsewhere_after() {
        let [from_s, to_s] = CARRIED_S;
        for scenario in [CARRIED_RADIO, CARRIED_MARKERS] {
            let name = scenario.name;
            let drive = scenario.trajectory();
            let step_m = |t_s: f64| drive.at(t_s + 0.01).position_m - drive.at(t_s).position_m;
            let jumps: Vec<f64> = (0..30_000)
                .map(|i| 0.01 * f64::from(i))
                .filter(|t_s| step_m(*t_s).norm() > 1.0)
                .collect();
            let is_just_before = |t_s: f64| (to_s - 1.0..to_s).contains(&t_s);
            assert!(
                jumps.len() == 1 && is_just_before(jumps[0]),
                "{name} {jumps:?}"
            );
            assert!(step_m(jumps[0]).norm() > 10.0, "{name}");
            let (before, after) = (drive.at(from_s), drive.at(to_s));
            assert_eq!(before.velocity_mps.norm(), 0.0, "{name}");
            assert!(after.attitude.angle_to(&before.attitude) > 1.0, "{name}");
        }
    }
}
