//! Places that are hard by themselves; nothing goes wrong.

use super::super::case::Case;
use super::super::criterion::Criterion::{ConfidentlyWrong, ErrorP95, Jump, Nees, Resets};
use super::BOUNDED;

pub(super) const CASES: &[Case] = &[
    Case::nominal(
        "yard_to_hall",
        "From satellites through a door to ranges, markers and beacons, and back: the handover",
        "forklift_day",
        260.0,
        &[ErrorP95(0.5), Nees(2.0), BOUNDED, Jump(0.5)],
    ),
    Case::nominal(
        "long_aisle",
        "160 m on odometry and 27 markers, and back on what that taught and four markers",
        "long_aisle",
        180.0,
        &[ErrorP95(0.5), Nees(1.5), BOUNDED],
    ),
    Case::nominal(
        "nlos_shelves",
        "Shelves stand between the robot and most anchors, and reflections last",
        "nlos_shelves",
        120.0,
        &[ErrorP95(0.5), Nees(2.0), BOUNDED],
    ),
    Case::nominal(
        "two_anchors_start",
        "Two anchors: the mirror image, until wheels and gyro tell the two apart",
        "two_anchors",
        60.0,
        &[BOUNDED],
    )
    .judged_from(0.0),
    Case::nominal(
        "two_anchors",
        "Two anchors, once the vehicle has turned a few corners",
        "two_anchors",
        60.0,
        &[ErrorP95(0.5), Nees(1.5), BOUNDED],
    )
    .judged_from(40.0),
    Case::nominal(
        "coplanar_anchors",
        "Anchors at one height over an asset whose height is free: the mirror image above them",
        "coplanar_anchors",
        60.0,
        &[ErrorP95(0.5), BOUNDED],
    ),
    Case::nominal(
        "ble_only",
        "A tag that hears the strength of beacons and nothing else",
        "ble_tag",
        120.0,
        &[ErrorP95(5.0), Nees(1.5), BOUNDED],
    )
    // One linearised filter follows the wrong side of a beacon for a while.
    .missing(&[ErrorP95(5.0), Nees(1.5), ConfidentlyWrong(5.0)]),
    Case::nominal(
        "tdoa",
        "Differences of arrival and an inertial unit",
        "figure_eight_tdoa_imu",
        40.0,
        &[ErrorP95(0.3), Nees(1.5), BOUNDED],
    ),
    Case::nominal(
        "robot",
        "Inertial unit, wheels, ranges and satellites: the twin of most cases below",
        "hour",
        60.0,
        &[ErrorP95(0.1), Nees(2.0), BOUNDED],
    )
    .judged_from(15.0),
    Case::nominal(
        "cold_start",
        "Place and heading unknown: the estimate must not be sure of a wrong one",
        "hour",
        60.0,
        &[ErrorP95(0.5), BOUNDED, Resets("start")],
    )
    .judged_from(0.0),
];
