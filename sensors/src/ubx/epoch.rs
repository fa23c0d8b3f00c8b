//! Messages to epochs: which of them belong to one time of week, and which UTC that was.

use wayfix_filter::Timestamp;

use crate::framed::field::{f32_le, i32_le, three, u8, u16_le, u32_le};
use crate::nmea::TimeBase;
use crate::out::Out;
use crate::sample::{GnssFix, GnssPosition, GnssVelocity, Reading, Yaw};

const WEEK_MS: i64 = 604_800_000;
const MS_NS: i64 = 1_000_000;

/// The epoch under way, and what earlier ones taught.
#[derive(Clone, Debug)]
pub(super) struct Epochs {
    base: TimeBase,
    /// The UTC [ns of unix time] of a time of week [ms]: leap seconds come with it.
    utc: Option<(i64, u32)>,
    /// The previous epoch had a covariance (at first: may have), so a position waits for one.
    hold: bool,
    epoch: Epoch,
}

#[derive(Clone, Copy, Debug, Default)]
struct Epoch {
    /// GPS time of week [ms].
    itow_ms: Option<u32>,
    held: Option<(Timestamp, GnssPosition, GnssVelocity)>,
    covariance: Option<Covariance>,
    has_solution: bool,
}

#[derive(Clone, Copy, Debug)]
struct Covariance {
    position_enu_m: Option<[f64; 3]>,
    velocity_mps: Option<f64>,
}

impl Epochs {
    pub fn new(base: TimeBase) -> Self {
        Self {
            base,
            utc: None,
            hold: true,
            epoch: Epoch::default(),
        }
    }

    /// Ends the epoch: gives the position that waited in vain.
    pub fn close(&mut self, out: &mut Out<'_>) {
        let epoch = core::mem::take(&mut self.epoch);
        if epoch.has_solution {
            self.hold = epoch.covariance.is_some();
        }
        self.let_go(epoch, out);
    }

    /// NAV-PVT.
    pub fn solution(&mut self, p: &[u8], t_rx: Timestamp, out: &mut Out<'_>) -> bool {
        let itow_ms = u32_le(p, 0);
        self.enter(itow_ms, out);
        let valid = u8(p, 11);
        // Date and time valid; `fullyResolved` only says that the second is not in doubt either.
        if valid & 0b11 == 0b11
            && let Some(utc_ns) = unix_ns(p)
        {
            self.utc = Some((utc_ns, itow_ms));
        }
        let (kind, flags) = (u8(p, 20), u8(p, 21));
        // 2D and 3D; without fix, dead reckoning, combined and time-only say nothing of satellites.
        if !matches!(kind, 2 | 3) || flags & 1 == 0 || self.epoch.has_solution {
            return false;
        }
        let fix = match (flags >> 6, flags & 2 != 0) {
            (2, _) => GnssFix::RtkFixed,
            (1, _) => GnssFix::RtkFloat,
            (_, true) => GnssFix::Differential,
            _ => GnssFix::Single,
        };
        let [lon_deg, lat_deg] = [24, 28].map(|at| f64::from(i32_le(p, at)) * 1e-7);
        if lat_deg.abs() > 90.0 || lon_deg.abs() > 180.0 {
            return false;
        }
        let [h_acc_m, v_acc_m, s_acc_mps] = [40, 44, 68].map(|at| f64::from(u32_le(p, at)) * 1e-3);
        let each_m = h_acc_m * core::f64::consts::FRAC_1_SQRT_2;
        let sigma_enu_m = [each_m, each_m, v_acc_m];
        let position = GnssPosition {
            lat_deg,
            lon_deg,
            height_m: (kind == 3).then(|| f64::from(i32_le(p, 32)) * 1e-3),
            fix,
            sigma_enu_m: sigma_enu_m.iter().all(|s| *s > 0.0).then_some(sigma_enu_m),
            hdop: None,
            satellites: Some(u8(p, 23)),
        };
        let [north, east, down] = three(p, 48, 4, i32_le).map(|v| f64::from(v) * 1e-3);
        let velocity = GnssVelocity {
            east_mps: east,
            north_mps: north,
            up_mps: (kind == 3).then_some(-down),
            sigma_mps: (s_acc_mps > 0.0).then_some(s_acc_mps),
        };
        self.epoch.has_solution = true;
        self.epoch.held = Some((t_rx, position, velocity));
        if !self.hold || self.epoch.covariance.is_some() {
            self.let_go_now(out);
        }
        true
    }

    /// NAV-COV: variances [m², m²/s²] in the order NN, NE, ND, EE, ED, DD.
    pub fn covariance(&mut self, p: &[u8], out: &mut Out<'_>) -> bool {
        self.enter(u32_le(p, 0), out);
        let sigma = |at| {
            let variance = f64::from(f32_le(p, at));
            (variance.is_finite() && variance > 0.0).then(|| libm::sqrt(variance))
        };
        let position_enu_m = match (u8(p, 5) == 1, sigma(16 + 12), sigma(16), sigma(16 + 20)) {
            (true, Some(east), Some(north), Some(up)) => Some([east, north, up]),
            _ => None,
        };
        let velocity_mps = match (u8(p, 6) == 1, sigma(40 + 12), sigma(40)) {
            (true, Some(east), Some(north)) => {
                Some(libm::sqrt((east * east + north * north) / 2.0))
            }
            _ => None,
        };
        self.epoch.covariance = Some(Covariance {
            position_enu_m,
            velocity_mps,
        });
        let used = self.epoch.held.is_some() || !self.epoch.has_solution;
        self.let_go_now(out);
        used
    }

    /// NAV-RELPOSNED of version 1; version 0 has no heading.
    pub fn base_line(&mut self, p: &[u8], t_rx: Timestamp, out: &mut Out<'_>) -> bool {
        let itow_ms = u32_le(p, 4);
        self.enter(itow_ms, out);
        // gnssFixOK, relPosValid, relPosHeadingValid.
        let flags = u32_le(p, 60);
        if u8(p, 0) != 1 || flags & 0b1_0000_0101 != 0b1_0000_0101 {
            return false;
        }
        let heading_deg = f64::from(i32_le(p, 24)) * 1e-5;
        let sigma_deg = f64::from(u32_le(p, 52)) * 1e-5;
        if !(0.0..=360.0).contains(&heading_deg) {
            return false;
        }
        // Clockwise from north to counter-clockwise from east, within (-180, 180].
        let yaw_deg = if heading_deg < 270.0 {
            90.0 - heading_deg
        } else {
            450.0 - heading_deg
        };
        let yaw = Yaw {
            yaw_rad: yaw_deg.to_radians(),
            sigma_rad: (sigma_deg > 0.0).then(|| sigma_deg.to_radians()),
        };
        self.give(t_rx, itow_ms, Reading::Yaw(yaw), out);
        true
    }

    /// NAV-EOE: nothing more comes of this time of week.
    pub fn end(&mut self, p: &[u8], out: &mut Out<'_>) -> bool {
        if self.epoch.itow_ms == Some(u32_le(p, 0)) {
            self.close(out);
        }
        false
    }

    /// The time of a reading that has no time of week of its own: the epoch's.
    pub fn give_now(&mut self, t_rx: Timestamp, reading: Reading, out: &mut Out<'_>) {
        match self.utc {
            _ if self.base == TimeBase::Receive => out.give(t_rx, reading),
            Some((_, itow_ms)) => {
                let itow_ms = self.epoch.itow_ms.unwrap_or(itow_ms);
                self.give(t_rx, itow_ms, reading, out);
            }
            None => out.ignore(),
        }
    }

    /// A message of another time of week begins the next epoch.
    fn enter(&mut self, itow_ms: u32, out: &mut Out<'_>) {
        if self.epoch.itow_ms != Some(itow_ms) {
            self.close(out);
            self.epoch.itow_ms = Some(itow_ms);
        }
    }

    fn let_go_now(&mut self, out: &mut Out<'_>) {
        let epoch = self.epoch;
        self.epoch.held = None;
        self.let_go(epoch, out);
    }

    fn let_go(&self, epoch: Epoch, out: &mut Out<'_>) {
        let (Some((t_rx, mut position, mut velocity)), Some(itow_ms)) = (epoch.held, epoch.itow_ms)
        else {
            return;
        };
        if let Some(covariance) = epoch.covariance {
            position.sigma_enu_m = covariance.position_enu_m.or(position.sigma_enu_m);
            velocity.sigma_mps = covariance.velocity_mps.or(velocity.sigma_mps);
        }
        self.give(t_rx, itow_ms, Reading::GnssPosition(position), out);
        self.give(t_rx, itow_ms, Reading::GnssVelocity(velocity), out);
    }

    fn give(&self, t_rx: Timestamp, itow_ms: u32, reading: Reading, out: &mut Out<'_>) {
        match (self.base, self.utc) {
            (TimeBase::Receive, _) => out.give(t_rx, reading),
            (TimeBase::Utc, Some((utc_ns, at_ms))) => {
                // The nearer way round the week.
                let ahead = (i64::from(itow_ms) - i64::from(at_ms) + WEEK_MS / 2)
                    .rem_euclid(WEEK_MS)
                    - WEEK_MS / 2;
                out.give(Timestamp(utc_ns) + ahead * MS_NS, reading);
            }
            (TimeBase::Utc, None) => out.ignore(),
        }
    }
}

/// The UTC of NAV-PVT as unix time [ns]; its nanoseconds may be negative.
fn unix_ns(p: &[u8]) -> Option<i64> {
    let date = chrono::NaiveDate::from_ymd_opt(
        i32::from(u16_le(p, 4)),
        u32::from(u8(p, 6)),
        u32::from(u8(p, 7)),
    )?;
    let [hour, minute, second] = three(p, 8, 1, u8).map(i64::from);
    // Second 60 is a leap second, which unix time repeats.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let midnight_s = date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
    let seconds = midnight_s + (hour * 60 + minute) * 60 + second;
    let nano = i64::from(i32_le(p, 16));
    seconds.checked_mul(1_000_000_000)?.checked_add(nano)
}
