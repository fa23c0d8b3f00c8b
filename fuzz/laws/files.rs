//! The two files: any text is refused with a message, or makes an engine that takes samples.

use wayfix::config::{check, site_from_str, vehicle_from_str};
use wayfix::engine::{Engine, Outputs};
use wayfix_sensors::Timestamp;

use super::bytes::{Bytes, edited};
use super::reading::sample;

pub const SITE: &str = include_str!("site.toml");
pub const VEHICLES: [&str; 3] = [
    include_str!("robot.toml"),
    include_str!("forklift.toml"),
    include_str!("tag.toml"),
];

/// The site's text is what comes before the first byte 255, then comes the vehicle's, then samples.
pub fn config(choices: &[u8]) {
    let mut parts = choices.splitn(3, |byte| *byte == 255);
    let mut text = |base: &str| {
        let bytes = edited(base.as_bytes(), parts.next().unwrap_or(&[1]));
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let site = site_from_str("site.toml", &text(SITE));
    let which = choices.len() % VEHICLES.len();
    let vehicle = vehicle_from_str("vehicle.toml", &text(VEHICLES[which]));
    let (Ok(site), Ok(vehicle)) = (site, vehicle) else {
        return;
    };
    let (site, vehicle) = (site.value, vehicle.value);
    // What was read is written alike.
    let again = vehicle_from_str("vehicle.toml", &toml::to_string(&vehicle).unwrap());
    assert_eq!(again.unwrap().value, vehicle);
    let again = site_from_str("site.toml", &toml::to_string(&site).unwrap());
    assert_eq!(again.unwrap().value, site);
    for warning in check(&site, &vehicle) {
        assert!(!warning.to_string().is_empty());
    }
    let Ok(mut engine) = Engine::new(&site, &vehicle) else {
        return;
    };
    let mut outputs = Outputs::default();
    let mut bytes = Bytes(parts.next().unwrap_or_default());
    let mut t = Timestamp(0);
    for _ in 0..32 {
        engine.step(&sample(&mut bytes, &mut t), &mut outputs);
        let _ = engine.estimate();
    }
}
