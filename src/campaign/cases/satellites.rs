//! Trouble with satellites.

use super::super::case::Case;
use super::super::criterion::Criterion::{ErrorP95, Jump, Meets, Recovered, Tells};
use super::{BOUNDED_IN_FAULT, NO_JUMP, TWICE};
use crate::engine::Condition::{Contradiction, Misaligned, Refusing};
use crate::engine::Fate::{DownWeighted, Gated};
use crate::sim::fault::{Fault, Multipath, Silence, Span, WildFix, WrongDatum};

const SPIKE: Span = Span::new(30.0, 30.19);
const BURST: Span = Span::new(30.0, 33.0);
const DOOR: Span = Span::new(25.0, 40.0);
const OUTAGE: Span = Span::new(20.0, 40.0);

const fn wild(span: Span, off_m: [f64; 2], sigma_m: f64) -> Fault {
    Fault::WildFix(WildFix {
        source: "gnss",
        span,
        off_m,
        sigma_m,
    })
}

const fn multipath(span: Span) -> Fault {
    Fault::Multipath(Multipath {
        source: "gnss",
        span,
        mean_m: [2.0, -2.5],
        wander_m: 1.5,
        time_s: 4.0,
        sigma_m: 0.05,
    })
}

pub(super) const CASES: &[Case] = &[
    Case::nominal(
        "gnss_spike_30m",
        "One fix 30 m off that states 2 cm",
        "gnss_yard_wheels",
        60.0,
        &[TWICE, Jump(0.3), Meets("gnss", &[Gated]), BOUNDED_IN_FAULT],
    )
    .during(SPIKE, &[wild(SPIKE, [0.0, 30.0], 0.02)]),
    Case::nominal(
        "gnss_burst_30m",
        "Three seconds of fixes 30 m off that state 2 cm",
        "gnss_yard_wheels",
        60.0,
        &[
            TWICE,
            Jump(0.3),
            Tells(&[Refusing, Contradiction]),
            Recovered(3.0),
            BOUNDED_IN_FAULT,
        ],
    )
    .during(BURST, &[wild(BURST, [0.0, 30.0], 0.02)]),
    Case::nominal(
        "gnss_multipath_door",
        "15 s of reflections, 3 m on one side and wandering, that state 5 cm; ranges are there too",
        "hour",
        60.0,
        &[
            TWICE,
            Meets("gnss", &[Gated, DownWeighted]),
            Recovered(5.0),
            BOUNDED_IN_FAULT,
        ],
    )
    .during(DOOR, &[multipath(DOOR)])
    .judged_from(15.0),
    Case::nominal(
        "gnss_multipath_alone",
        "The same with nothing but wheels beside it",
        "gnss_yard_wheels",
        60.0,
        &[
            ErrorP95(4.0),
            Tells(&[Refusing, Contradiction]),
            Recovered(10.0),
            BOUNDED_IN_FAULT,
        ],
    )
    .during(DOOR, &[multipath(DOOR)])
    // Over ten seeds 4.3 m, 11 s and 39 %: nothing else on board says where it is.
    .missing(&[ErrorP95(4.0), Recovered(10.0), BOUNDED_IN_FAULT]),
    Case::nominal(
        "gnss_lost_20s",
        "No fix for 20 s on wheels alone, then all is well again",
        "gnss_yard_wheels",
        60.0,
        &[super::BOUNDED, NO_JUMP, Recovered(2.0)],
    )
    .during(
        OUTAGE,
        &[Fault::Silence(Silence {
            source: Some("gnss"),
            span: OUTAGE,
        })],
    ),
    Case::nominal(
        "wrong_datum",
        "The site file's datum is 2.5 m off; ranges are right",
        "hour",
        60.0,
        &[Tells(&[Misaligned, Contradiction]), BOUNDED_IN_FAULT],
    )
    .during(
        Span::from(0.0),
        &[Fault::WrongDatum(WrongDatum { off_m: [1.5, -2.0] })],
    )
    .judged_from(15.0)
    // It is told, and found to a decimetre or two within a minute; until then the level is too small.
    .missing(&[BOUNDED_IN_FAULT]),
];
