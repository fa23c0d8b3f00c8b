//! A filter that goes along with another, against one that was really fed with less.

#![allow(clippy::unwrap_used)]

use nalgebra::Vector3;
use wayfix_filter::measurement::{Corrected, Position, Range};
use wayfix_filter::motion::Strapdown;
use wayfix_filter::{
    Block, Filter, Journal, Judge, Nav, Parameter, ParameterId, Prior, Settled, Slot, Subset,
    Timestamp,
};

const N: usize = 24;

/// A journal that hands everything on to one subset.
#[derive(Clone, Debug)]
struct Along(Option<Subset<N>>);

impl Journal<N> for Along {
    fn predicted(&mut self, n: usize, step: &Settled<'_, N>) {
        self.0.iter_mut().for_each(|s| s.predicted(n, step));
    }
    fn corrected(&mut self, n: usize, dx: &[f64; N]) {
        self.0.iter_mut().for_each(|s| s.corrected(n, dx));
    }
    fn cleared(&mut self, index: usize, variance: f64) {
        self.0.iter_mut().for_each(|s| s.cleared(index, variance));
    }
    fn moved(&mut self, from: usize, to: usize) {
        self.0.iter_mut().for_each(|s| s.moved(from, to));
    }
    fn inflated(&mut self, direction: &[(usize, f64)], variance: f64) {
        self.0
            .iter_mut()
            .for_each(|s| s.inflated(direction, variance));
    }
    fn stretched(&mut self, n: usize, factors: &[f64; N]) {
        self.0.iter_mut().for_each(|s| s.stretched(n, factors));
    }
}

fn prior() -> Prior {
    Prior {
        t: Timestamp(0),
        nav: Nav {
            v_n: Vector3::new(1.0, 0.0, 0.0),
            ..Nav::default()
        },
        attitude_sigma_rad: Vector3::new(0.02, 0.02, 0.1),
        velocity_sigma_mps: Vector3::repeat(0.2),
        position_sigma_m: Vector3::repeat(0.3),
        gyro_bias_sigma_radps: 2e-3,
        accel_bias_sigma_mps2: 0.02,
    }
}

/// Circles of 3.3 m radius.
fn motion() -> Strapdown {
    Strapdown {
        gyro_radps: Vector3::new(0.0, 0.0, 0.3),
        accel_mps2: Vector3::new(0.0, 0.3, 9.80665),
        gyro_density: 1e-3,
        accel_density: 2e-2,
        gyro_walk: 1e-5,
        accel_walk: 1e-4,
        gravity_mps2: 9.80665,
    }
}

fn range(nav: &Nav, k: i64, bias: Option<Slot>, off_m: f64) -> Corrected<Range> {
    let p_na = Vector3::new(
        20.0 * (k % 3) as f64 - 15.0,
        12.0 * (k % 2) as f64,
        3.0 + (k % 4) as f64,
    );
    let p_bt = Vector3::new(0.2, -0.1, 1.5);
    let model = Range {
        p_na,
        p_bt,
        range_m: (nav.p_n + nav.q_nb * p_bt - p_na).norm() + off_m,
        sigma_m: 0.1,
        scale: None,
        horizontal: false,
    };
    Corrected::new(model).additive(0, bias)
}

/// Two groups of ranges, of which one is biased: the subset that never sees it and a filter that was fed
/// with the other alone say the same, mean, covariance and separation.
#[test]
fn equals_a_filter_that_was_fed_with_less() {
    let judge = Judge::new(0.9999, wayfix_filter::Weight::StudentT { nu: 4.0 });
    let mut full = Filter::recorded(&prior(), Along(None));
    let mut less = Filter::<N>::new(&prior());
    let mut truth = Filter::<N>::new(&prior());
    let subset = Subset::of(&mut full);
    full.set_journal(Along(Some(subset)));
    for k in 1..3000_i64 {
        let t = Timestamp(k * 10_000_000);
        full.predict(&motion(), t);
        less.predict(&motion(), t);
        truth.predict(&motion(), t);
        if k % 10 != 0 {
            continue;
        }
        // One that is used at the beginning alone, and retired.
        let id = if k < 100 { 9 } else { (k / 10 % 5) as u32 };
        let prior = if id == 0 {
            Parameter::gauss_markov(0.1, 5.0)
        } else {
            Parameter::walk(0.05, 1e-3)
        };
        let slot = full.parameter(ParameterId(id), &prior);
        let own = less.parameter(ParameterId(id), &prior);
        let is_of_group = k / 10 % 2 == 0;
        let off_m = if is_of_group { 0.25 } else { 0.02 };
        let of = |slot| range(truth.nav(), k / 10, slot, off_m);
        full.update(&of(slot), &judge);
        if !is_of_group {
            let (x, along) = full.split();
            let model = of(slot);
            along.0.as_mut().unwrap().update(&x, &model, &judge);
            less.update(&of(own), &judge);
        }
        if k % 500 == 0 {
            let place = Position {
                p_n: truth.nav().p_n,
                p_bs: Vector3::zeros(),
                sigma_m: Vector3::repeat(0.2),
                lever: [None; 2],
            };
            full.update(&place, &judge);
            let (x, along) = full.split();
            along.0.as_mut().unwrap().update(&x, &place, &judge);
            less.update(&place, &judge);
            full.inflate(Block::Position, Vector3::repeat(1e-4));
            less.inflate(Block::Position, Vector3::repeat(1e-4));
        }
        if k == 2000 {
            full.retire_unused(|_| 5.0);
            less.retire_unused(|_| 5.0);
        }
    }
    let subset = full.journal().0.clone().unwrap();
    let apart = full.nav().p_n - less.nav().p_n;
    assert!(
        apart.norm() > 0.02,
        "the biased group moves the estimate: {apart}"
    );
    let own = subset.nav(full.nav());
    assert!(
        (own.p_n - less.nav().p_n).norm() < 0.05 * apart.norm(),
        "{} {}",
        own.p_n,
        less.nav().p_n
    );
    assert!((subset.separation_n() + apart).norm() < 0.05 * apart.norm());
    less.inflate(Block::Position, Vector3::zeros());
    let p = less.covariance(Block::Position, Block::Position);
    let q = subset.covariance(Block::Position, Block::Position);
    assert!((p - q).norm() < 0.1 * p.norm(), "{p} {q}");
}
