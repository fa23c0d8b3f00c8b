//! A heading that has become unknown on the way is tried anew, as at the start: one filter can't hold
//! all directions at once.

use nalgebra::Vector3;
use wayfix_filter::{Block, Timestamp, math};

use super::cold::headings;
use super::companions::Companions;
use super::core::{Core, Filter};
use super::inputs::Carrier;
use super::protection::largest_eigenvalue;
use super::relocation::beside;
use super::setup::Setup;

/// A heading with a larger sigma is unknown: linearised once, it would lead astray [rad].
const UNKNOWN_RAD: f64 = 0.7;

/// Variance of the heading: the attitude error about n's vertical [rad²].
fn yaw_variance<const N: usize>(filter: &Filter<N>) -> f64 {
    let up_b = filter.nav().q_nb.inverse() * Vector3::z();
    let p = filter.covariance(Block::Attitude, Block::Attitude);
    up_b.dot(&(p * up_b))
}

/// An estimate whose heading is unknown and whose position is no better than this is lost \[m\]: what is
/// measured next can't be linearised at it.
const LOST_M: f64 = 8.0;

impl<const N: usize> Core<N> {
    /// An estimate that was carried by nothing for too long is given up, and the start is sought anew, with
    /// what was learned.
    pub(super) fn give_up(&mut self) {
        let Some(filter) = self
            .tracking
            .hypotheses
            .single()
            .filter(|_| !self.is_seeking)
        else {
            return;
        };
        let p = filter.covariance(Block::Position, Block::Position);
        let is_lost = largest_eigenvalue(&p) > LOST_M * LOST_M
            && yaw_variance(filter) > UNKNOWN_RAD * UNKNOWN_RAD;
        if is_lost {
            self.learned = Some(Box::new(filter.with_journal(Companions::default())));
            self.seek_anew();
        }
    }

    /// Gives the estimate up: the start is sought anew, and not where vehicle.toml says. Until it is found
    /// the old estimate is given out as lost, rather than nothing.
    pub(super) fn seek_anew(&mut self) {
        self.is_restart = true;
        self.is_seeking = true;
        self.tracking.hypotheses.forget_beside();
        self.window.clear();
        self.last_accepted = None;
        self.last_fixpoint = None;
        self.refusals = None;
        self.relocalised = None;
    }

    /// Splits a single hypothesis whose heading has become unknown while something carries it again.
    pub(super) fn try_headings(&mut self, setup: &Setup, t: Timestamp) {
        let Some(filter) = self
            .tracking
            .hypotheses
            .single()
            .filter(|_| !self.is_seeking)
        else {
            return;
        };
        let variance = yaw_variance(filter);
        let is_known = variance < UNKNOWN_RAD * UNKNOWN_RAD;
        if is_known || self.tracking.inputs.carrier(setup, t).0 == Carrier::None {
            return;
        }
        let filter = filter.with_journal(beside(filter));
        let turned = headings().map(|(turn_rad, sigma_rad)| {
            let mut one = filter.clone();
            let q_nb = math::exp(&(Vector3::z() * turn_rad)) * filter.nav().q_nb;
            let tilt = |i: usize| filter.variance(Block::Attitude.start() + i).min(0.1).sqrt();
            let sigma = Vector3::new(tilt(0), tilt(1), sigma_rad);
            one.reset_block(Block::Attitude, math::log(&q_nb), sigma);
            (one, -0.5 * turn_rad * turn_rad / variance)
        });
        self.tracking.hypotheses.split(turned);
    }
}
