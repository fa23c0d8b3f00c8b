//! The filter's own operations: one update, an iterated one, doubt, a copy.

#![allow(clippy::unwrap_used)]

use nalgebra::Vector3;
use wayfix_filter::measurement::{
    Corrected, Degenerate, Linearised, MeasurementModel, Position, Range,
};
use wayfix_filter::motion::{Rate, Strapdown, Tag, Wheels};
use wayfix_filter::{
    Block, Filter, Judge, Nav, Parameter, ParameterId, Prior, Slot, Timestamp, Verdict, View,
    Weight,
};

const N: usize = 24;

fn filter(position_sigma_m: f64) -> Filter<N> {
    stretched(Vector3::repeat(position_sigma_m))
}

fn stretched(position_sigma_m: Vector3<f64>) -> Filter<N> {
    Filter::new(&Prior {
        position_sigma_m,
        ..prior(1.0)
    })
}

fn prior(position_sigma_m: f64) -> Prior {
    Prior {
        t: Timestamp(0),
        nav: Nav {
            p_n: Vector3::new(4.0, 3.0, 0.0),
            ..Nav::default()
        },
        attitude_sigma_rad: Vector3::repeat(1e-6),
        velocity_sigma_mps: Vector3::repeat(0.1),
        position_sigma_m: Vector3::repeat(position_sigma_m),
        gyro_bias_sigma_radps: 0.01,
        accel_bias_sigma_mps2: 0.1,
    }
}

fn range(range_m: f64) -> Range {
    Range {
        p_na: Vector3::new(0.0, 0.0, 1.0),
        p_bt: Vector3::zeros(),
        range_m,
        sigma_m: 0.1,
        scale: None,
        horizontal: false,
    }
}

/// State, covariance and parameters, bit by bit.
fn bits(filter: &Filter<N>) -> Vec<u64> {
    let nav = filter.nav();
    let numbers = nav
        .p_n
        .iter()
        .chain(nav.v_n.iter())
        .chain(nav.q_nb.coords.iter());
    let mut all: Vec<u64> = numbers.map(|x| x.to_bits()).collect();
    for i in 0..N {
        all.extend((0..N).map(|j| filter.cross(i, j).to_bits()));
    }
    all.extend(filter.parameters().map(|(_, value, _)| value.to_bits()));
    all
}

#[test]
fn one_pass_of_a_linear_measurement_is_all() {
    let position = Position {
        p_n: Vector3::new(9.0, -2.0, 1.0),
        p_bs: Vector3::zeros(),
        sigma_m: Vector3::repeat(0.5),
        lever: [None; 2],
    };
    let (mut once, mut iterated) = (filter(2.0), filter(2.0));
    once.update(&position, &Judge::OPEN);
    iterated.update_iterated(&position, 5);
    assert!((once.nav().p_n - iterated.nav().p_n).norm() < 1e-12);
    let p = |f: &Filter<N>| f.covariance(Block::Position, Block::Position);
    assert!((p(&once) - p(&iterated)).norm() < 1e-12);
}

#[test]
fn an_iterated_update_ends_where_prior_and_measurement_balance() {
    // The prior pulls with (x − x₀)/σ², the range with u (z − ρ)/σ_r²: at the optimum they cancel. A
    // prior that is not round bends the way there.
    let sigma_m = Vector3::new(3.0, 0.5, 1.0);
    let gradient = |f: &Filter<N>| {
        let d = f.nav().p_n - range(0.0).p_na;
        let by_prior = (f.nav().p_n - stretched(sigma_m).nav().p_n)
            .component_div(&sigma_m.component_mul(&sigma_m));
        (by_prior - d.normalize() * ((4.0 - d.norm()) / 0.01)).norm()
    };
    let (mut once, mut iterated) = (stretched(sigma_m), stretched(sigma_m));
    once.update(&range(4.0), &Judge::OPEN);
    let report = iterated.update_iterated(&range(4.0), 10);
    assert_eq!((report.verdict, report.dimension), (Verdict::Fused, 1));
    assert!((report.residual[0] - (4.0 - 26f64.sqrt())).abs() < 1e-12);
    assert!(gradient(&iterated) < 1e-3, "{}", gradient(&iterated));
    assert!(gradient(&once) > 1.0, "{}", gradient(&once));
}

#[test]
fn an_iterated_update_that_does_not_settle_leaves_every_bit() {
    // One metre from an anchor 5 m away, and hardly any freedom across the way there.
    let mut wild = stretched(Vector3::new(3.0, 0.5, 1.0));
    let before = bits(&wild);
    let report = wild.update_iterated(&range(1.0), 10);
    assert_eq!(report.verdict, Verdict::Invalid);
    assert_eq!(bits(&wild), before);
}

#[test]
fn a_gated_measurement_leaves_every_bit() {
    let mut gated = filter(0.1);
    let before = bits(&gated);
    let report = gated.update(&range(50.0), &Judge::new(0.999, Weight::Full));
    assert_eq!(report.verdict, Verdict::Gated);
    assert_eq!(bits(&gated), before);
}

#[test]
fn doubt_keeps_correlations_and_what_it_spares() {
    let mut doubted = filter(1.0);
    let spared = ParameterId(7);
    let slot = |f: &mut Filter<N>, id| f.parameter(id, &Parameter::constant(0.2)).unwrap();
    let (a, b) = (
        slot(&mut doubted, ParameterId(1)),
        slot(&mut doubted, spared),
    );
    let scaled = Range {
        scale: Some(a),
        ..range(5.0)
    };
    doubted.update(&scaled, &Judge::OPEN);
    let scaled = Range {
        scale: Some(b),
        ..range(5.0)
    };
    doubted.update(&scaled, &Judge::OPEN);
    let correlation =
        |f: &Filter<N>, i: usize, j: usize| f.cross(i, j) / (f.variance(i) * f.variance(j)).sqrt();
    let x = Block::Position.start();
    let before = doubted.clone();
    doubted.doubt(9.0, |id| id == spared);
    assert!((doubted.variance(x) / before.variance(x) - 9.0).abs() < 1e-12);
    assert!((doubted.variance(a.index()) / before.variance(a.index()) - 9.0).abs() < 1e-12);
    assert_eq!(doubted.variance(b.index()), before.variance(b.index()));
    for (i, j) in [(x, a.index()), (x, b.index()), (a.index(), b.index())] {
        assert!((correlation(&doubted, i, j) - correlation(&before, i, j)).abs() < 1e-12);
    }
}

#[test]
fn a_copy_into_a_larger_filter_is_the_original() {
    let mut original = filter(1.0);
    original.update(&range(5.0), &Judge::OPEN);
    let mut copy = filter(2.0);
    for id in 0..9 {
        let slot = copy.parameter(ParameterId(id), &Parameter::constant(0.1));
        let model = Range {
            scale: slot,
            ..range(5.0)
        };
        copy.update(&model, &Judge::OPEN);
    }
    copy.predict(&Tag::default(), Timestamp::from_seconds(1.0));
    copy.clone_from(&original);
    assert_eq!(bits(&copy), bits(&original));
    assert_eq!((copy.t(), copy.len()), (original.t(), original.len()));
}

/// What decays is aged when it is needed: as late as that gives what every step by itself gives.
#[test]
fn ageing_late_equals_ageing_at_every_step() {
    let (bias, scale) = (ParameterId(1), ParameterId(2));
    let mut late = filter(1.0);
    let tied = late.parameter(bias, &Parameter::gauss_markov(0.3, 2.0));
    let of_speed = late.parameter(scale, &Parameter::gauss_markov(0.1, 5.0));
    late.update(&Corrected::new(range(5.2)).additive(0, tied), &Judge::OPEN);
    let mut at_once = late.clone();
    let wheels = Wheels {
        speed: Rate::depending(2.0, [(of_speed, 2.0)]),
        yaw_rate: Rate::new(0.1),
        ..Wheels::unknown()
    };
    let mut settled = late.variance(tied.unwrap().index());
    for k in 1..=40 {
        let t = Timestamp(k * 50_000_000);
        for filter in [&mut late, &mut at_once] {
            // The wheels' speed depends on what decays, the tag's motion does not.
            match k % 8 {
                0 => filter.predict(&wheels, t),
                _ => filter.predict(&Tag::default(), t),
            }
        }
        // Adds nothing, but works on the covariance as it is now.
        at_once.inflate_parameter(bias, 0.0);
        let (kept, variance) = ((-0.05_f64 / 2.0).exp(), 0.3 * 0.3);
        settled = settled * kept * kept + variance * (1.0 - kept * kept);
    }
    let slot = tied.unwrap().index();
    assert!((late.variance(slot) - settled).abs() < 1e-12);
    for i in 0..N {
        for j in 0..N {
            let (a, b) = (late.cross(i, j), at_once.cross(i, j));
            assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{i} {j} {a} {b}");
        }
    }
    assert!(late.cross(slot, Block::Position.start()).abs() > 1e-3);
}

/// The covariance moves when it is needed: as late as that gives what every step by itself gives.
#[test]
fn a_covariance_behind_the_mean_reads_as_of_now() {
    let motion = Strapdown {
        gyro_radps: Vector3::new(0.05, -0.02, 0.4),
        accel_mps2: Vector3::new(0.4, -0.3, 9.9),
        // The noise of steps at once is another approximation; see `motion::strapdown`.
        gyro_density: 0.0,
        accel_density: 0.0,
        gyro_walk: 0.0,
        accel_walk: 0.0,
        gravity_mps2: 9.80665,
    };
    let mut late = filter(1.0);
    let bias = late.parameter(ParameterId(1), &Parameter::gauss_markov(0.3, 2.0));
    let walking = late.parameter(ParameterId(2), &Parameter::walk(0.1, 0.02));
    for slot in [bias, walking] {
        late.update(&Corrected::new(range(5.2)).additive(0, slot), &Judge::OPEN);
    }
    let mut at_once = late.clone();
    for k in 1..=30 {
        for filter in [&mut late, &mut at_once] {
            filter.predict(&motion, Timestamp(k * 10_000_000));
        }
        at_once.inflate(Block::Position, Vector3::zeros());
    }
    for i in 0..N {
        for j in 0..N {
            let (a, b) = (late.cross(i, j), at_once.cross(i, j));
            // The position takes the velocity along by the trapezoid of all steps.
            let rough = (6..9).contains(&i) || (6..9).contains(&j);
            let scale = (at_once.variance(i) * at_once.variance(j)).sqrt();
            let tolerance = if rough { 1e-3 } else { 1e-11 };
            assert!((a - b).abs() <= tolerance * scale, "{i} {j} {a} {b}");
        }
    }
    let [a, b] = [&late, &at_once].map(|f| f.covariance(Block::Velocity, Block::Attitude));
    assert!((a - b).norm() < 1e-12);
    late.update(&range(5.1), &Judge::OPEN);
    at_once.update(&range(5.1), &Judge::OPEN);
    let off = late.nav().boxminus(at_once.nav());
    assert!(off.norm() < 1e-4, "{off}");
}

/// What finds no room is refused, and changes nothing.
#[test]
fn surplus_parameters_are_refused() {
    let mut filter = filter(1.0);
    let slots: Vec<_> = (0..9)
        .map(|i| filter.parameter(ParameterId(i), &Parameter::constant(0.1)))
        .collect();
    let before = bits(&filter);
    let nine = slots
        .iter()
        .fold(Corrected::new(range(5.0)), |m, s| m.additive(0, *s));
    let report = filter.update(&nine, &Judge::OPEN);
    assert_eq!(
        report.verdict,
        Verdict::Degenerate(Degenerate::TooManyParameters)
    );
    struct Eleven(Vec<Option<Slot>>);
    impl MeasurementModel<1> for Eleven {
        fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
            let mut out = range(5.0).linearise(x)?;
            for slot in self.0.iter().flatten() {
                out.h.add_parameter(*slot, &nalgebra::Vector1::new(1.0));
            }
            Ok(out)
        }
    }
    let mut wide = Filter::<32>::new(&prior(1.0));
    let eleven = (0..11).map(|i| wide.parameter(ParameterId(i), &Parameter::constant(0.1)));
    let report = {
        let model = Eleven(eleven.collect());
        wide.update(&model, &Judge::OPEN)
    };
    assert_eq!(
        report.verdict,
        Verdict::Degenerate(Degenerate::TooManyParameters)
    );
    assert_eq!(bits(&filter), before);
}
