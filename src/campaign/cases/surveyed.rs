//! Trouble with what the site file says of anchors and markers.

use super::super::case::Case;
use super::super::criterion::Criterion::{ErrorRatio, Recovered, Tells, TellsOf};
use super::{BOUNDED_IN_FAULT, TWICE};
use crate::engine::Condition::{Contradiction, Missurveyed};
use crate::sim::fault::{Fault, MissurveyedMarker, MovedAnchor, Span, SwappedMarkers};

const MOVED: Span = Span::from(20.0);
/// While the camera sees M4, and M4 or M5; the site file is wrong all the time.
const M4_SEEN: Span = Span::new(11.5, 16.0);
const M5_SEEN: Span = Span::new(11.5, 19.0);

const fn moved(by_m: [f64; 3]) -> Fault {
    Fault::MovedAnchor(MovedAnchor {
        source: "uwb",
        anchor: "A3",
        span: MOVED,
        by_m,
    })
}

pub(super) const CASES: &[Case] = &[
    Case::nominal(
        "anchor_moved",
        "One of six anchors is moved by 2 m; the inertial unit has nothing else",
        "figure_eight_uwb_imu",
        60.0,
        &[
            TWICE,
            Tells(&[Missurveyed, Contradiction]),
            TellsOf(Missurveyed, "A3"),
            BOUNDED_IN_FAULT,
        ],
    )
    .during(MOVED, &[moved([-1.6, -1.2, 0.0])]),
    Case::nominal(
        "anchor_moved_robot",
        "The same with wheels and satellites beside it",
        "hour",
        60.0,
        &[TWICE, TellsOf(Missurveyed, "A3"), BOUNDED_IN_FAULT],
    )
    .during(MOVED, &[moved([-1.6, -1.2, 0.0])])
    .judged_from(15.0),
    Case::nominal(
        "anchor_moved_tag",
        "The same for a tag that hears nothing but ranges",
        "tag_only",
        40.0,
        &[
            ErrorRatio(3.0),
            Tells(&[Missurveyed, Contradiction]),
            BOUNDED_IN_FAULT,
        ],
    )
    .during(MOVED, &[moved([-1.6, -1.2, 0.0])]),
    Case::nominal(
        "marker_missurveyed",
        "One of 28 markers is 0.6 m from where the site file has it",
        "aisle_markers_wheels_only",
        100.0,
        &[
            TWICE,
            TellsOf(Missurveyed, "M4"),
            BOUNDED_IN_FAULT,
            Recovered(5.0),
        ],
    )
    .during(
        M4_SEEN,
        &[Fault::MissurveyedMarker(MissurveyedMarker {
            marker: "M4",
            off_m: [0.5, 0.33, 0.0],
        })],
    ),
    Case::nominal(
        "markers_swapped",
        "Two neighbouring markers hang in one another's place",
        "aisle_markers_wheels_only",
        100.0,
        &[
            TWICE,
            TellsOf(Missurveyed, "M4"),
            TellsOf(Missurveyed, "M5"),
            BOUNDED_IN_FAULT,
            Recovered(5.0),
        ],
    )
    .during(
        M5_SEEN,
        &[Fault::SwappedMarkers(SwappedMarkers {
            markers: ["M4", "M5"],
        })],
    )
    // Where the way to the next marker is long enough, a swapped one is believed until the next.
    .missing(&[TWICE]),
];
