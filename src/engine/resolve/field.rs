//! Magnetic field and height.

use nalgebra::{Matrix3, Vector3};
use wayfix_filter::measurement::{Corrected, Height, MagneticHeading};
use wayfix_filter::{Nav, Parameter};
use wayfix_sensors::Reading;
use wayfix_sensors::sample::MagneticField;

use super::{At, Model, Slots, constant, drift};
use crate::config::Source;
use crate::config::source::{HeightSource, MagnetometerSource};
use crate::engine::parameter::Kind;
use crate::engine::report::Fate;
use crate::engine::setup::{Setup, SourceSetup};

/// The field in b, iron compensated [T].
fn field_b(
    source: &SourceSetup,
    config: &MagnetometerSource,
    reading: &MagneticField,
) -> Vector3<f64> {
    let soft = Matrix3::from_fn(|r, c| config.soft_iron[r][c]);
    let hard = Vector3::from(config.hard_iron_ut) * 1e-6;
    source.q_bs * (soft * (Vector3::from(reading.field_tesla) - hard))
}

/// Whether the field's inclination is not the Earth's, seen with the present attitude.
pub fn is_disturbed(setup: &Setup, index: u16, reading: &Reading, nav: &Nav) -> bool {
    let source = &setup.sources[usize::from(index)];
    let (Source::Magnetometer(config), Reading::MagneticField(field), Some(earth)) =
        (&source.config, reading, setup.magnetic)
    else {
        return false;
    };
    let m_n = nav.q_nb * field_b(source, config, field);
    let dip = (-m_n.z).atan2(m_n.xy().norm());
    (dip - earth.inclination_rad).abs() > config.dip_gate_deg.to_radians()
}

/// Heading from the field. Strength is checked here; the inclination needs the attitude and is
/// checked by [`is_disturbed`].
pub(super) fn magnetic(
    at: &At,
    config: &MagnetometerSource,
    reading: &MagneticField,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let earth = at.setup.magnetic.ok_or(Fate::MissingReference)?;
    let field_b = field_b(at.source, config, reading);
    if (field_b.norm() / earth.strength_tesla - 1.0).abs() > config.norm_gate_ratio {
        return Err(Fate::Disturbed);
    }
    let bias = [Kind::HardIronX, Kind::HardIronY, Kind::HardIronZ]
        .map(|kind| constant(slots, at.id(kind), config.bias_sigma_ut * 1e-6));
    let model = MagneticHeading {
        field_b,
        north_n: earth.north_n,
        sigma_tesla: config.sigma_ut * 1e-6,
        bias,
    };
    let sigma = config.drift_sigma_deg.to_radians();
    let slow = drift(slots, at.id(Kind::HeadingDrift), sigma, config.drift_time_s);
    Ok(Model::Magnetic(Corrected::new(model).additive(0, slow)))
}

pub(super) fn height(
    at: &At,
    config: &HeightSource,
    height_m: f64,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let model = Height {
        height_m,
        p_bs: at.source.p_bs,
        sigma_m: config.sigma_m,
    };
    let reference = if config.bias_sigma_m > 0.0 {
        let prior = Parameter::walk(config.bias_sigma_m, config.bias_walk_m_rts);
        slots.slot(at.id(Kind::HeightOffset), &prior)
    } else {
        None
    };
    Ok(Model::Height(Corrected::new(model).additive(0, reference)))
}

pub(super) fn pressure(
    at: &At,
    config: &HeightSource,
    pressure_pa: f64,
    slots: &mut impl Slots,
) -> Result<Model, Fate> {
    let height_m = Height::from_pressure(pressure_pa).ok_or(Fate::Invalid)?;
    height(at, config, height_m, slots)
}
