//! Time of one filter step: `cargo bench --bench step`.
//!
//! Wayfix's filter (f64, 24 error states, 9 of them parameters) beside the `eskf` crate (f32, 18
//! error states, no parameters, no gate), interleaved in one run so that both meet the same machine.
//! Each figure is the median of many batches. Allocations are counted over all of it: one is a
//! failure.

#![allow(clippy::unwrap_used, reason = "a bench is a test")]

mod support;

use std::hint::black_box;
use std::time::Instant;

use nalgebra::{Matrix3, SVector, Vector2, Vector3};
use support::median;
use support::peer::Peer;
use wayfix_filter::history::{Estimator, History, Key};
use wayfix_filter::measurement::{Camera, Corrected, Marker, MeasurementModel, Position, Range};
use wayfix_filter::motion::Strapdown;
use wayfix_filter::{
    Filter, Judge, NAV, Nav, Parameter, ParameterId, Prior, Slot, Timestamp, Weight,
};

const N: usize = 24;
/// Steps in a batch.
const BATCH: usize = 100;
/// Batches; an odd number has a median.
const BATCHES: usize = 3001;
const DT_NS: i64 = 10_000_000;

const ANCHORS: [[f64; 3]; 4] = [
    [0.0, 0.0, 4.0],
    [20.0, 0.0, 5.0],
    [20.0, 15.0, 4.5],
    [0.0, 15.0, 6.0],
];

fn strapdown() -> Strapdown {
    Strapdown {
        gyro_radps: Vector3::zeros(),
        accel_mps2: Vector3::new(0.0, 0.0, 9.80665),
        gyro_density: 2e-4,
        accel_density: 2e-3,
        gyro_walk: 1e-5,
        accel_walk: 1e-4,
        gravity_mps2: 9.80665,
    }
}

/// A range with lever arm, scale and bias, a few centimetres off.
fn range(filter: &Filter<N>, slots: &[Slot], k: usize) -> Corrected<Range> {
    let p_na = Vector3::from(ANCHORS[k % 4]);
    let p_bt = Vector3::new(0.3, -0.2, 2.2);
    let nav = filter.nav();
    let true_m = (nav.p_n + nav.q_nb * p_bt - p_na).norm();
    let model = Range {
        p_na,
        p_bt,
        range_m: true_m + 0.05 * (k as f64 * 2.4).sin(),
        sigma_m: 0.08,
        scale: Some(slots[0]),
        horizontal: false,
    };
    Corrected::new(model).additive(0, Some(slots[1 + k % 4]))
}

fn position(filter: &Filter<N>, k: usize) -> Position<3> {
    let p_bs = Vector3::new(0.6, 0.0, 2.2);
    let nav = filter.nav();
    let off = Vector3::repeat(0.02 * (k as f64).sin());
    Position {
        p_n: nav.p_n + nav.q_nb * p_bs + off,
        p_bs,
        sigma_m: SVector::repeat(0.05),
        lever: [None; 2],
    }
}

/// A ceiling marker above the camera.
fn marker(filter: &Filter<N>, k: usize) -> Marker {
    let nav = filter.nav();
    let camera = Camera {
        p_bs: Vector3::new(0.5, 0.0, 2.1),
        r_bs: Matrix3::new(0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0),
        focal_px: Vector2::repeat(600.0),
        centre_px: Vector2::new(640.0, 480.0),
        turn: [None; 3],
    };
    let mut marker = Marker {
        p_nm: nav.p_n + nav.q_nb * Vector3::new(0.7, 0.2, 6.0),
        r_nm: Matrix3::identity(),
        size_m: 0.3,
        survey: [None; 3],
        corners_px: [Vector2::zeros(); 4],
        sigma_px: 0.5,
        camera,
    };
    // What it should read is minus the residual of reading zero.
    let off = 0.3 * (k as f64).sin();
    if let Ok(zero) = marker.linearise(&filter.view()) {
        for (i, corner) in marker.corners_px.iter_mut().enumerate() {
            *corner = -zero.residual.fixed_rows::<2>(2 * i) + Vector2::repeat(off);
        }
    }
    marker
}

/// A filter whose covariance is full: a minute at rest with ranges.
fn warmed() -> (Filter<N>, Vec<Slot>, Judge) {
    let mut filter = Filter::<N>::new(&Prior {
        t: Timestamp(0),
        nav: Nav {
            p_n: Vector3::new(8.0, 6.0, 0.0),
            ..Nav::default()
        },
        attitude_sigma_rad: Vector3::repeat(0.05),
        velocity_sigma_mps: Vector3::repeat(0.2),
        position_sigma_m: Vector3::repeat(0.5),
        gyro_bias_sigma_radps: 5e-3,
        accel_bias_sigma_mps2: 0.05,
    });
    let slots: Vec<Slot> = (0..(N - NAV) as u32)
        .filter_map(|id| filter.parameter(ParameterId(id), &Parameter::constant(0.05)))
        .collect();
    assert_eq!(
        (slots.len(), filter.len()),
        (9, N),
        "nine parameters are active"
    );
    let judge = Judge::new(0.999, Weight::Huber { sigmas: 2.0 });
    for k in 0..6000 {
        filter.predict(&strapdown(), filter.t() + DT_NS);
        if k % 10 == 0 {
            let range = range(&filter, &slots, k / 10);
            filter.update(&range, &judge);
        }
    }
    assert!(filter.is_healthy(), "warm-up went wrong");
    (filter, slots, judge)
}

/// An estimator that costs nothing by itself, as large as a real one.
#[derive(Clone)]
struct Passive(Filter<N>);

impl Estimator for Passive {
    type Context = ();
    type Event = [f64; 4];
    type Output = f64;
    fn apply(&mut self, (): &(), _: Key, event: &[f64; 4]) -> f64 {
        black_box(&self.0);
        event[0]
    }
}

/// Runs one batch on the given start and returns its time a step [ns].
fn batch<S: Clone>(start: &S, mut step: impl FnMut(&mut S, usize)) -> f64 {
    let mut state = start.clone();
    black_box(&mut state);
    let begin = Instant::now();
    for k in 0..BATCH {
        step(&mut state, k);
    }
    let took = begin.elapsed();
    black_box(&state);
    took.as_secs_f64() * 1e9 / BATCH as f64
}

/// Runs a batch and panics where it allocates.
fn lean(name: &str, run: impl FnOnce() -> f64) -> f64 {
    let mut figure = 0.0;
    let count = allocation_counter::measure(|| figure = run()).count_total;
    assert_eq!(count, 0, "{name} allocated {count} times in {BATCH} steps");
    figure
}

fn main() {
    let (filter, slots, judge) = warmed();
    let imu = strapdown();
    // Measurements are made before the clock starts: they are the sensor's work.
    let ranges: Vec<_> = (0..BATCH).map(|k| range(&filter, &slots, k)).collect();
    let positions: Vec<_> = (0..BATCH).map(|k| position(&filter, k)).collect();
    let markers: Vec<_> = (0..BATCH).map(|k| marker(&filter, k)).collect();

    let peer = Peer::warmed();
    let names = [
        "predict: strapdown, mean and transition",
        "predict: strapdown, covariance settled",
        "predict: eskf",
        "update: range, scale, bias, lever arm, gate",
        "update: eskf height",
        "update: position, 3 components",
        "update: eskf position",
        "update: marker, 8 pixel coordinates",
        "history: insert in order, checkpoint every 8",
        "history: insert 10 events late",
    ];
    let mut figures: [Vec<f64>; 10] = std::array::from_fn(|_| Vec::with_capacity(BATCHES));
    let mut gated = 0;
    for _ in 0..BATCHES {
        let mut update = |name, one: &mut dyn FnMut(&mut Filter<N>, usize) -> bool| {
            lean(name, || {
                batch(&filter, |f, k| gated += usize::from(!one(f, k)))
            })
        };
        figures[3].push(update(names[3], &mut |f, k| {
            f.update(black_box(&ranges[k]), &judge).verdict.is_used()
        }));
        figures[5].push(update(names[5], &mut |f, k| {
            f.update(black_box(&positions[k]), &judge).verdict.is_used()
        }));
        figures[7].push(update(names[7], &mut |f, k| {
            f.update(black_box(&markers[k]), &judge).verdict.is_used()
        }));
        figures[0].push(lean(names[0], || {
            batch(&filter, |f, _| f.predict(black_box(&imu), f.t() + DT_NS))
        }));
        figures[1].push(lean(names[1], || {
            batch(&filter, |f, _| {
                f.predict(black_box(&imu), f.t() + DT_NS);
                f.settle();
            })
        }));
        figures[2].push(batch(&peer, |p, _| p.predict()));
        figures[4].push(batch(&peer, |p, k| {
            let _ = p
                .filter
                .observe_height(black_box(0.01 * (k as f32).sin()), 0.01);
        }));
        figures[6].push(batch(&peer, |p, _| {
            let variance = eskf::ESKF::variance_from_element(0.01);
            let _ = p
                .filter
                .observe_position(black_box(eskf_nalgebra::Point3::origin()), variance);
        }));
    }
    assert_eq!(gated, 0, "a gated update is too cheap to count");
    for late in [false, true] {
        let mut state = Passive(filter.clone());
        let mut history = History::new(vec![None; 512], vec![None; 64], 1.0, 8);
        let mut now = 0;
        let mut insert = |t| {
            let key = Key {
                t: Timestamp(t),
                source: 0,
                content: 0,
            };
            let taken = history.insert(&mut state, &(), key, [1.0; 4], |_, x| {
                black_box(x);
            });
            assert!(taken.is_ok(), "in the horizon");
        };
        for _ in 0..BATCHES {
            // In order first, so that the late ones have company.
            for _ in 0..2 * BATCH {
                now += DT_NS;
                insert(now);
            }
            let figure = lean(names[8 + usize::from(late)], || {
                batch(&(), |(), k| {
                    if late && k % 2 == 1 {
                        insert(now - 10 * DT_NS + 1 + k as i64);
                    } else {
                        now += DT_NS;
                        insert(now);
                    }
                })
            });
            figures[8 + usize::from(late)].push(figure);
        }
    }
    let medians = figures.map(median);
    // Half of that batch was in order.
    let late_ns = 2.0 * medians[9] - medians[8];
    println!("f64, N = {N}, 9 parameters; median of {BATCHES} batches of {BATCH}; no allocation");
    for (i, name) in names.iter().enumerate() {
        let figure = if i == 9 { late_ns } else { medians[i] };
        println!("{name:48} {figure:8.0} ns");
    }
    println!();
    for (what, ours, theirs, target) in [
        ("predict", medians[0], medians[2], None),
        ("predict, settled", medians[1], medians[2], Some(0.40)),
        ("scalar update", medians[3], medians[4], Some(0.15)),
        ("3-component update", medians[5], medians[6], Some(0.30)),
    ] {
        let target = target.map_or(String::new(), |t| format!(" (target at most {t})"));
        println!("{what:20} {:.3} of eskf{target}", ours / theirs);
    }
}
