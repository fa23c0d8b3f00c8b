//! Sentences to epochs: which of them belong to one instant, and when that instant was.

use ::nmea::sentences::rmc::RmcStatusOfFix;
use ::nmea::sentences::{FixType, GgaData, GstData, HdtData, RmcData, VtgData, ZdaData};
use chrono::{NaiveDateTime, NaiveTime};
use wayfix_filter::Timestamp;

use super::{Outcome, TimeBase};
use crate::sample::{GnssFix, GnssPosition, GnssVelocity, Reading, Yaw};

const DAY_NS: i64 = 86_400_000_000_000;
const MPS_PER_KNOT: f64 = 1852.0 / 3600.0;

/// Why a sentence that parses makes no sense.
pub(super) struct Fault(pub &'static str);

type Give<'a> = &'a mut dyn FnMut(Timestamp, Reading);
type Taken = Result<Outcome, Fault>;

/// The epoch under way, and what earlier ones taught.
#[derive(Clone, Debug)]
pub(super) struct Epochs {
    base: TimeBase,
    /// A recent instant of UTC as unix time [ns]; the date of a time of day is the one nearest.
    utc_ns: Option<i64>,
    /// The previous epoch had a GST (at first: may have), so a position waits for one.
    hold: bool,
    /// The last GSA spoke of a fix in two dimensions: the height in GGA is not measured.
    flat: bool,
    /// Readings dropped for want of a date.
    dropped: u64,
    epoch: Epoch,
}

#[derive(Clone, Debug, Default)]
struct Epoch {
    /// UTC time of day [ns].
    time_ns: Option<i64>,
    held: Option<(Timestamp, GnssPosition)>,
    sigma_enu_m: Option<[f64; 3]>,
    has_position: bool,
    has_velocity: bool,
    has_gst: bool,
}

impl Epochs {
    pub fn new(base: TimeBase) -> Self {
        Self {
            base,
            utc_ns: None,
            hold: true,
            flat: false,
            dropped: 0,
            epoch: Epoch::default(),
        }
    }

    pub fn set_near(&mut self, utc_ns: i64) {
        self.utc_ns = Some(utc_ns);
    }

    pub fn take_dropped(&mut self) -> u64 {
        core::mem::take(&mut self.dropped)
    }

    /// Ends the epoch: gives the position that waited in vain.
    pub fn close(&mut self, give: Give) {
        let epoch = core::mem::take(&mut self.epoch);
        if epoch.has_position {
            self.hold = epoch.has_gst;
        }
        if let Some((t_rx, position)) = epoch.held {
            self.give(t_rx, epoch.time_ns, Reading::GnssPosition(position), give);
        }
    }

    pub fn position(&mut self, gga: &GgaData, t_rx: Timestamp, give: Give) -> Taken {
        self.enter(gga.fix_time, give);
        let fix = match gga.fix_type {
            Some(FixType::Gps | FixType::Pps) => GnssFix::Single,
            Some(FixType::DGps) => GnssFix::Differential,
            Some(FixType::FloatRtk) => GnssFix::RtkFloat,
            Some(FixType::Rtk) => GnssFix::RtkFixed,
            _ => return Ok(Outcome::Ignored),
        };
        let (Some(lat_deg), Some(lon_deg)) = (gga.latitude, gga.longitude) else {
            return Ok(Outcome::Ignored);
        };
        if !(lat_deg.abs() <= 90.0 && lon_deg.abs() <= 180.0) {
            return Err(Fault("position outside the globe"));
        }
        if self.epoch.has_position {
            return Ok(Outcome::Ignored);
        }
        let finite = |x: Option<f32>| x.map(decimal).filter(|x| x.is_finite());
        let height_m = finite(gga.altitude)
            .zip(finite(gga.geoid_separation))
            .map(|(msl, sep)| msl + sep)
            .filter(|_| !self.flat);
        self.epoch.has_position = true;
        let position = GnssPosition {
            lat_deg,
            lon_deg,
            height_m,
            fix,
            sigma_enu_m: self.epoch.sigma_enu_m,
            hdop: finite(gga.hdop),
            satellites: gga
                .fix_satellites
                .map(|n| u8::try_from(n).unwrap_or(u8::MAX)),
        };
        if self.hold && !self.epoch.has_gst {
            self.epoch.held = Some((t_rx, position));
        } else {
            self.give(
                t_rx,
                self.epoch.time_ns,
                Reading::GnssPosition(position),
                give,
            );
        }
        Ok(Outcome::Used)
    }

    pub fn sigmas(&mut self, gst: &GstData, _: Timestamp, give: Give) -> Taken {
        self.enter(gst.time, give);
        self.epoch.has_gst = true;
        let sigma = |x: Option<f32>| x.map(decimal).filter(|x| x.is_finite() && *x > 0.0);
        // GST gives latitude, longitude, height: north, east, up.
        self.epoch.sigma_enu_m = match (sigma(gst.long_sd), sigma(gst.lat_sd), sigma(gst.alt_sd)) {
            (Some(east), Some(north), Some(up)) => Some([east, north, up]),
            _ => None,
        };
        let used = self.epoch.sigma_enu_m.is_some()
            && (self.epoch.held.is_some() || !self.epoch.has_position);
        if let Some((t_rx, mut position)) = self.epoch.held.take() {
            position.sigma_enu_m = self.epoch.sigma_enu_m;
            self.give(
                t_rx,
                self.epoch.time_ns,
                Reading::GnssPosition(position),
                give,
            );
        }
        Ok(if used {
            Outcome::Used
        } else {
            Outcome::Ignored
        })
    }

    pub fn minimum(&mut self, rmc: &RmcData, t_rx: Timestamp, give: Give) -> Taken {
        self.enter(rmc.fix_time, give);
        if let Some((date, time)) = rmc.fix_date.zip(rmc.fix_time) {
            self.set_utc(NaiveDateTime::new(date, time));
        }
        if rmc.status_of_fix == RmcStatusOfFix::Invalid {
            return Ok(Outcome::Ignored);
        }
        self.velocity(rmc.speed_over_ground, rmc.true_course, t_rx, give)
    }

    pub fn track(&mut self, vtg: &VtgData, t_rx: Timestamp, give: Give) -> Taken {
        self.velocity(vtg.speed_over_ground, vtg.true_course, t_rx, give)
    }

    pub fn heading(&mut self, hdt: &HdtData, t_rx: Timestamp, give: Give) -> Taken {
        match hdt.heading.map(decimal) {
            Some(heading_deg) => self.yaw(heading_deg, t_rx, give),
            None => Ok(Outcome::Ignored),
        }
    }

    /// A heading [deg], clockwise from north.
    pub fn yaw(&mut self, heading_deg: f64, t_rx: Timestamp, give: Give) -> Taken {
        if !(0.0..=360.0).contains(&heading_deg) {
            return Err(Fault("heading outside 0 to 360 degrees"));
        }
        // Clockwise from north to counter-clockwise from east, within (-180, 180].
        let yaw_deg = if heading_deg < 270.0 {
            90.0 - heading_deg
        } else {
            450.0 - heading_deg
        };
        let yaw = Yaw {
            yaw_rad: yaw_deg.to_radians(),
            sigma_rad: None,
        };
        self.give(t_rx, self.epoch.time_ns, Reading::Yaw(yaw), give);
        Ok(Outcome::Used)
    }

    /// GSA's kind of fix: 1 none, 2 two dimensions, 3 three.
    pub fn dimensions(&mut self, kind: &[u8]) -> Outcome {
        if !matches!(kind, b"2" | b"3") {
            return Outcome::Ignored;
        }
        self.flat = kind == b"2";
        if let Some((_, position)) = self.epoch.held.as_mut().filter(|_| self.flat) {
            position.height_m = None;
        }
        Outcome::Used
    }

    pub fn date(&mut self, zda: &ZdaData, _: Timestamp, give: Give) -> Taken {
        self.enter(zda.utc_time, give);
        let Some(utc) = zda.utc_date_time() else {
            return Ok(Outcome::Ignored);
        };
        self.set_utc(utc);
        Ok(Outcome::Used)
    }

    fn velocity(
        &mut self,
        knots: Option<f32>,
        course: Option<f32>,
        t_rx: Timestamp,
        give: Give,
    ) -> Taken {
        // Without any timed sentence there are no epochs, and every VTG counts.
        if self.epoch.has_velocity && self.epoch.time_ns.is_some() {
            return Ok(Outcome::Ignored);
        }
        let Some(speed_mps) = knots.map(|knots| decimal(knots) * MPS_PER_KNOT) else {
            return Ok(Outcome::Ignored);
        };
        // Receivers leave the course out when slow; only at a speed of nought does it not matter.
        let course_rad = match course {
            Some(course_deg) => decimal(course_deg).to_radians(),
            None if speed_mps == 0.0 => 0.0,
            None => return Ok(Outcome::Ignored),
        };
        if !(speed_mps >= 0.0 && speed_mps.is_finite() && course_rad.is_finite()) {
            return Err(Fault("speed or course is no number"));
        }
        self.epoch.has_velocity = true;
        let velocity = GnssVelocity {
            east_mps: speed_mps * libm::sin(course_rad),
            north_mps: speed_mps * libm::cos(course_rad),
            up_mps: None,
            sigma_mps: None,
        };
        self.give(
            t_rx,
            self.epoch.time_ns,
            Reading::GnssVelocity(velocity),
            give,
        );
        Ok(Outcome::Used)
    }

    /// A sentence of another time begins the next epoch.
    fn enter(&mut self, time: Option<NaiveTime>, give: Give) {
        let Some(time) = time else { return };
        let time_ns = time.signed_duration_since(NaiveTime::MIN).num_nanoseconds();
        if time_ns != self.epoch.time_ns {
            self.close(give);
            self.epoch.time_ns = time_ns;
        }
    }

    fn set_utc(&mut self, utc: NaiveDateTime) {
        self.utc_ns = utc.and_utc().timestamp_nanos_opt().or(self.utc_ns);
    }

    fn give(&mut self, t_rx: Timestamp, time_ns: Option<i64>, reading: Reading, give: Give) {
        match self.base {
            TimeBase::Receive => give(t_rx, reading),
            TimeBase::Utc => match self.utc_ns.zip(time_ns) {
                Some((near_ns, time_ns)) => {
                    let day = (near_ns / 2 - time_ns / 2 + DAY_NS / 4).div_euclid(DAY_NS / 2);
                    let utc_ns = day.saturating_mul(DAY_NS).saturating_add(time_ns);
                    self.utc_ns = Some(utc_ns);
                    give(Timestamp(utc_ns), reading);
                }
                None => self.dropped += 1,
            },
        }
    }
}

/// The crate parses into `f32`; rounding gives back the decimals that the sentence had.
fn decimal(x: f32) -> f64 {
    libm::round(f64::from(x) * 1e4) / 1e4
}
