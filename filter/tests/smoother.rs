//! The smoother against what it must equal, and whether its covariance is honest.

#![allow(clippy::unwrap_used)]

use nalgebra::{Matrix6, SMatrix, Vector1, Vector3, Vector6};
use wayfix_filter::measurement::{Corrected, Degenerate, Jacobian, Linearised};
use wayfix_filter::measurement::{MeasurementModel, Position, Range};
use wayfix_filter::motion::{Strapdown, Tag};
use wayfix_filter::smoother::Tape;
use wayfix_filter::{
    Block, Filter, Judge, Nav, Parameter, ParameterId, Prior, Process, Slot, Timestamp, View,
};

const N: usize = 24;
type Recorded = Filter<N, Tape>;

fn prior(position_sigma_m: f64) -> Prior {
    Prior {
        t: Timestamp(0),
        nav: Nav::default(),
        attitude_sigma_rad: Vector3::repeat(0.02),
        velocity_sigma_mps: Vector3::repeat(1.0),
        position_sigma_m: Vector3::repeat(position_sigma_m),
        gyro_bias_sigma_radps: 0.01,
        accel_bias_sigma_mps2: 0.05,
    }
}

/// Numbers in −½..½ that are the same on every machine.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = (self.0)
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
    }

    /// About normal: the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum()
    }

    fn vector(&mut self, sigma: f64) -> Vector3<f64> {
        Vector3::from_fn(|_, _| sigma * self.normal())
    }
}

/// Velocity and position of a filter.
fn state(filter: &Recorded) -> (Vector6<f64>, Matrix6<f64>) {
    let nav = filter.nav();
    let x = Vector6::from_iterator(nav.v_n.iter().chain(nav.p_n.iter()).copied());
    (x, SMatrix::from_fn(|i, j| filter.cross(3 + i, 3 + j)))
}

#[test]
fn equals_rauch_tung_striebel_where_all_is_linear() {
    const DT_S: f64 = 0.25;
    let mut noise = Noise(4);
    let mut filter = Recorded::recorded(&prior(3.0), Tape::recording(None));
    let mut steps = Vec::new();
    for k in 0..40 {
        filter.predict(
            &Tag::default(),
            Timestamp::from_seconds(DT_S * f64::from(k + 1)),
        );
        let before = state(&filter);
        // A second without anything, twice.
        if k % 20 < 16 {
            let position = Position {
                p_n: noise.vector(2.0),
                p_bs: Vector3::zeros(),
                sigma_m: Vector3::new(0.3, 0.4, 0.5),
                lever: [None; 2],
            };
            filter.update(&position, &Judge::OPEN);
        }
        filter.settle();
        filter.mark(0.0);
        steps.push((before, state(&filter)));
    }
    let mut f = Matrix6::identity();
    f.fixed_view_mut::<3, 3>(3, 0).fill_with_identity();
    f.fixed_view_mut::<3, 3>(3, 0).scale_mut(DT_S);
    let smoothed = filter.smoothed();
    let (mut x, mut p) = steps.last().unwrap().1;
    for k in (0..steps.len()).rev() {
        if k + 1 < steps.len() {
            let ((x_before, p_before), (_, (x_after, p_after))) = (steps[k + 1].0, steps[k]);
            let gain = p_after * f.transpose() * p_before.try_inverse().unwrap();
            x = x_after + gain * (x - x_before);
            p = p_after + gain * (p - p_before) * gain.transpose();
        }
        let s = &smoothed[k];
        let found = Vector6::from_iterator(s.nav.v_n.iter().chain(s.nav.p_n.iter()).copied());
        assert!((found - x).norm() < 1e-8, "{k}: {found} {x}");
        let found: Matrix6<f64> = s.covariance.fixed_view::<6, 6>(3, 3).into_owned();
        assert!((found - p).norm() < 1e-8 * p.norm(), "{k}: {found} {p}");
    }
}

/// Reads parameters: what they are is all that it sees.
struct Gauge([Slot; 2], f64);

impl MeasurementModel<1> for Gauge {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let [a, b] = self.0.map(|slot| x.value(Some(slot)));
        Ok(Linearised {
            residual: Vector1::new(self.1 - a - b - x.nav.p_n.x),
            h: Jacobian::default()
                .with(Block::Position, nalgebra::Matrix1x3::new(1.0, 0.0, 0.0))
                .with_parameter(Some(self.0[0]), Vector1::new(1.0))
                .with_parameter(Some(self.0[1]), Vector1::new(1.0)),
            r: Vector1::new(0.04),
        })
    }
}

#[test]
fn what_never_moves_is_everywhere_as_it_is_at_the_end() {
    // A place that stands still, seen through errors that decay, walk, come and go.
    let mut noise = Noise(9);
    let still = Prior {
        velocity_sigma_mps: Vector3::repeat(1e-9),
        ..prior(2.0)
    };
    let mut filter = Recorded::recorded(&still, Tape::recording(None));
    let motion = Tag {
        accel_density: 0.0,
        accel_up_density: 0.0,
        ..Tag::default()
    };
    for k in 0..60_u32 {
        filter.predict(&motion, Timestamp::from_seconds(0.5 * f64::from(k + 1)));
        filter.settle();
        filter.mark(1.0);
        // More parameters than there is room for: they take one another's place.
        let walk = Parameter {
            process: Process::RandomWalk { density: 0.1 },
            ..Parameter::constant(0.3)
        };
        let slots = [
            filter.parameter(ParameterId(k % 13), &Parameter::gauss_markov(0.5, 3.0)),
            filter.parameter(ParameterId(100 + k / 20), &walk),
        ];
        let gauge = Gauge(slots.map(Option::unwrap), 1.5 + noise.normal());
        filter.update(&gauge, &Judge::OPEN);
        if k % 15 == 0 {
            filter.retire_unused(|_| 4.0);
        }
    }
    let (x, variance) = (filter.nav().p_n.x, filter.cross(6, 6));
    let smoothed = filter.smoothed();
    assert_eq!(smoothed.len(), 30);
    for s in &smoothed {
        assert!((s.nav.p_n.x - x).abs() < 1e-7, "{} {x}", s.nav.p_n.x);
        assert!((s.covariance[(6, 6)] / variance - 1.0).abs() < 1e-7);
    }
}

/// At a mark: the time, the true place, and the filter's.
type Place = (Timestamp, Vector3<f64>, Vector3<f64>);

/// An inertial drive among anchors that are biased; the last filter and the marks.
fn drive(seed: u64) -> (Recorded, Vec<Place>) {
    const DT_S: f64 = 0.02;
    let mut noise = Noise(seed);
    let (gyro_density, accel_density) = (2e-3, 2e-2);
    let prior = prior(0.5);
    let mut truth = Nav {
        q_nb: wayfix_filter::math::exp(&noise.vector(0.02)),
        v_n: noise.vector(1.0),
        p_n: noise.vector(0.5),
        gyro_bias_b: noise.vector(0.01),
        accel_bias_b: noise.vector(0.05),
        ..Nav::default()
    };
    let mut filter = Recorded::recorded(&prior, Tape::recording(None));
    let anchors = [
        [20.0, 0.0, 0.0],
        [0.0, 20.0, 0.0],
        [0.0, 0.0, 20.0],
        [-20.0, 0.0, 0.0],
        [0.0, -20.0, 0.0],
        [0.0, 0.0, -20.0],
    ];
    let biases: Vec<f64> = anchors.iter().map(|_| 0.1 * noise.normal()).collect();
    let mut places = Vec::new();
    for k in 0..500_u32 {
        let t = Timestamp::from_seconds(DT_S * f64::from(k + 1));
        let turn = Vector3::new(0.0, 0.0, 0.8 * (0.01 * f64::from(k)).sin());
        let force = truth.q_nb.inverse() * (Vector3::z() * 9.81 - 0.3 * truth.p_n);
        let spread = DT_S.sqrt();
        let mut imu = Strapdown {
            gyro_radps: turn + truth.gyro_bias_b,
            accel_mps2: force + truth.accel_bias_b,
            gyro_density,
            accel_density,
            gyro_walk: 0.0,
            accel_walk: 0.0,
            gravity_mps2: 9.81,
        };
        let mut moved = Recorded::recorded(
            &Prior {
                nav: truth,
                ..prior
            },
            Tape::default(),
        );
        moved.predict(&imu, Timestamp::from_seconds(DT_S));
        truth = *moved.nav();
        imu.gyro_radps += noise.vector(gyro_density / spread);
        imu.accel_mps2 += noise.vector(accel_density / spread);
        filter.predict(&imu, t);
        // Nothing is heard for three of ten seconds.
        if k % 10 == 0 && !(200..350).contains(&k) {
            let i = (k / 10) as usize % 6;
            let p_na = Vector3::from(anchors[i]);
            let range = Range {
                p_na,
                p_bt: Vector3::new(0.2, 0.0, 0.4),
                range_m: (truth.p_n + truth.q_nb * Vector3::new(0.2, 0.0, 0.4) - p_na).norm()
                    + biases[i]
                    + 0.1 * noise.normal(),
                sigma_m: 0.1,
                scale: None,
                horizontal: false,
            };
            let bias = filter.parameter(ParameterId(i as u32), &Parameter::constant(0.1));
            filter.update(&Corrected::new(range).additive(0, bias), &Judge::OPEN);
        }
        if k % 25 == 24 {
            filter.settle();
            filter.mark(0.0);
            places.push((t, truth.p_n, filter.nav().p_n));
        }
    }
    (filter, places)
}

#[test]
fn is_honest_and_better_than_the_filter() {
    const RUNS: u64 = 60;
    let (mut nees, mut squares, mut filtered) = (Vec::new(), 0.0, 0.0);
    for seed in 0..RUNS {
        let (filter, places) = drive(100 + seed);
        let smoothed = filter.smoothed();
        assert_eq!(smoothed.len(), places.len());
        nees.resize(places.len(), 0.0);
        for (i, (s, (t, truth, place))) in smoothed.iter().zip(&places).enumerate() {
            assert_eq!(s.t, *t);
            let e = s.nav.p_n - truth;
            let p = s.block(Block::Position);
            nees[i] += e.dot(&p.cholesky().unwrap().solve(&e)) / RUNS as f64;
            squares += e.norm_squared();
            filtered += (place - truth).norm_squared();
        }
    }
    // 180 degrees of freedom an epoch: 95 % lie within 2.38 and 3.68. Twenty epochs; one or two stray.
    let outside = nees.iter().filter(|n| !(2.38..3.68).contains(*n)).count();
    assert!(outside <= 3, "{nees:.2?}");
    assert!(squares < 0.25 * filtered, "{squares} {filtered}");
}

#[test]
fn a_copy_that_is_taken_back_has_its_own_past() {
    let (filter, places) = drive(1);
    let mut ahead = filter.clone();
    ahead.predict(&Tag::default(), filter.t().shifted(1.0));
    ahead.settle();
    ahead.mark(0.0);
    assert_eq!(filter.smoothed().len(), places.len());
    assert_eq!(ahead.smoothed().len(), places.len() + 1);
    // Where nothing was measured since, nothing is known better.
    let (a, b) = (filter.smoothed(), ahead.smoothed());
    assert!((a[3].nav.p_n - b[3].nav.p_n).norm() < 1e-9);
}

#[test]
fn with_a_fixed_lag_the_past_is_let_go() {
    let (filter, places) = drive(2);
    let whole = filter.smoothed();
    let behind = filter.smoothed_behind(2.0).unwrap();
    let same = whole.iter().find(|s| s.t == behind.t).unwrap();
    assert_eq!(behind, *same);
    assert!(filter.t().seconds_since(behind.t) >= 2.0);
    // That mark and those since.
    assert_eq!(filter.smoothed().len(), 5);
    assert!(places.len() > 5);
}
