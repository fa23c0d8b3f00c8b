//! Known faults of other filters, each as a case that shows whether Wayfix shares it.

use super::super::case::Case;
use super::super::criterion::Criterion::{
    ErrorP95, ErrorRatio, Jump, Meets, Nees, Quiet, Recovered, Resets, SigmaGrows, Tells,
};
use super::{BOUNDED, BOUNDED_IN_FAULT, NO_JUMP, TWICE};
use crate::engine::Condition::{Contradiction, Refusing};
use crate::engine::Fate::{Gated, Invalid};
use crate::sim::fault::{
    AnchorBiases, Fault, Late, Silence, Span, StatedSigmas, WildFix, WrongStart,
};

const ALWAYS: Span = Span::from(0.0);
const OUTAGE: Span = Span::new(20.0, 60.0);
const SPIKES: Span = Span::new(30.0, 30.39);
const NONSENSE: Span = Span::new(20.0, 40.0);

pub(super) const CASES: &[Case] = &[
    // The Crazyflie's filter is overconfident by a factor of six on its own log of range differences
    // (crazyflie-firmware issues 392, 486): its anchors have biases, its state has none.
    Case::nominal(
        "peer_tdoa_bias",
        "Anchors of a TDoA system err by 0.3 m each, six times what the vehicle file says",
        "figure_eight_tdoa_imu",
        40.0,
        // NEES 4: its sigma may be half of what it should be, for once.
        &[Nees(4.0), BOUNDED_IN_FAULT],
    )
    .during(
        ALWAYS,
        &[Fault::AnchorBiases(AnchorBiases {
            source: "tdoa",
            sigma_m: 0.3,
        })],
    )
    // 5.1 over ten seeds.
    .missing(&[Nees(4.0)]),
    // Gates that lock a filter out for good once it is sure of a wrong place (crazyflie-firmware
    // issues 375, 320).
    Case::nominal(
        "peer_lock_out",
        "Sure to 5 cm of a start that is 30 m off",
        "hour",
        60.0,
        &[
            Tells(&[Refusing, Contradiction]),
            Resets("relocalised"),
            Recovered(8.0),
        ],
    )
    .during(
        ALWAYS,
        &[Fault::WrongStart(WrongStart {
            off_m: [-25.0, 17.0],
            sigma_m: 0.05,
        })],
    )
    .judged_from(0.0),
    // A jump where satellites come back (PX4-Autopilot issue 7599, ardupilot 17105).
    Case::nominal(
        "peer_reacquisition",
        "Satellites are lost for 40 s on wheels alone, and back",
        "gnss_yard_wheels",
        80.0,
        &[NO_JUMP, SigmaGrows(3.0), BOUNDED, Recovered(2.0)],
    )
    .during(
        OUTAGE,
        &[Fault::Silence(Silence {
            source: Some("gnss"),
            span: OUTAGE,
        })],
    ),
    // A gate so loose that a spike of 15 m passes (FusionCore issue 97).
    Case::nominal(
        "peer_loose_gate",
        "Two fixes 15 m off, one after the other, that state 2 cm",
        "gnss_yard_wheels",
        60.0,
        &[TWICE, Jump(0.3), Meets("gnss", &[Gated]), BOUNDED_IN_FAULT],
    )
    .during(
        SPIKES,
        &[Fault::WildFix(WildFix {
            source: "gnss",
            span: SPIKES,
            off_m: [9.0, 12.0],
            sigma_m: 0.02,
        })],
    ),
    // A delayed fix that is fused as if it were of now (robot_localization issues 262, 263, 911): at
    // 2 m/s and 0.5 s that is a metre.
    Case::nominal(
        "peer_delayed_fix",
        "Fixes arrive half a second late, with right stamps",
        "gnss_yard_wheels",
        60.0,
        &[ErrorRatio(2.0), Jump(0.3), Quiet, BOUNDED],
    )
    .during(
        ALWAYS,
        &[Fault::Late(Late {
            source: Some("gnss"),
            span: ALWAYS,
            by_s: 0.5,
        })],
    ),
    // NaN for good after a message with a bad covariance (robot_localization issues 952, 906, 871).
    Case::nominal(
        "peer_bad_sigma",
        "Fixes that state NaN, zero, negative, infinite, huge and tiny sigmas in turn",
        "gnss_yard_wheels",
        60.0,
        &[
            ErrorP95(0.5),
            NO_JUMP,
            Meets("gnss", &[Invalid]),
            Recovered(2.0),
            BOUNDED,
        ],
    )
    .during(
        NONSENSE,
        &[Fault::StatedSigmas(StatedSigmas {
            source: "gnss",
            span: NONSENSE,
            sigmas: &[
                f64::NAN,
                0.0,
                -0.05,
                f64::INFINITY,
                1e9,
                1e-9,
                f64::NEG_INFINITY,
            ],
        })],
    ),
];
