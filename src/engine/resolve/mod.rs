//! The only place that joins a sample with the site and the vehicle: reading → measurement model.

mod camera;
mod field;
mod gnss;
mod pose;
mod radio;

pub use field::is_disturbed;
#[cfg(feature = "rerun")]
pub use gnss::place as gnss_place;
#[cfg(feature = "rerun")]
pub use radio::path_loss;

use wayfix_filter::measurement::{
    Azimuth, Corrected, Direction, Height, Landmark, MagneticHeading, Marker, MeasurementModel,
    Passage, Pixel, Pose, Position, Range, RangeDifference, Rssi, Velocity, Yaw,
};
use wayfix_filter::{Judge, Parameter, ParameterId, Slot, View};
use wayfix_sensors::Reading;

use super::groups::GroupId;
use super::report::Fate;
use super::separation::fuse;
use super::setup::{Setup, SourceSetup};
use crate::config::Source;
use crate::engine::core::Filter;

/// Hands out slots of parameters.
pub trait Slots {
    /// The slot of a parameter; `None` where it is not estimated.
    fn slot(&mut self, id: ParameterId, prior: &Parameter) -> Option<Slot>;
}

impl<const N: usize> Slots for Filter<N> {
    fn slot(&mut self, id: ParameterId, prior: &Parameter) -> Option<Slot> {
        self.parameter(id, prior)
    }
}

/// Gives no slots, but adds up the prior variance of the additive errors that were asked for: for
/// the cold start, which has no filter yet and takes them as noise.
#[derive(Debug, Default)]
struct AsNoise {
    /// Variance of the largest component [the measurement's unit squared].
    variance: f64,
}

impl Slots for AsNoise {
    fn slot(&mut self, id: ParameterId, prior: &Parameter) -> Option<Slot> {
        if super::parameter::is_additive(id) {
            self.variance += prior.sigma * prior.sigma;
        }
        None
    }
}

/// A measurement, ready for the filter.
#[allow(missing_docs)] // Each variant is the model of the same name.
#[derive(Clone, Copy, Debug)]
pub enum Model {
    Position3(Corrected<Position<3>>),
    Position2(Corrected<Position<2>>),
    Velocity3(Corrected<Velocity<3>>),
    Velocity2(Corrected<Velocity<2>>),
    Range(Corrected<Range>),
    RangeDifference(Corrected<RangeDifference>),
    Azimuth(Corrected<Azimuth>),
    Direction(Corrected<Direction>),
    Rssi(Corrected<Rssi>),
    Landmark(Corrected<Landmark>),
    Yaw(Corrected<Yaw>),
    Magnetic(Corrected<MagneticHeading>),
    Height(Corrected<Height>),
    Pose(Corrected<Pose>),
    Pixel(Corrected<Pixel>),
    Marker(Corrected<Marker>),
    Passage(Corrected<Passage>),
}

/// Runs the same expression over whichever model it is.
macro_rules! with_model {
    ($self:expr, $model:ident => $body:expr) => {
        match $self {
            Model::Position3($model) => $body,
            Model::Position2($model) => $body,
            Model::Velocity3($model) => $body,
            Model::Velocity2($model) => $body,
            Model::Range($model) => $body,
            Model::RangeDifference($model) => $body,
            Model::Azimuth($model) => $body,
            Model::Direction($model) => $body,
            Model::Rssi($model) => $body,
            Model::Landmark($model) => $body,
            Model::Yaw($model) => $body,
            Model::Magnetic($model) => $body,
            Model::Height($model) => $body,
            Model::Pose($model) => $body,
            Model::Pixel($model) => $body,
            Model::Marker($model) => $body,
            Model::Passage($model) => $body,
        }
    };
}

/// A measurement for one filter: the model has that filter's slots, so it can update no other.
#[derive(Debug)]
pub struct Measurement<'f, const N: usize> {
    filter: &'f mut Filter<N>,
    model: Model,
}

/// What a measurement is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    /// It tells where the asset is, alone or with others of its kind.
    pub places: bool,
    /// Its identity was decoded at a known place, so that it outranks a drifted estimate.
    pub is_fixpoint: bool,
    /// It shows a direction, and not a place alone.
    pub shows_heading: bool,
}

impl<const N: usize> Measurement<'_, N> {
    /// Judges and fuses it, in the subset filters too that do not leave one of `groups` out.
    pub fn update(&mut self, judge: &Judge, groups: [Option<GroupId>; 2]) -> wayfix_filter::Report {
        with_model!(&self.model, m => fuse(self.filter, m, judge, groups))
    }

    /// Fuses it as it is, however far it leads.
    pub fn update_iterated(&mut self) -> wayfix_filter::Report {
        const PASSES: usize = 5;
        with_model!(&self.model, m => self.filter.update_iterated(m, PASSES))
    }

    /// The filter that it is for.
    pub fn filter(&mut self) -> &mut Filter<N> {
        self.filter
    }

    /// What it is of.
    #[must_use]
    pub fn nature(&self) -> Nature {
        Nature {
            places: self.model.anchor().is_some(),
            is_fixpoint: matches!(self.model, Model::Marker(_) | Model::Passage(_)),
            shows_heading: matches!(self.model, Model::Marker(_)),
        }
    }
}

impl Model {
    /// Adds what the measurement says about position and heading at a state to `sums`; `extra` is
    /// variance beyond the model's own.
    pub fn accumulate(&self, view: &View, extra: f64, sums: &mut super::cold::Sums) {
        with_model!(self, m => {
            match m.linearise(view) {
                Ok(lin) => sums.add(view, &lin, extra),
                Err(_) => sums.miss(),
            }
        });
    }

    /// Where the measured target is, for models that have one place of their own.
    #[must_use]
    pub fn anchor(&self) -> Option<nalgebra::Vector3<f64>> {
        match self {
            Self::Position3(m) => Some(m.model.p_n - m.model.p_bs),
            Self::Position2(m) => Some(nalgebra::Vector3::new(m.model.p_n.x, m.model.p_n.y, 0.0)),
            Self::Range(m) => Some(m.model.p_na),
            Self::RangeDifference(m) => Some((m.model.p_na[0] + m.model.p_na[1]) * 0.5),
            Self::Azimuth(m) => Some(m.model.p_na),
            Self::Direction(m) => Some(m.model.azimuth.p_na),
            Self::Rssi(m) => Some(m.model.p_na),
            Self::Landmark(m) => Some(m.model.p_na),
            Self::Pose(m) => Some(m.model.p_n),
            Self::Pixel(m) => Some(m.model.p_n),
            Self::Marker(m) => Some(m.model.p_nm),
            Self::Passage(m) => Some(nalgebra::Vector3::new(m.model.p_n.x, m.model.p_n.y, 0.0)),
            Self::Velocity3(_)
            | Self::Velocity2(_)
            | Self::Yaw(_)
            | Self::Magnetic(_)
            | Self::Height(_) => None,
        }
    }
}

/// The prior of a constant with this sigma; nothing is estimated where it is zero.
pub(crate) fn constant(slots: &mut impl Slots, id: ParameterId, sigma: f64) -> Option<Slot> {
    if sigma > 0.0 {
        slots.slot(id, &Parameter::constant(sigma))
    } else {
        None
    }
}

/// The prior of a slowly varying error.
pub(crate) fn drift(
    slots: &mut impl Slots,
    id: ParameterId,
    sigma: f64,
    time_s: f64,
) -> Option<Slot> {
    if sigma > 0.0 && time_s > 0.0 {
        slots.slot(id, &Parameter::gauss_markov(sigma, time_s))
    } else {
        None
    }
}

/// The prior of a time lag, which stays within four sigmas.
pub(crate) fn lag(slots: &mut impl Slots, id: ParameterId, sigma_s: f64) -> Option<Slot> {
    if sigma_s > 0.0 {
        slots.slot(id, &Parameter::constant(sigma_s).bounded(4.0 * sigma_s))
    } else {
        None
    }
}

/// The measurement of a reading, for one filter.
///
/// # Errors
/// The fate of a reading that can't be used.
pub fn resolve<'f, const N: usize>(
    setup: &Setup,
    index: u16,
    reading: &Reading,
    filter: &'f mut Filter<N>,
) -> Result<Measurement<'f, N>, Fate> {
    let model = model(setup, index, reading, filter)?;
    Ok(Measurement { filter, model })
}

/// The model of a reading without estimated parameters, and the variance of those that add to it: what
/// has no filter yet.
///
/// # Errors
/// The fate of a reading that can't be used.
pub fn resolve_alone(setup: &Setup, index: u16, reading: &Reading) -> Result<(Model, f64), Fate> {
    let mut noise = AsNoise::default();
    let model = model(setup, index, reading, &mut noise)?;
    Ok((model, noise.variance))
}

fn model(
    setup: &Setup,
    index: u16,
    reading: &Reading,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let source = setup
        .sources
        .get(usize::from(index))
        .ok_or(Fate::UnknownSource)?;
    let at = At {
        setup,
        source,
        index,
    };
    match (&source.config, reading) {
        (Source::Gnss(c), Reading::GnssPosition(r)) => gnss::position(&at, c, r, slots),
        (Source::Gnss(c), Reading::GnssVelocity(r)) => gnss::velocity(&at, c, r, slots),
        (Source::Gnss(_), Reading::Yaw(r)) => pose::yaw(&at, 1.0, r),
        (Source::Uwb(c), Reading::Range(r)) => radio::range(&at, c, r, slots),
        (Source::Uwb(c), Reading::RangeDifference(r)) => radio::difference(&at, c, r, slots),
        (Source::Uwb(c), Reading::Bearing(r)) => radio::bearing(&at, c, r, slots),
        (Source::Rssi(c), Reading::Rssi(r)) => radio::rssi(&at, c, r, slots),
        (Source::Landmark(c), Reading::Landmark(r)) => camera::landmark(&at, c, r, slots),
        (Source::Landmark(c), Reading::Bearing(r)) => camera::bearing(&at, c, r, slots),
        (Source::Camera(c), Reading::Pixel(r)) => camera::pixel(&at, c, r, slots),
        (Source::Camera(c), Reading::Marker(r)) => camera::marker(&at, c, r, slots),
        (Source::Portal(_), Reading::Passage(r)) => pose::passage(&at, r),
        (Source::Magnetometer(c), Reading::MagneticField(r)) => field::magnetic(&at, c, r, slots),
        (Source::Height(c), Reading::Height(r)) => field::height(&at, c, r.height_m, slots),
        (Source::Height(c), Reading::Pressure(r)) => field::pressure(&at, c, r.pressure_pa, slots),
        (Source::Pose(c), Reading::Position(r)) => pose::position(&at, c, r, slots),
        (Source::Pose(c), Reading::Pose(r)) => pose::pose(&at, c, r, slots),
        (Source::Pose(c), Reading::Yaw(r)) => pose::yaw(&at, c.sigma_deg, r),
        _ => Err(Fate::WrongKind),
    }
}

/// A source and all around it.
struct At<'a> {
    setup: &'a Setup,
    source: &'a SourceSetup,
    index: u16,
}

impl At<'_> {
    fn id(&self, kind: super::parameter::Kind) -> ParameterId {
        super::parameter::id(kind, self.index, 0)
    }

    fn id_of(&self, kind: super::parameter::Kind, target: u16) -> ParameterId {
        super::parameter::id(kind, self.index, target)
    }
}
