//! Where a satellite receiver is, as a GGA sentence: a caster that computes corrections for one place
//! (a virtual reference station) has to be told the place.

use std::sync::{Arc, Mutex, PoisonError};

use nalgebra::Vector3;
use wayfix_filter::Timestamp;
use wayfix_sensors::sample::{GnssFix, GnssPosition};
use wayfix_sensors::{Reading, Sample, nmea};

use super::board::Board;
use crate::config::site::Datum;
use crate::engine::Mode;
use crate::output::estimate::mode_name;

/// The receiver's own sentence, and the engine's estimate, serve for so long \[s\].
const FRESH_S: f64 = 10.0;
/// A sentence of NMEA 0183 has no more \[bytes\]; some receivers add digits.
const SENTENCE_BYTES: usize = 128;
const DAY_NS: i64 = 86_400_000_000_000;
/// Of a fix whose satellites are not known: the fewest that casters take for a sound one.
const SATELLITES: u8 = 5;

/// What one receiver has said of its place.
#[derive(Debug, Default)]
pub struct Rover(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    /// A sentence on its way.
    half: Vec<u8>,
    sentence: Option<(Timestamp, String)>,
    fix: Option<GnssPosition>,
}

impl Rover {
    /// Takes what the receiver sent at `t_rx`, and what was decoded of it.
    pub fn hear(&self, bytes: &[u8], t_rx: Timestamp, samples: &[Sample]) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for &byte in bytes {
            match byte {
                b'$' => {
                    said.half.clear();
                    said.half.push(byte);
                }
                b' '..=b'~' if (1..SENTENCE_BYTES).contains(&said.half.len()) => {
                    said.half.push(byte);
                }
                b'\r' => {
                    if let Some(sentence) = fix_sentence(&said.half) {
                        said.sentence = Some((t_rx, sentence));
                    }
                    said.half.clear();
                }
                _ => said.half.clear(),
            }
        }
        for sample in samples {
            if let Reading::GnssPosition(position) = sample.reading {
                said.fix = Some(position);
            }
        }
    }

    /// Its own sentence where it sends such, else one of the estimate, else one of its last fix; `None`
    /// while nothing is known.
    fn gga(&self, now: Timestamp, estimate: Option<GnssPosition>) -> Option<String> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = (said.sentence.as_ref()).filter(|(t, _)| now.seconds_since(*t) < FRESH_S);
        own.map(|(_, sentence)| sentence.clone())
            .or_else(|| Some(sentence(now, &estimate.or(said.fix)?)))
    }
}

/// Where the receiver is now: what it said, and what the engine knows.
pub(super) struct Whereabouts {
    pub rover: Arc<Rover>,
    pub board: Arc<Board>,
    pub datum: Option<Datum>,
}

impl Whereabouts {
    /// A GGA sentence with its line end; `None` while the place is not known.
    pub fn gga(&self) -> Option<String> {
        let look = self.board.look();
        let estimate = self.datum.zip(look.estimate).and_then(|(datum, e)| {
            let is_sound = e.age_s < FRESH_S && e.mode != mode_name(Mode::Lost);
            let (lat_deg, lon_deg, height_m) = datum.geodetic(&Vector3::from(e.position_m));
            is_sound.then_some(GnssPosition {
                lat_deg,
                lon_deg,
                height_m: Some(height_m),
                fix: GnssFix::Single,
                sigma_enu_m: None,
                hdop: None,
                satellites: None,
            })
        });
        self.rover.gga(Timestamp(look.t_ns), estimate)
    }
}

/// The line where it is a sound GGA with a fix.
fn fix_sentence(line: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(line).ok()?;
    let (body, sum) = text.strip_prefix('$')?.split_once('*')?;
    let mut fields = body.split(',');
    let is_gga = fields.next()?.get(2..) == Some("GGA");
    let is_fix = !matches!(fields.nth(5)?, "" | "0");
    let is_sound = u8::from_str_radix(sum, 16) == Ok(nmea::checksum(body.as_bytes()));
    (is_gga && is_fix && is_sound).then(|| format!("{text}\r\n"))
}

/// GGA of a position; `utc` is unix time. The height above the ellipsoid stands as the altitude, and the
/// geoid's as zero: whoever adds them has the right one.
fn sentence(utc: Timestamp, p: &GnssPosition) -> String {
    let of_day_cs = utc.0.rem_euclid(DAY_NS) / 10_000_000;
    let (hour, minute, second_cs) = (of_day_cs / 360_000, of_day_cs / 6000 % 60, of_day_cs % 6000);
    // Whole 1e-5 minutes first, so that 59.999999 does not become 60.00000.
    let angle = |deg: f64, width: usize| {
        let units = (deg.abs() * 6e6).round() as u64;
        let (deg, min) = (units / 6_000_000, units % 6_000_000);
        format!("{deg:0width$}{:02}.{:05}", min / 100_000, min % 100_000)
    };
    let quality = match p.fix {
        GnssFix::Single => 1,
        GnssFix::Differential => 2,
        GnssFix::RtkFixed => 4,
        GnssFix::RtkFloat => 5,
    };
    let body = format!(
        "GPGGA,{hour:02}{minute:02}{:02}.{:02},{},{},{},{},{quality},{:02},{:.1},{:.1},M,0.0,M,,",
        second_cs / 100,
        second_cs % 100,
        angle(p.lat_deg, 2),
        if p.lat_deg < 0.0 { 'S' } else { 'N' },
        angle(p.lon_deg, 3),
        if p.lon_deg < 0.0 { 'W' } else { 'E' },
        p.satellites.unwrap_or(SATELLITES),
        p.hdop.unwrap_or(1.0),
        p.height_m.unwrap_or_default(),
    );
    format!("${body}*{:02X}\r\n", nmea::checksum(body.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(lat_deg: f64, lon_deg: f64) -> GnssPosition {
        GnssPosition {
            lat_deg,
            lon_deg,
            height_m: Some(61.7),
            fix: GnssFix::RtkFixed,
            sigma_enu_m: None,
            hdop: Some(0.8),
            satellites: Some(12),
        }
    }

    #[test]
    fn sentences_of_positions() {
        // 12:35:19.5 of some day; the checksums are those of an independent program.
        let t = Timestamp(20_000 * DAY_NS + 45_319_500_000_000);
        assert_eq!(
            sentence(t, &fix(48.117_3, 11.516_666_666)),
            "$GPGGA,123519.50,4807.03800,N,01131.00000,E,4,12,0.8,61.7,M,0.0,M,,*68\r\n"
        );
        assert_eq!(
            sentence(Timestamp(0), &fix(-33.999_999_999_9, -0.5)),
            "$GPGGA,000000.00,3400.00000,S,00030.00000,W,4,12,0.8,61.7,M,0.0,M,,*69\r\n"
        );
    }

    #[test]
    fn the_receivers_own_sentence_comes_first_and_gets_old() {
        let own = "$GNGGA,001043.00,4404.14036,N,12118.85961,W,1,12,0.98,1113.0,M,-21.3,M,,*47\r\n";
        let rover = Rover::default();
        assert_eq!(rover.gga(Timestamp(0), None), None);
        let broken = own.replace("*47", "*48");
        let no_fix = "$GNGGA,001043.00,,,,,0,00,99.99,,,,,,*7E\r\n";
        rover.hear(broken.as_bytes(), Timestamp(0), &[]);
        rover.hear(no_fix.as_bytes(), Timestamp(0), &[]);
        assert_eq!(rover.gga(Timestamp(0), None), None);
        for cut in 0..own.len() {
            let rover = Rover::default();
            rover.hear(b"\xB5\x62$\x01", Timestamp(0), &[]);
            rover.hear(&own.as_bytes()[..cut], Timestamp(0), &[]);
            rover.hear(&own.as_bytes()[cut..], Timestamp(5), &[]);
            assert_eq!(rover.gga(Timestamp(6), None).as_deref(), Some(own), "{cut}");
            let later = Timestamp(11_000_000_000);
            assert_eq!(rover.gga(later, None), None);
            let estimated = rover.gga(later, Some(fix(1.0, 2.0))).unwrap();
            assert!(estimated.contains(",0100.00000,N,00200.00000,E,"));
        }
    }
}
