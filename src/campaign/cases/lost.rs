//! Each sensor lost and back. What it gave is missed, but never in silence and never with a sure
//! wrong position; what was known through it alone comes back with it.

use super::super::case::Case;
use super::super::criterion::Criterion::{Recovered, TellsOf};
use super::{BOUNDED, Criterion, NO_JUMP};
use crate::engine::Condition::Silent;
use crate::sim::fault::{Fault, Silence, Span};

const ROBOT: Span = Span::new(25.0, 40.0);
/// In the hall, between shelves.
const FORKLIFT: Span = Span::new(80.0, 100.0);
const TRICYCLE: Span = Span::new(40.0, 60.0);

const fn silent(source: &'static str, span: Span) -> Fault {
    Fault::Silence(Silence {
        source: Some(source),
        span,
    })
}

const fn robot(
    name: &'static str,
    criteria: &'static [Criterion],
    faults: &'static [Fault],
) -> Case {
    Case::nominal(name, "Lost for 15 s, and back", "hour", 60.0, criteria)
        .judged_from(15.0)
        .during(ROBOT, faults)
}

const fn forklift(
    name: &'static str,
    criteria: &'static [Criterion],
    faults: &'static [Fault],
) -> Case {
    let about = "Lost for 20 s in the hall, and back";
    Case::nominal(name, about, "forklift_day", 115.0, criteria).during(FORKLIFT, faults)
}

pub(super) const CASES: &[Case] = &[
    robot(
        "lost_imu",
        &[TellsOf(Silent, "imu"), BOUNDED, NO_JUMP, Recovered(2.0)],
        &[silent("imu", ROBOT)],
    ),
    robot(
        "lost_wheels",
        &[TellsOf(Silent, "wheels"), BOUNDED, NO_JUMP, Recovered(2.0)],
        &[silent("wheels", ROBOT)],
    ),
    robot(
        "lost_uwb",
        &[TellsOf(Silent, "uwb"), BOUNDED, NO_JUMP, Recovered(2.0)],
        &[silent("uwb", ROBOT)],
    ),
    robot(
        "lost_gnss",
        &[TellsOf(Silent, "gnss"), BOUNDED, NO_JUMP, Recovered(2.0)],
        &[silent("gnss", ROBOT)],
    ),
    robot(
        "lost_all_absolute",
        &[
            TellsOf(Silent, "gnss"),
            TellsOf(Silent, "uwb"),
            BOUNDED,
            NO_JUMP,
            Criterion::SigmaGrows(2.0),
            Recovered(2.0),
        ],
        &[silent("gnss", ROBOT), silent("uwb", ROBOT)],
    ),
    Case::nominal(
        "lost_camera",
        "The only absolute source is lost for 20 s, and back",
        "aisle_markers_wheels_only",
        100.0,
        &[BOUNDED, Criterion::SigmaGrows(2.0), Recovered(5.0)],
    )
    .during(TRICYCLE, &[silent("camera", TRICYCLE)]),
    Case::nominal(
        "lost_steering",
        "No steering angle for 20 s, and back",
        "aisle_markers_wheels_only",
        100.0,
        &[TellsOf(Silent, "steering"), BOUNDED, Recovered(8.0)],
    )
    .during(TRICYCLE, &[silent("steering", TRICYCLE)]),
    forklift(
        "lost_magnetometer",
        &[TellsOf(Silent, "magnetometer"), BOUNDED, Recovered(2.0)],
        &[silent("magnetometer", FORKLIFT)],
    ),
    forklift(
        "lost_barometer",
        &[TellsOf(Silent, "barometer"), BOUNDED, Recovered(2.0)],
        &[silent("barometer", FORKLIFT)],
    ),
    forklift(
        "lost_markers",
        &[BOUNDED, Recovered(2.0)],
        &[silent("camera", FORKLIFT)],
    ),
    forklift(
        "lost_ble",
        &[BOUNDED, Recovered(2.0)],
        &[silent("ble", FORKLIFT)],
    ),
    forklift(
        "lost_portal",
        &[BOUNDED, Recovered(2.0)],
        &[silent("portal", FORKLIFT)],
    ),
];
