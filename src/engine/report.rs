//! What the engine answers: the fate of every sample, the estimate, and resets.

use nalgebra::{Matrix3, UnitQuaternion, Vector3};
use serde::{Deserialize, Serialize};
use wayfix_filter::measurement::Degenerate;
use wayfix_filter::{Nav, Timestamp, Verdict, math};
use wayfix_sensors::{Kind, Name};

use super::health::Health;
use super::protection::ProtectionLevel;
use super::smooth::Pose;

/// Fate of one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Corrected the state with full weight.
    Fused,
    /// Corrected the state with less weight than its sigma asks for.
    DownWeighted,
    /// A fixpoint that contradicted the estimate and took it back.
    Relocated,
    /// Carried the state (inertial, wheels, steering).
    Motion,
    /// Kept until the start is known.
    Waiting,
    /// Left out on purpose: its source is used less often (`interval_s`).
    Thinned,
    /// Refused: NIS beyond the gate.
    Gated,
    /// Refused: the geometry gives no direction.
    Degenerate,
    /// Refused: not finite, outside the physical range, or without a positive sigma.
    Invalid,
    /// Refused: the field does not look like the Earth's.
    Disturbed,
    /// Refused or distrusted: the sensor repeats or interpolates its output.
    Frozen,
    /// Distrusted: at the end of the sensor's range.
    Saturated,
    /// Refused: site.toml has no such anchor, beacon, landmark, marker or portal.
    UnknownTarget,
    /// Refused: vehicle.toml has no such source.
    UnknownSource,
    /// Refused: the source's kind in vehicle.toml does not give such readings.
    WrongKind,
    /// Refused: site.toml lacks what this reading needs (datum, magnetic field).
    MissingReference,
    /// Refused: older than the horizon.
    TooLate,
    /// Refused: the same sample was there before.
    Duplicate,
    /// Refused: its time is far from that of all others.
    ClockJump,
    /// Refused: a fixpoint that others disproved again and again.
    Distrusted,
}

impl Fate {
    /// Whether the sample contributed to the estimate.
    #[must_use]
    pub fn is_used(self) -> bool {
        matches!(
            self,
            Self::Fused | Self::DownWeighted | Self::Relocated | Self::Motion
        )
    }

    /// Whether the sample's time was believed: it says how far the log has come.
    #[must_use]
    pub fn is_timely(self) -> bool {
        !matches!(
            self,
            Self::TooLate | Self::ClockJump | Self::UnknownSource | Self::Invalid
        )
    }
}

impl From<Verdict> for Fate {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Fused => Self::Fused,
            Verdict::DownWeighted => Self::DownWeighted,
            Verdict::Gated => Self::Gated,
            Verdict::Degenerate(
                Degenerate::ZeroDistance | Degenerate::OutOfView | Degenerate::NoDirection,
            ) => Self::Degenerate,
            Verdict::Degenerate(Degenerate::TooManyParameters) | Verdict::Invalid => Self::Invalid,
        }
    }
}

/// The record of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// When it was measured, delay taken off.
    pub t: Timestamp,
    /// Its source.
    pub source: Name,
    /// The kind of reading.
    pub kind: Kind,
    /// Anchor, beacon, landmark, marker or portal.
    pub target: Option<Name>,
    /// What became of it.
    pub fate: Fate,
    /// The filter's record, where it came that far.
    pub update: Option<wayfix_filter::Report>,
}

/// On what the estimate rests at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing known yet.
    Cold,
    /// Several hypotheses of heading or place are still alive.
    Aligning,
    /// Absolute sources correct the estimate.
    Tracking,
    /// Motion sources only, for longer than a moment.
    DeadReckoning,
    /// Neither absolute nor motion sources: the estimate only spreads.
    Lost,
    /// As all measurements show it, later ones too.
    Smoothed,
}

/// Where the asset is, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Time of the estimate.
    pub t: Timestamp,
    /// On what it rests.
    pub mode: Mode,
    /// Position of the reference point in n \[m\].
    pub p_n: Vector3<f64>,
    /// Velocity in n [m/s].
    pub v_n: Vector3<f64>,
    /// Attitude, b to n.
    pub q_nb: UnitQuaternion<f64>,
    /// Covariance of the position in n [m²].
    pub position_covariance: Matrix3<f64>,
    /// Covariance of the velocity in n [m²/s²].
    pub velocity_covariance: Matrix3<f64>,
    /// Covariance of the attitude error in b [rad²].
    pub attitude_covariance: Matrix3<f64>,
    /// Number of hypotheses alive; the mean is the best one's, the covariance covers all.
    pub hypotheses: usize,
    /// Bound of the position error, exceeded with at most the probability that vehicle.toml states.
    pub protection: ProtectionLevel,
    /// Conditions in force.
    pub health: Health,
    /// The same without steps: what a controller steers by. It depends on when late samples came.
    pub smooth: Pose,
}

impl Estimate {
    /// Heading [rad], counter-clockwise from x.
    #[must_use]
    pub fn yaw_rad(&self) -> f64 {
        math::yaw(&self.q_nb)
    }

    /// Sigma of the heading [rad]: the attitude error about n's vertical.
    #[must_use]
    pub fn yaw_sigma_rad(&self) -> f64 {
        let up_b = self.q_nb.inverse() * Vector3::z();
        (up_b.transpose() * self.attitude_covariance * up_b)[0]
            .max(0.0)
            .sqrt()
    }
}

/// Why the estimate jumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetCause {
    /// The first position became known.
    Start,
    /// One hypothesis outlived the others.
    Collapse,
    /// A fixpoint contradicted the estimate.
    Fixpoint,
    /// A fixpoint that was believed is disproved by the next: what it moved and taught is undone.
    Disproved,
    /// An ordinary measurement, or a late one, moved the estimate by more than three of its sigmas.
    Correction,
    /// The estimate was locked out by its own gates, and the sources agree on another place.
    Relocalised,
}

/// A jump of the estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reset {
    /// When.
    pub t: Timestamp,
    /// Why.
    pub cause: ResetCause,
    /// Position after minus before \[m\].
    pub delta_m: Vector3<f64>,
    /// Heading after minus before [rad].
    pub delta_yaw_rad: f64,
}

impl Reset {
    /// The jump from one state to another.
    pub(super) fn between(t: Timestamp, cause: ResetCause, before: &Nav, after: &Nav) -> Self {
        Self {
            t,
            cause,
            delta_m: after.p_n - before.p_n,
            delta_yaw_rad: math::wrap_angle(after.yaw_rad() - before.yaw_rad()),
        }
    }
}
