use super::*;
use crate::random::Random;

#[test]
fn finds_the_minimum_of_rosenbrock() {
    let rosenbrock = |x: &[f64]| vec![1.0 - x[0], 10.0 * (x[1] - x[0] * x[0])];
    let x = minimise(&[-1.2, 1.0], rosenbrock).unwrap();
    assert!(x.iter().all(|value| (value - 1.0).abs() < 1e-6), "{x:?}");
    let (residuals, jacobian) = linearise(&x, rosenbrock).unwrap();
    assert!(residuals.iter().all(|residual| residual.abs() < 1e-5));
    assert!((jacobian[(1, 0)] + 20.0).abs() < 1e-4);
}

#[test]
fn says_why_it_failed() {
    assert!(minimise(&[1.0], |_: &[f64]| vec![f64::NAN; 3]).is_err());
    let unknowns = ["a", "b"].map(|name| Unknown::new(name, 0.0, f64::INFINITY));
    let fit = |derivatives: [f64; 2]| {
        solve(&unknowns, &Options::default(), |x, rows| {
            for measured in [1.0, 2.0, 3.0] {
                let [a, b] = derivatives;
                let residual = a * x[0] + b * x[1] - measured;
                rows.push(residual, 1.0, &[(0, a), (1, b)]);
            }
        })
    };
    for (derivatives, leads) in [([1.0, 0.0], vec!["b"]), ([1.0, 1.0], vec!["a", "b"])] {
        match fit(derivatives) {
            Err(SolveError::Undetermined { name }) => assert!(leads.contains(&name.as_str())),
            other => panic!("{other:?}"),
        }
    }
}

/// `y = a e^{−b t} + c_k` with noise of many kinds: 3 + 100 unknowns, sparse rows.
fn decay(
    seed: u64,
    robust: Robust,
    noise: impl Fn(&mut Random, usize) -> f64,
) -> (Solution, Vec<f64>) {
    const GROUPS: usize = 100;
    const ROWS: usize = 4000;
    let mut random = Random(seed);
    let truth: Vec<f64> = [2.0, 0.5]
        .into_iter()
        .chain((0..GROUPS).map(|_| 0.3 * random.normal()))
        .collect();
    let value = |x: &[f64], row: usize| {
        let t = 8.0 * row as f64 / ROWS as f64;
        x[0] * (-x[1] * t).exp() + x[2 + row % GROUPS]
    };
    let measured: Vec<f64> = (0..ROWS)
        .map(|row| value(&truth, row) + noise(&mut random, row))
        .collect();
    let mut unknowns = vec![Unknown::new("a", 1.0, 10.0), Unknown::new("b", 1.0, 10.0)];
    unknowns.extend((0..GROUPS).map(|k| Unknown::new(format!("c{k}"), 0.0, 0.3)));
    let options = Options {
        robust,
        ..Options::default()
    };
    let model = |x: &[f64], rows: &mut Rows| {
        for (row, measured) in measured.iter().enumerate() {
            let t = 8.0 * row as f64 / ROWS as f64;
            let e = (-x[1] * t).exp();
            let derivatives = [(0, e), (1, -x[0] * t * e), (2 + row % GROUPS, 1.0)];
            rows.part(row * 20 / ROWS);
            rows.push(value(x, row) - measured, 0.1, &derivatives);
        }
    };
    (solve(&unknowns, &options, model).unwrap(), truth)
}

/// Mean square of the errors in sigmas, of the first two unknowns over many seeds.
fn honesty(robust: Robust, noise: impl Fn(&mut Random, usize) -> f64) -> f64 {
    const SEEDS: u64 = 40;
    let mut squares = 0.0;
    for seed in 1..=SEEDS {
        let (found, truth) = decay(seed, robust, &noise);
        for (parameter, truth) in found.parameters.iter().zip(&truth).take(2) {
            squares += ((parameter.value - truth) / parameter.sigma).powi(2);
        }
    }
    squares / (2 * SEEDS) as f64
}

#[test]
fn sigmas_are_honest_for_normal_errors_and_for_larger_ones_than_said() {
    for (share, low) in [(1.0, 0.5), (3.0, 0.5)] {
        let mean = honesty(Robust::None, |random, _| 0.1 * share * random.normal());
        println!("errors of {share}: {mean:.2}");
        assert!((low..1.4).contains(&mean), "{mean}");
    }
}

#[test]
fn wild_errors_cost_a_robust_fit_little() {
    let wild = |random: &mut Random, _: usize| {
        let error = 0.1 * random.normal();
        if random.uniform() < 0.05 {
            error + 30.0 * random.normal()
        } else {
            error
        }
    };
    for robust in [Robust::StudentT { freedom: 4.0 }, Robust::SoftL1] {
        let mean = honesty(robust, wild);
        println!("{robust:?}: {mean:.2}");
        assert!((0.2..1.4).contains(&mean), "{mean}");
    }
    let sigma = |robust| decay(1, robust, wild).0.parameters[0].sigma;
    assert!(sigma(Robust::StudentT { freedom: 4.0 }) < 0.1 * sigma(Robust::None));
}

#[test]
fn errors_that_last_widen_the_sigmas() {
    let lasting = |random: &mut Random, row: usize| {
        // One offset for each of the 20 parts, and a little that is new in each row.
        let mut part = Random((row * 20 / 4000) as u64 + 7);
        let _ = part.uniform();
        0.1 * part.normal() + 0.02 * random.normal()
    };
    let (found, truth) = decay(3, Robust::None, lasting);
    let errors = found.parameters.iter().zip(&truth).take(2);
    for (parameter, truth) in errors {
        let error = (parameter.value - truth) / parameter.sigma;
        println!(
            "{}: {error:.2} sigmas of {:.4}",
            parameter.name, parameter.sigma
        );
        assert!(error.abs() < 3.0);
    }
    let white = decay(3, Robust::None, |random, _| 0.1 * random.normal()).0;
    assert!(found.parameters[0].sigma > 2.0 * white.parameters[0].sigma);
}

#[test]
fn what_is_not_shown_stays_at_the_guess() {
    let unknowns = [Unknown::new("a", 1.0, 1.0), Unknown::new("b", 5.0, 0.1)];
    let found = solve(&unknowns, &Options::default(), |x, rows| {
        for k in 0..100 {
            let shift = if k % 2 == 0 { 0.1 } else { -0.1 };
            rows.push(
                x[0] + 1e-3 * x[1] - 2.0 - shift,
                0.1,
                &[(0, 1.0), (1, 1e-3)],
            );
        }
    })
    .unwrap();
    let [a, b] = [&found.parameters[0], &found.parameters[1]];
    assert_eq!((a.observed, b.observed), (Observed::Well, Observed::No));
    assert_eq!((b.value, b.sigma <= 0.1), (5.0, true));
    assert!((a.value - 1.995).abs() < 1e-3, "{a:?}");
    assert!((found.variance_ratio - 1.0).abs() < 0.05);
}

#[test]
fn wrong_derivatives_are_found() {
    let model = |factor: f64| {
        move |x: &[f64], rows: &mut Rows| {
            let derivatives = [(0, [x[1], 0.0]), (1, [factor * x[0], 2.0 * x[1]])];
            rows.push_block([x[0] * x[1], x[1] * x[1]], [0.1, 0.2], &derivatives);
        }
    };
    assert!(jacobian_error(&[2.0, 3.0], &[1e-5; 2], model(1.0)) < 1e-9);
    assert!(jacobian_error(&[2.0, 3.0], &[1e-5; 2], model(1.1)) > 0.03);
}

/// An hour's log: 1e5 rows of ten derivatives each, 300 unknowns.
#[test]
fn an_hour_takes_seconds() {
    const SIZE: usize = 300;
    let unknowns: Vec<Unknown> = (0..SIZE)
        .map(|k| Unknown::new(format!("p{k}"), 0.0, 10.0))
        .collect();
    let model = |x: &[f64], rows: &mut Rows| {
        for row in 0..100_000 {
            let places: [usize; 10] = std::array::from_fn(|k| (row * (k + 1) + k * 31) % SIZE);
            let derivatives = places.map(|of| (of, 1.0 + ((row + of) % 7) as f64));
            let sum: f64 = derivatives.iter().map(|(of, d)| x[*of] * d).sum();
            rows.push(
                sum - 1.0 - 0.1 * ((row % 11) as f64 - 5.0),
                0.3,
                &derivatives,
            );
        }
    };
    let found = solve(&unknowns, &Options::default(), model).unwrap();
    assert_eq!(found.residuals.len(), 100_000);
}

/// A walk in one dimension whose steps have an unknown scale and whose places are measured with an
/// unknown offset: as a chain, and as unknowns like any other.
#[test]
fn a_chain_is_solved_as_a_full_matrix_is() {
    const SIZE: usize = 60;
    let mut random = Random(9);
    let steps: Vec<f64> = (0..SIZE).map(|_| 1.0 + 0.5 * random.normal()).collect();
    let mut place = 0.0;
    let measured: Vec<f64> = steps
        .iter()
        .map(|step| {
            place += 1.1 * step + 0.01 * random.normal();
            place + 0.7 + 0.1 * random.normal()
        })
        .collect();
    let model = |x: &[f64], rows: &mut Rows| {
        for (k, (step, measured)) in steps.iter().zip(&measured).enumerate() {
            rows.part(k * 10 / SIZE);
            let before = if k == 0 { 0.0 } else { x[k - 1] };
            let mut derivatives = vec![(k, 1.0), (SIZE, -step)];
            if k > 0 {
                derivatives.push((k - 1, -1.0));
            }
            rows.push(x[k] - before - x[SIZE] * step, 0.01, &derivatives);
            let derivatives = [(k, 1.0), (SIZE + 1, 1.0)];
            rows.push(x[k] + x[SIZE + 1] - measured, 0.1, &derivatives);
        }
    };
    let mut unknowns: Vec<Unknown> = (0..SIZE)
        .map(|k| Unknown::new(format!("place {k}"), k as f64, f64::INFINITY))
        .collect();
    unknowns.push(Unknown::new("scale", 1.0, 1.0));
    unknowns.push(Unknown::new("offset", 0.0, 1.0));
    let full = solve(&unknowns, &Options::default(), model).unwrap();
    let chain = Chain {
        unknowns: SIZE,
        reach: 1,
    };
    let options = Options {
        chain,
        ..Options::default()
    };
    let sparse = solve(&unknowns, &options, model).unwrap();
    assert_eq!((sparse.chain.len(), sparse.parameters.len()), (SIZE, 2));
    assert!((sparse.parameters[0].value - 1.1).abs() < 4.0 * sparse.parameters[0].sigma);
    for (one, other) in sparse.parameters.iter().zip(&full.parameters[SIZE..]) {
        assert!((one.value - other.value).abs() < 1e-6, "{one:?} {other:?}");
        assert!(
            (one.sigma / other.sigma - 1.0).abs() < 1e-6,
            "{one:?} {other:?}"
        );
    }
}
