//! What people and other programs ask of a running engine.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use wayfix_sensors::sample::{Passage, Pose, Position};
use wayfix_sensors::{Name, Reading};

use crate::config::{Source, Vehicle};
use crate::engine::Fate;

/// A wish, and whom to tell what became of it.
#[derive(Debug)]
pub enum Command {
    /// Here it is.
    Fixpoint(Name, Reading, oneshot::Sender<Fate>),
    /// Forget everything and begin anew.
    Reset(oneshot::Sender<Result<(), String>>),
}

/// A place that somebody knows: a portal that was passed, or a position.
///
/// ```json
/// {"portal": "gate-2"}
/// {"position_m": [12.0, 3.5], "sigma_m": 0.1, "source": "operator"}
/// {"position_m": [12.0, 3.5, 0.0], "yaw_deg": 90, "sigma_m": 0.1, "yaw_sigma_deg": 3}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fixpoint {
    /// The source of vehicle.toml that says so; absent: the first of a fitting kind.
    pub source: Option<String>,
    /// A portal of site.toml.
    pub portal: Option<String>,
    /// x, y and perhaps z in the site frame \[m\].
    pub position_m: Option<Vec<f64>>,
    /// Its sigma, each component \[m\].
    pub sigma_m: Option<f64>,
    /// Heading \[deg\], counter-clockwise from x; asks for three coordinates.
    pub yaw_deg: Option<f64>,
    /// Its sigma \[deg\].
    pub yaw_sigma_deg: Option<f64>,
}

impl Fixpoint {
    /// The sample's source and reading.
    ///
    /// # Errors
    /// What is missing or too much, in words.
    pub fn reading(&self, vehicle: &Vehicle) -> Result<(Name, Reading), String> {
        let (kind, reading) = match (&self.portal, self.position_m.as_deref()) {
            (Some(portal), None) => {
                let portal = Name::from(portal).map_err(|_| "portal: longer than 48 bytes")?;
                ("portal", Reading::Passage(Passage { portal }))
            }
            (None, Some(position_m)) => ("pose", self.place(position_m)?),
            _ => return Err("expected either portal or position_m".to_owned()),
        };
        let reading = if reading.is_sound() {
            reading
        } else {
            return Err("a number that is not finite, or a sigma that is not above 0".to_owned());
        };
        let fits = |source: &Source| match kind {
            "portal" => matches!(source, Source::Portal(_)),
            _ => matches!(source, Source::Pose(_)),
        };
        let name = match &self.source {
            Some(name) => match vehicle.sources.get(name) {
                Some(source) if fits(source) => name,
                Some(_) => return Err(format!("source: {name} is not of the kind {kind}")),
                None => return Err(format!("source: vehicle.toml has no {name}")),
            },
            None => (vehicle.sources.iter())
                .find(|(_, source)| fits(source))
                .map(|(name, _)| name)
                .ok_or_else(|| {
                    format!("vehicle.toml has no source of the kind {kind}: add `[source.operator]` with `kind = \"{kind}\"`")
                })?,
        };
        let name = Name::from(name).map_err(|_| "source: longer than 48 bytes")?;
        Ok((name, reading))
    }

    fn place(&self, position_m: &[f64]) -> Result<Reading, String> {
        let sigma_m = self.sigma_m;
        match (position_m, self.yaw_deg) {
            (&[x, y], None) => Ok(Reading::Position(Position {
                xy_m: [x, y],
                z_m: None,
                sigma_m,
            })),
            (&[x, y, z], None) => Ok(Reading::Position(Position {
                xy_m: [x, y],
                z_m: Some(z),
                sigma_m,
            })),
            (&[x, y, z], Some(yaw_deg)) => {
                let turn = Vector3::z() * yaw_deg.to_radians();
                let q = nalgebra::UnitQuaternion::from_scaled_axis(turn);
                Ok(Reading::Pose(Pose {
                    position_m: [x, y, z],
                    attitude_wxyz: [q.w, q.i, q.j, q.k],
                    sigma_m,
                    sigma_rad: self.yaw_sigma_deg.map(f64::to_radians),
                }))
            }
            (_, None) => Err("position_m: expected two or three numbers [m]".to_owned()),
            (_, Some(_)) => Err("position_m: expected three numbers [m] with yaw_deg".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_what_is_none() {
        let vehicle: Vehicle = toml::from_str(
            "[source.rfid]\nkind = \"portal\"\n[source.uwb]\nkind = \"uwb\"\n[source.operator]\nkind = \"pose\"\n",
        )
        .unwrap();
        let read = |json: &str| {
            let fixpoint: Fixpoint = serde_json::from_str(json).unwrap();
            fixpoint.reading(&vehicle)
        };
        let (source, reading) = read(r#"{"portal": "gate"}"#).unwrap();
        assert_eq!(
            (source.as_str(), reading.kind().name()),
            ("rfid", "passage")
        );
        let (source, reading) = read(r#"{"position_m": [1, 2], "sigma_m": 0.1}"#).unwrap();
        assert_eq!(
            (source.as_str(), reading.kind().name()),
            ("operator", "position")
        );
        let (_, reading) = read(r#"{"position_m": [1, 2, 0], "yaw_deg": 90}"#).unwrap();
        let Reading::Pose(pose) = reading else {
            panic!()
        };
        assert!((pose.attitude_wxyz[3] - 0.5_f64.sqrt()).abs() < 1e-12);
        for (json, word) in [
            ("{}", "either portal or position_m"),
            (r#"{"position_m": [1]}"#, "two or three"),
            (r#"{"position_m": [1, 2], "yaw_deg": 1}"#, "three numbers"),
            (r#"{"position_m": [1, 2], "sigma_m": -1}"#, "sigma"),
            (
                r#"{"portal": "g", "source": "uwb"}"#,
                "not of the kind portal",
            ),
            (r#"{"portal": "g", "source": "x"}"#, "has no x"),
        ] {
            let text = read(json).unwrap_err();
            assert!(text.contains(word), "{json}: {text}");
        }
        let none: Vehicle = toml::from_str("").unwrap();
        let fixpoint = Fixpoint {
            portal: Some("g".into()),
            ..Fixpoint::default()
        };
        assert!(
            fixpoint
                .reading(&none)
                .unwrap_err()
                .contains("[source.operator]")
        );
    }
}
