//! The engine fed by hand: two files as text, samples as they arrive (one of them late), the fate of
//! each, the estimate.
//!
//! Run: `cargo run --example engine_by_hand`.

use wayfix::config::{Site, Vehicle};
use wayfix::engine::{Engine, Outputs};
use wayfix_filter::Timestamp;
use wayfix_sensors::sample::{Imu, Name, Range, Reading, Sample};

const SITE: &str = r#"
anchor = [
    { id = "A", position_m = [ 0.0,  0.0, 3.0] },
    { id = "B", position_m = [20.0,  0.0, 3.5] },
    { id = "C", position_m = [20.0, 12.0, 3.0] },
    { id = "D", position_m = [ 0.0, 12.0, 2.5] },
]
"#;

const VEHICLE: &str = r#"
[motion]
planar_height_m = 0.0

[estimator]
horizon_s = 1.0

[source.gyro]
kind = "imu"
gyro_density_radps_rthz = 2e-4

[source.uwb]
kind = "uwb"
mount.position_m = [0.0, 0.0, 1.5]
range_sigma_m = 0.06
"#;

fn main() -> anyhow::Result<()> {
    let site: Site = toml::from_str(SITE)?;
    let vehicle: Vehicle = toml::from_str(VEHICLE)?;
    let mut engine = Engine::new(&site, &vehicle)?;
    let mut outputs = Outputs::default();

    let mut arrivals: Vec<Sample> = (0..400).flat_map(readings).collect();
    // One range takes the long way and arrives twelve samples after its time.
    let late = arrivals.remove(600);
    arrivals.insert(612, late);
    // And one names an anchor that the site does not have.
    let mut stranger = arrivals[700];
    if let Reading::Range(range) = &mut stranger.reading {
        range.anchor = name("Z");
    } else {
        stranger = uwb(35.0, "Z", 4.0);
    }
    arrivals.insert(701, stranger);

    let mut fates = std::collections::BTreeMap::new();
    for sample in arrivals.iter().map(Some).chain([None]) {
        match sample {
            Some(sample) => engine.step(sample, &mut outputs),
            // Nothing more will come: what waited for late samples is final now.
            None => engine.finish(&mut outputs),
        }
        for report in &outputs.reports {
            *fates.entry(format!("{:?}", report.fate)).or_insert(0) += 1;
        }
        for reset in &outputs.resets {
            println!("{:6.2} s: {:?}", reset.t.seconds(), reset.cause);
        }
    }
    for (fate, count) in fates {
        println!("{count:6} {fate}");
    }
    let estimate = engine
        .estimate()
        .ok_or_else(|| anyhow::anyhow!("never started"))?;
    let truth = place(estimate.t.seconds());
    let error_m = (estimate.p_n.x - truth[0]).hypot(estimate.p_n.y - truth[1]);
    let p = estimate.position_covariance;
    println!(
        "{:.2} s: ({:.2}, {:.2}) m, sigma {:.2} m, error {error_m:.2} m",
        estimate.t.seconds(),
        estimate.p_n.x,
        estimate.p_n.y,
        (p[(0, 0)] + p[(1, 1)]).sqrt()
    );
    for learned in engine.parameters() {
        println!(
            "{} = {:.4} ± {:.4}",
            learned.name, learned.value, learned.sigma
        );
    }
    assert!(error_m < 0.3, "the ranges are good to centimetres");
    Ok(())
}

/// Along a straight line at 0.4 m/s.
fn place(t_s: f64) -> [f64; 2] {
    [2.0 + 0.4 * t_s, 5.0]
}

fn name(text: &str) -> Name {
    Name::from(text).unwrap_or_default()
}

fn uwb(t_s: f64, anchor: &str, range_m: f64) -> Sample {
    Sample {
        t: Timestamp::from_seconds(t_s),
        source: name("uwb"),
        reading: Reading::Range(Range {
            anchor: name(anchor),
            range_m,
            rx_power_dbm: None,
            first_path_dbm: None,
        }),
    }
}

/// A gyro sample and a range, ten times a second.
fn readings(k: u32) -> [Sample; 2] {
    let t_s = 0.1 * f64::from(k);
    let (anchor, [x, y, z]) = [
        ("A", [0.0, 0.0, 3.0]),
        ("B", [20.0, 0.0, 3.5]),
        ("C", [20.0, 12.0, 3.0]),
        ("D", [0.0, 12.0, 2.5]),
    ][k as usize % 4];
    let p = place(t_s);
    let range_m = (p[0] - x).hypot(p[1] - y).hypot(1.5 - z);
    let gyro = Sample {
        t: Timestamp::from_seconds(t_s),
        source: name("gyro"),
        reading: Reading::Imu(Imu {
            gyro_radps: [1e-4 * f64::from(k % 3), 0.0, 1e-4 * f64::from(k % 5)],
            accel_mps2: None,
        }),
    };
    let ripple_m = 0.03 * (f64::from(k) * 2.4).sin();
    [gyro, uwb(t_s, anchor, range_m + ripple_m)]
}
