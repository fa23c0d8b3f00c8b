//! A device and a kind of measurement that Wayfix does not know, from outside: a side-looking laser
//! that prints `wall 2904` \[mm\], and the wall of known place that it looks at.
//!
//! The decoder is given bytes as they come and finds its lines by itself; the model says what should be
//! measured and how that depends on the state. Neither is known to the library. `wayfix::live::Run`
//! takes such a decoder in `streams`, with any transport; `custom_measurement` checks such a Jacobian.
//!
//! Run: `cargo run --example custom_sensor`.

use nalgebra::{Matrix1, Vector1, Vector3};
use wayfix_filter::measurement::{Degenerate, Jacobian, Linearised, MeasurementModel};
use wayfix_filter::motion::Tag;
use wayfix_filter::{Block, Filter, Judge, Nav, Prior, Timestamp, View, Weight};
use wayfix_sensors::lined::{LineProtocol, Lined};
use wayfix_sensors::sample::Height;
use wayfix_sensors::{DecodeError, Decoder, Name, Out, Reading};

/// The device: what one line means.
struct Laser;

impl LineProtocol for Laser {
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let mm = line.strip_prefix("wall ").and_then(|mm| mm.parse().ok());
        let mm: u32 = mm.ok_or_else(|| DecodeError::Content(format!("no wall: {line}")))?;
        let height_m = 1e-3 * f64::from(mm);
        out.give(t_rx, Reading::Height(Height { height_m })); // one length
        Ok(())
    }
}

/// The physics: the wall is the plane y = `y_m`, the beam goes along `u_b` from the body's origin.
/// z = (y − p_y) / c,  ∂z/∂δp = −eᵧᵀ / c,  ∂z/∂δθ = z eᵧᵀ R [u]× / c,  c = (R u)_y.
struct Wall {
    y_m: f64,
    u_b: Vector3<f64>,
    measured_m: f64,
}

impl MeasurementModel<1> for Wall {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let r = x.nav.rotation();
        let c = (r * self.u_b).y;
        if c.abs() < 0.1 {
            return Err(Degenerate::NoDirection);
        }
        let z = (self.y_m - x.nav.p_n.y) / c;
        let row = Vector3::y().transpose() / c;
        Ok(Linearised {
            residual: Vector1::new(self.measured_m - z),
            h: Jacobian::default().with(Block::Position, -row).with(
                Block::Attitude,
                row * r.matrix() * self.u_b.cross_matrix() * z,
            ),
            r: Matrix1::new(0.02 * 0.02),
        })
    }
}

fn main() {
    let mut filter = Filter::<24>::new(&Prior {
        t: Timestamp(0),
        nav: Nav::default(),
        attitude_sigma_rad: Vector3::repeat(0.02),
        velocity_sigma_mps: Vector3::repeat(0.1),
        position_sigma_m: Vector3::repeat(0.5),
        gyro_bias_sigma_radps: 0.01,
        accel_bias_sigma_mps2: 0.1,
    });
    let source = Name::from("laser").unwrap_or_default();
    let mut decoder = Lined::new(source, Laser);
    let mut samples = Vec::new();
    // As a bad cable gives it: cut anywhere, with noise.
    let chunks: [&[u8]; 4] = [
        b"wall 29",
        b"04\r\nwa#l\r\nwall 2",
        b"911\r\n",
        b"wall 2897\r\nwal",
    ];
    for (i, bytes) in chunks.into_iter().enumerate() {
        let t_rx = Timestamp::from_seconds(0.1 * i as f64);
        decoder.push(bytes, t_rx, &mut |sample| samples.push(sample));
    }
    for sample in &samples {
        let Reading::Height(Height {
            height_m: measured_m,
        }) = sample.reading
        else {
            continue;
        };
        filter.predict(&Tag::default(), sample.t);
        let wall = Wall {
            y_m: 3.2,
            u_b: Vector3::y(),
            measured_m,
        };
        let report = filter.update(&wall, &Judge::new(0.999, Weight::StudentT { nu: 4.0 }));
        println!(
            "{:?}: {measured_m} m, NIS {:.2}",
            report.verdict, report.nis
        );
        assert!(report.verdict.is_used());
    }
    assert_eq!((samples.len(), decoder.counters().malformed), (3, 1));
    let (y_m, sigma_m) = (filter.nav().p_n.y, filter.variance(7).sqrt());
    println!("across: {y_m:.3} ± {sigma_m:.3} m");
    assert!((y_m - 0.3).abs() < 0.05);
}
