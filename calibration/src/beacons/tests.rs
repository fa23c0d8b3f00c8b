use super::*;
use crate::least_squares::jacobian_error;
use crate::random::Random;

const POWERS: [f64; 5] = [-58.0, -61.0, -66.0, -55.0, -60.0];
const PLACES: [(f64, f64); 5] = [
    (0.0, 0.0),
    (20.0, 0.0),
    (20.0, 15.0),
    (0.0, 15.0),
    (10.0, 8.0),
];
const EXPONENT: f64 = 1.7;
const SIGMA_DB: f64 = 4.0;

fn guesses() -> Vec<Beacon> {
    let beacon = |k: usize| Beacon {
        name: format!("b{k}"),
        power_dbm: -60.0,
        exponent: 2.0,
    };
    (0..POWERS.len()).map(beacon).collect()
}

/// A walk past the beacons; shadowing that lasts for two seconds of each of them, and one reading in
/// two hundred that is wild.
fn walk(seed: u64, seconds: f64) -> Vec<Heard> {
    let mut random = Random(seed);
    let mut shadow_db = [0.0; POWERS.len()];
    let (step_s, lasts_s) = (0.1, 2.0_f64);
    let keep = (-step_s / lasts_s).exp();
    let mut heard = Vec::new();
    for k in 0..(seconds / step_s) as usize {
        let t_s = k as f64 * step_s;
        let (x, y) = (
            10.0 + 9.5 * (0.05 * t_s).sin(),
            7.5 + 7.0 * (0.083 * t_s).cos(),
        );
        for (beacon, (shadow, place)) in shadow_db.iter_mut().zip(PLACES).enumerate() {
            *shadow = keep * *shadow + 3.0 * (1.0 - keep * keep).sqrt() * random.normal();
            if (k + beacon) % 4 != 0 {
                continue;
            }
            let distance_m = (x - place.0).hypot(y - place.1).hypot(1.0);
            let white_db = (SIGMA_DB * SIGMA_DB - 9.0).sqrt() * random.normal();
            let wild_db = if random.uniform() < 0.005 { 60.0 } else { 0.0 };
            let loss_db = 10.0 * EXPONENT * distance_m.log10();
            heard.push(Heard {
                t_s,
                beacon,
                distance_m,
                rssi_dbm: POWERS[beacon] - loss_db + *shadow + white_db + wild_db,
            });
        }
    }
    heard
}

#[test]
fn known_beacons_come_back_within_their_sigmas() {
    const SEEDS: u64 = 20;
    let (mut squares, mut count, mut worst) = (0.0, 0.0, 0.0_f64);
    for seed in 1..=SEEDS {
        let found = calibrate_beacons(&guesses(), &walk(seed, 200.0), &Options::default()).unwrap();
        let mut add = |parameter: &Parameter, truth: f64| {
            assert_ne!(parameter.observed, Observed::No, "{parameter:?}");
            let error = (parameter.value - truth) / parameter.sigma;
            squares += error * error;
            count += 1.0;
            worst = worst.max(error.abs());
        };
        for (power, truth) in found.powers.iter().zip(POWERS) {
            add(power, truth);
        }
        add(&found.exponents[0], EXPONENT);
        add(&found.sigma_db, SIGMA_DB);
        assert!(
            (found.wild_share - 0.005).abs() < 0.004,
            "{}",
            found.wild_share
        );
        assert!(found.second_half_db.unwrap() < 1.5 * SIGMA_DB);
    }
    let mean = squares / count;
    println!("mean square {mean:.2}, worst {worst:.2} of {count}");
    assert!((0.2..2.0).contains(&mean) && worst < 4.5, "{mean} {worst}");
}

#[test]
fn what_lasts_is_told_from_what_is_new() {
    let (mut squares, mut count) = (0.0, 0.0);
    for seed in 1..=10 {
        let found = calibrate_beacons(&guesses(), &walk(seed, 400.0), &Options::default()).unwrap();
        let apart = shadow(&found.residuals, &found.sigma_db, 2.0).unwrap();
        for (parameter, truth) in [(&apart.lasting_db, 3.0), (&apart.white_db, 7_f64.sqrt())] {
            let error = (parameter.value - truth) / parameter.sigma;
            assert!(
                error.abs() < 4.0 && parameter.sigma < 0.5,
                "{parameter:?} is {truth}"
            );
            squares += error * error;
            count += 1.0;
        }
    }
    println!("mean square {:.2}", squares / count);
    assert!((0.1..2.5).contains(&(squares / count)));
}

#[test]
fn own_exponents_are_found_too() {
    let options = Options {
        own_exponents: true,
    };
    let found = calibrate_beacons(&guesses(), &walk(1, 400.0), &options).unwrap();
    assert_eq!(found.exponents.len(), POWERS.len());
    for exponent in &found.exponents {
        let error = (exponent.value - EXPONENT) / exponent.sigma;
        assert!(error.abs() < 3.5 && exponent.sigma < 0.5, "{exponent:?}");
    }
}

#[test]
fn one_distance_does_not_show_the_exponent() {
    let heard: Vec<Heard> = walk(3, 200.0)
        .into_iter()
        .filter(|h| h.beacon == 0)
        .map(|h| Heard {
            rssi_dbm: h.rssi_dbm + 17.0 * (h.distance_m.log10() - 1.0),
            distance_m: 10.0,
            ..h
        })
        .collect();
    let found = calibrate_beacons(&guesses()[..1], &heard, &Options::default()).unwrap();
    // Nor the power at 1 m, which is that at 10 m and the exponent.
    for parameter in [&found.powers[0], &found.exponents[0]] {
        assert_eq!(
            (parameter.observed, parameter.value),
            (Observed::No, parameter.guess)
        );
    }
    assert!(found.correlation.0.abs() < 1e-9 || found.correlation.0 > 0.9);
}

#[test]
fn derivatives_are_those_of_the_model() {
    for is_own in [false, true] {
        let beacons = guesses();
        let model = Model {
            beacons: &beacons,
            is_own,
        };
        let heard = walk(2, 20.0);
        let x: Vec<f64> = model.unknowns().iter().map(|u| 1.1 * u.guess).collect();
        let put = |x: &[f64], rows: &mut Rows| model.put(x, &heard, 4.0, rows);
        assert!(jacobian_error(&x, &vec![1e-4; x.len()], put) < 1e-8);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let calibrate =
        |heard: &[Heard]| calibrate_beacons(&guesses(), heard, &Options::default()).unwrap_err();
    assert_eq!(
        calibrate(&[]),
        BeaconsError::TooFew {
            readings: 0,
            needed: 50
        }
    );
    let mut heard = walk(1, 30.0);
    heard[7].rssi_dbm = f64::NAN;
    assert_eq!(calibrate(&heard), BeaconsError::Invalid { row: 7 });
}
