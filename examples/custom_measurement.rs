//! A measurement model of one's own: distance to a wall, as a side-looking laser gives it.
//!
//! Meaning: the laser at `p_bs` looks along `u_b`; the wall is the plane `nᵀ p = d`.
//! Equation: z = (d − nᵀ p_ns) / (nᵀ u_n),  p_ns = p_nb + R p_bs,  u_n = R u_b.
//! Jacobian: ∂z/∂δp = −nᵀ / c,  ∂z/∂δθ = nᵀ R ([p_bs]× + z [u_b]×) / c,  c = nᵀ u_n.
//! Degenerate where the beam runs along the wall.
//!
//! Run: `cargo run --example custom_measurement`.

use nalgebra::{Matrix1, Vector1, Vector3};
use wayfix_filter::measurement::{Corrected, Degenerate, Jacobian, Linearised, MeasurementModel};
use wayfix_filter::motion::Tag;
use wayfix_filter::{
    Block, Filter, Judge, Nav, Parameter, ParameterId, Prior, Timestamp, View, Weight, math,
};

struct Wall {
    /// Unit normal in n.
    normal_n: Vector3<f64>,
    /// Distance of the plane from the origin of n [m].
    offset_m: f64,
    /// Laser in b [m].
    p_bs: Vector3<f64>,
    /// Direction of the beam in b.
    u_b: Vector3<f64>,
    /// Measured [m].
    distance_m: f64,
    sigma_m: f64,
}

impl MeasurementModel<1> for Wall {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let r = x.nav.rotation();
        let c = self.normal_n.dot(&(r * self.u_b));
        if c.abs() < 0.1 {
            return Err(Degenerate::NoDirection);
        }
        let p_ns = x.nav.p_n + r * self.p_bs;
        let z = (self.offset_m - self.normal_n.dot(&p_ns)) / c;
        let row = self.normal_n.transpose() / c;
        let turn = math::skew(&self.p_bs) + math::skew(&self.u_b) * z;
        Ok(Linearised {
            residual: Vector1::new(self.distance_m - z),
            h: Jacobian::default()
                .with(Block::Position, -row)
                .with(Block::Attitude, row * r.matrix() * turn),
            r: Matrix1::new(self.sigma_m * self.sigma_m),
        })
    }
}

fn wall() -> Wall {
    Wall {
        normal_n: Vector3::y(),
        offset_m: 4.0,
        p_bs: Vector3::new(0.5, 0.2, 0.4),
        u_b: Vector3::y(),
        distance_m: 2.9,
        sigma_m: 0.01,
    }
}

fn prior() -> Prior {
    Prior {
        t: Timestamp(0),
        nav: Nav {
            p_n: Vector3::new(0.0, 1.0, 0.0),
            q_nb: math::from_roll_pitch_yaw(0.02, -0.01, 0.1),
            ..Nav::default()
        },
        attitude_sigma_rad: Vector3::repeat(0.05),
        velocity_sigma_mps: Vector3::repeat(0.1),
        position_sigma_m: Vector3::repeat(0.5),
        gyro_bias_sigma_radps: 0.01,
        accel_bias_sigma_mps2: 0.1,
    }
}

/// Each column of H by central difference through the same composition as the filter's.
fn check_jacobian() {
    let prior = prior();
    let residual = |block: usize, axis: usize, step: f64| {
        let mut delta = nalgebra::SVector::zeros();
        delta[3 * block + axis] = step;
        let view = View {
            nav: &prior.nav.boxplus(&delta),
            parameters: &[],
        };
        wall().linearise(&view).map(|l| l.residual[0])
    };
    let view = View {
        nav: &prior.nav,
        parameters: &[],
    };
    let Ok(linearised) = wall().linearise(&view) else {
        panic!("the beam meets the wall")
    };
    for (block, columns) in linearised.h.blocks() {
        for axis in 0..3 {
            let index = Block::ALL.iter().position(|b| *b == block).unwrap_or(0);
            let (Ok(up), Ok(down)) = (residual(index, axis, 1e-6), residual(index, axis, -1e-6))
            else {
                panic!("the beam meets the wall")
            };
            let numeric = -(up - down) / 2e-6;
            assert!(
                (numeric - columns[axis]).abs() < 1e-6,
                "{block:?} {axis}: numeric {numeric}, analytic {}",
                columns[axis]
            );
        }
    }
    println!("the Jacobian agrees with central differences");
}

fn main() {
    check_jacobian();

    let mut filter = Filter::<24>::new(&prior());
    filter.predict(&Tag::default(), Timestamp::from_seconds(0.1));
    let before_m = filter.variance(7).sqrt();
    // Lag, additive errors, gate and robust weight go around it; none is the model's business.
    let offset = filter.parameter(ParameterId(1), &Parameter::constant(0.02));
    let model = Corrected::new(wall()).additive(0, offset);
    let report = filter.update(&model, &Judge::new(0.999, Weight::StudentT { nu: 4.0 }));
    println!(
        "{:?}: residual {:.3} m, NIS {:.2} against {:.1}; sigma across {before_m:.3} -> {:.3} m",
        report.verdict,
        report.residual[0],
        report.nis,
        report.gate,
        filter.variance(7).sqrt()
    );
    assert!(report.verdict.is_used());

    // Turned along the wall it says nothing, and the report says so.
    let along = Wall {
        u_b: Vector3::x(),
        normal_n: Vector3::new(-0.0998, 0.995, 0.0),
        ..wall()
    };
    let report = filter.update(&along, &Judge::OPEN);
    println!("{:?}", report.verdict);
    assert!(!report.verdict.is_used());
}
