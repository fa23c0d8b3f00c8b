//! Trouble with clocks and networks.

use super::super::case::Case;
use super::super::criterion::Criterion::{ErrorRatio, Meets, Quiet, Recovered, TellsOf};
use super::{BOUNDED, BOUNDED_IN_FAULT, Criterion, TWICE};
use crate::engine::Condition::ClockFault;
use crate::engine::Fate::{Duplicate, TooLate};
use crate::sim::fault::{Clock, Duplicates, Fault, Late, Shuffled, Span};

const SPAN: Span = Span::new(25.0, 35.0);
const LONG: Span = Span::new(20.0, 50.0);

const fn clock(source: &'static str, span: Span, ahead_s: f64, drift: f64) -> Fault {
    Fault::Clock(Clock {
        source: Some(source),
        span,
        ahead_s,
        drift,
    })
}

const fn late(source: Option<&'static str>, span: Span, by_s: f64) -> Fault {
    Fault::Late(Late { source, span, by_s })
}

const fn robot(name: &'static str, about: &'static str, criteria: &'static [Criterion]) -> Case {
    Case::nominal(name, about, "hour", 60.0, criteria).judged_from(15.0)
}

pub(super) const CASES: &[Case] = &[
    robot(
        "clock_ahead_1s",
        "The satellites' stamps are a second ahead for ten",
        &[
            TWICE,
            TellsOf(ClockFault, "gnss"),
            BOUNDED_IN_FAULT,
            Recovered(5.0),
        ],
    )
    .during(SPAN, &[clock("gnss", SPAN, 1.0, 0.0)])
    // Two fixes are used before the order of arrival shows the jump.
    .missing(&[TWICE]),
    robot(
        "clock_ahead_5s",
        "The ranges' stamps are five seconds ahead for ten",
        &[
            TWICE,
            TellsOf(ClockFault, "uwb"),
            BOUNDED_IN_FAULT,
            Recovered(5.0),
        ],
    )
    .during(SPAN, &[clock("uwb", SPAN, 5.0, 0.0)]),
    robot(
        "clock_behind_1s",
        "The satellites' stamps are a second behind for ten",
        &[
            TWICE,
            TellsOf(ClockFault, "gnss"),
            BOUNDED_IN_FAULT,
            Recovered(5.0),
        ],
    )
    .during(SPAN, &[clock("gnss", SPAN, -1.0, 0.0)]),
    robot(
        "clock_ahead_1h",
        "The inertial unit's stamps are an hour ahead for ten seconds",
        &[
            TWICE,
            TellsOf(ClockFault, "imu"),
            BOUNDED_IN_FAULT,
            Recovered(5.0),
        ],
    )
    .during(SPAN, &[clock("imu", SPAN, 3600.0, 0.0)]),
    robot(
        "clock_drift",
        "The satellites' clock gains 2 % for half a minute: 0.6 s, or a metre, at its end",
        &[
            TWICE,
            TellsOf(ClockFault, "gnss"),
            BOUNDED_IN_FAULT,
            Recovered(5.0),
        ],
    )
    .during(LONG, &[clock("gnss", LONG, 0.0, 0.02)])
    // Below a tenth of a second the drift looks like any latency.
    .missing(&[TWICE]),
    robot(
        "latency_400ms",
        "Satellites and ranges arrive 400 ms later than usual",
        // That they are late may be told.
        &[TWICE, BOUNDED, Recovered(1.0)],
    )
    .during(
        LONG,
        &[late(Some("gnss"), LONG, 0.4), late(Some("uwb"), LONG, 0.4)],
    ),
    robot(
        "latency_400ms_all",
        "All sources arrive 400 ms later than usual: the estimate is carried ahead by as much",
        &[ErrorRatio(5.0), Recovered(1.0)],
    )
    .during(LONG, &[late(None, LONG, 0.4)]),
    robot(
        "latency_3s",
        "Satellites arrive three seconds late, beyond the horizon",
        &[
            TWICE,
            Meets("gnss", &[TooLate]),
            TellsOf(ClockFault, "gnss"),
            BOUNDED,
        ],
    )
    .during(LONG, &[late(Some("gnss"), LONG, 3.0)]),
    robot(
        "duplicates_20_percent",
        "A fifth of all samples arrives twice, within 0.3 s",
        &[ErrorRatio(1.05), Meets("imu", &[Duplicate]), Quiet, BOUNDED],
    )
    .during(
        Span::from(0.0),
        &[Fault::Duplicates(Duplicates {
            share: 0.2,
            within_s: 0.3,
        })],
    ),
    robot(
        "shuffled",
        "All samples overtake one another within 0.1 s",
        &[TWICE, Quiet, BOUNDED],
    )
    .during(
        Span::from(0.0),
        &[Fault::Shuffled(Shuffled { within_s: 0.1 })],
    ),
];
