//! A robot on endless figures of eight, its samples made as they are fed, for as long as one likes:
//! inertial unit at 10 Hz, wheels at 5, ranges at 3.3, satellites at 1. In every hour ten minutes pass
//! without ranges and twenty without satellites.

use nalgebra::{SMatrix, SVector, Vector2, Vector3};
use wayfix::config::{Site, Vehicle, site_from_str, vehicle_from_str};
use wayfix::engine::{Engine, Outputs, ResetCause, STATES};
use wayfix::evaluate::{Comparison, Errors};
use wayfix::log::{Truth, TruthState};
use wayfix::sim::noise::{Rng, Walk, normal, normal3, stream};
use wayfix_sensors::sample::{Imu, PerWheel, Position, Range, WheelSpeeds};
use wayfix_sensors::{Name, Reading, Sample, Timestamp};

/// Time of the first sample [s]: as large as times since 1970 are today.
const BEGIN_S: i64 = 1_700_000_000;
const TICK_S: f64 = 0.1;
/// Time between two looks at the covariance [ticks].
const LOOK_TICKS: u64 = 3000;
const TRACK_M: f64 = 0.8;
const WHEEL_SCALE: f64 = 1.01;
const ANCHORS_M: [[f64; 3]; 6] = [
    [-26.0, -20.0, 4.0],
    [26.0, -20.0, 1.0],
    [26.0, 20.0, 5.0],
    [-26.0, 20.0, 0.5],
    [0.0, -20.0, 3.0],
    [0.0, 20.0, 2.0],
];

/// What is told of a stretch of the run.
#[derive(Default)]
pub struct Stretch {
    /// When it ended, since the beginning [s].
    pub end_s: f64,
    /// Errors against truth.
    pub errors: Errors,
    /// Least eigenvalue of the correlation matrix.
    pub least_eigenvalue: f64,
    /// Largest ratio of its eigenvalues.
    pub condition: f64,
    /// Jumps of the estimate that were not its start.
    pub jumps: u64,
    /// Samples fed.
    pub samples: u64,
}

impl Stretch {
    fn new() -> Self {
        Self {
            least_eigenvalue: f64::INFINITY,
            ..Self::default()
        }
    }

    /// Mean position NEES over its components.
    pub fn nees(&self) -> f64 {
        let mean = self.errors.position_nees.mean().unwrap();
        mean / self.errors.nees_dimension as f64
    }
}

/// What is told while it runs.
pub enum Told {
    /// A stretch is over.
    Stretch(Box<Stretch>),
    /// So many tenths of the run are over.
    Tenth(#[allow(dead_code, reason = "for the bench")] u32),
}

/// Runs for `duration_s`, in stretches of `stretch_s`.
pub fn run(seed: u64, duration_s: f64, stretch_s: f64, mut tell: impl FnMut(Told)) {
    let (site, vehicle) = files();
    let mut engine = Engine::new(&site, &vehicle).unwrap();
    let mut robot = Robot::new(seed);
    let mut outputs = Outputs::default();
    let mut stretch = Stretch::new();
    let (mut samples, mut tenths) = (Vec::new(), 0);
    for tick in 0.. {
        let t_s = tick as f64 * TICK_S;
        if t_s >= duration_s / 10.0 * f64::from(tenths + 1) {
            tenths += 1;
            tell(Told::Tenth(tenths));
        }
        if t_s >= stretch.end_s + stretch_s {
            let end_s = t_s;
            tell(Told::Stretch(Box::new(Stretch { end_s, ..stretch })));
            stretch = Stretch {
                end_s,
                ..Stretch::new()
            };
            if t_s >= duration_s {
                return;
            }
        }
        robot.samples(tick, &mut samples);
        for sample in samples.drain(..) {
            engine.step(&sample, &mut outputs);
            stretch.samples += 1;
            let is_jump = |cause| !matches!(cause, ResetCause::Start | ResetCause::Collapse);
            let jumps = outputs.resets.iter().filter(|r| is_jump(r.cause));
            stretch.jumps += jumps.count() as u64;
        }
        if tick.is_multiple_of(10)
            && let Some(estimate) = engine.estimate_at(time(t_s))
        {
            stretch.errors.add(&Comparison::new(&truth(t_s), &estimate));
        }
        if tick.is_multiple_of(LOOK_TICKS) && engine.filter().is_some() {
            let eigenvalues = eigenvalues(&engine);
            stretch.least_eigenvalue = stretch.least_eigenvalue.min(eigenvalues.min());
            stretch.condition = stretch.condition.max(eigenvalues.max() / eigenvalues.min());
        }
    }
}

/// Of the correlations of the states in use; those that are not count as independent.
fn eigenvalues(engine: &Engine) -> SVector<f64, STATES> {
    let filter = engine.filter().unwrap();
    assert!(filter.is_healthy());
    let n = filter.len();
    let correlation = SMatrix::<f64, STATES, STATES>::from_fn(|i, j| {
        if i < n && j < n {
            filter.cross(i, j) / (filter.variance(i) * filter.variance(j)).sqrt()
        } else {
            f64::from(u8::from(i == j))
        }
    });
    correlation.symmetric_eigenvalues()
}

fn files() -> (Site, Vehicle) {
    let anchor = |(i, p): (usize, &[f64; 3])| format!("{{ id = \"A{i}\", position_m = {p:?} }},");
    let anchors: String = ANCHORS_M.iter().enumerate().map(anchor).collect();
    let site = site_from_str("site.toml", &format!("anchor = [{anchors}]"));
    let vehicle = vehicle_from_str("vehicle.toml", include_str!("soak.toml"));
    (site.unwrap().value, vehicle.unwrap().value)
}

fn time(t_s: f64) -> Timestamp {
    Timestamp((BEGIN_S * 1_000_000_000) + (t_s * 1e9).round() as i64)
}

/// Position, velocity and acceleration on the eight at `t_s`, and its heading and yaw rate.
struct State {
    p_m: Vector2<f64>,
    v_mps: Vector2<f64>,
    a_mps2: Vector2<f64>,
    yaw_rad: f64,
    yaw_rate_radps: f64,
}

impl State {
    fn at(t_s: f64) -> Self {
        // Half the width and height of the eight [m], and how fast it is gone through [rad/s].
        const SIZE_M: [f64; 2] = [20.0, 10.0];
        const W: f64 = 0.05;
        let [(s1, c1), (s2, c2)] = [W * t_s, 2.0 * W * t_s].map(f64::sin_cos);
        let [a, b] = SIZE_M;
        let v = Vector2::new(a * W * c1, 2.0 * b * W * c2);
        let acc = Vector2::new(-a * W * W * s1, -4.0 * b * W * W * s2);
        Self {
            p_m: Vector2::new(a * s1, b * s2),
            v_mps: v,
            a_mps2: acc,
            yaw_rad: v.y.atan2(v.x),
            yaw_rate_radps: (v.x * acc.y - v.y * acc.x) / v.norm_squared(),
        }
    }
}

fn truth(t_s: f64) -> Truth {
    let state = State::at(t_s);
    Truth {
        t: time(t_s),
        state: TruthState {
            xy_m: Some(state.p_m.into()),
            yaw_rad: Some(state.yaw_rad),
            ..TruthState::default()
        },
    }
}

/// Its sensors, with the errors that soak.toml states.
struct Robot {
    rng: Rng,
    gyro_bias: [Walk; 3],
    accel_bias: [Walk; 3],
    anchor_bias_m: [f64; 6],
}

impl Robot {
    fn new(seed: u64) -> Self {
        let mut rng = stream(seed, "soak");
        let mut walks = |sigma, density| {
            let start = normal3(&mut rng, sigma);
            [start.x, start.y, start.z].map(|x| Walk::new(x, density))
        };
        let (gyro_bias, accel_bias) = (walks(5e-3, 1e-6), walks(0.05, 1e-5));
        let anchor_bias_m = std::array::from_fn(|_| normal(&mut rng, 0.05));
        Self {
            rng,
            gyro_bias,
            accel_bias,
            anchor_bias_m,
        }
    }

    /// What arrives in one tick.
    fn samples(&mut self, tick: u64, out: &mut Vec<Sample>) {
        let t_s = tick as f64 * TICK_S;
        let minute = (t_s / 60.0) as u64 % 60;
        out.push(self.imu(t_s));
        if tick.is_multiple_of(2) {
            out.push(self.wheels(t_s + 0.013));
        }
        if tick.is_multiple_of(3) && !(10..20).contains(&minute) {
            out.push(self.range(t_s + 0.037, tick as usize / 3 % ANCHORS_M.len()));
        }
        if tick % 10 == 5 && !(30..50).contains(&minute) {
            out.push(self.position(t_s - 0.15));
        }
    }

    fn imu(&mut self, t_s: f64) -> Sample {
        let state = State::at(t_s);
        let rng = &mut self.rng;
        let mut at = |walks: &mut [Walk; 3]| {
            let [x, y, z] = walks.each_mut().map(|w| w.at(t_s, rng));
            Vector3::new(x, y, z)
        };
        let (gyro_bias, accel_bias) = (at(&mut self.gyro_bias), at(&mut self.accel_bias));
        let (sin, cos) = state.yaw_rad.sin_cos();
        let a = state.a_mps2;
        let force = Vector3::new(cos * a.x + sin * a.y, cos * a.y - sin * a.x, 9.80665);
        let rate = Vector3::new(0.0, 0.0, state.yaw_rate_radps);
        let root_hz = TICK_S.recip().sqrt();
        let gyro = rate + gyro_bias + normal3(rng, 2e-4 * root_hz);
        let accel = force + accel_bias + normal3(rng, 2e-3 * root_hz);
        let reading = Reading::Imu(Imu {
            gyro_radps: gyro.into(),
            accel_mps2: Some(accel.into()),
        });
        sample(t_s, "imu", reading)
    }

    fn wheels(&mut self, t_s: f64) -> Sample {
        let state = State::at(t_s);
        let side = [-0.5, 0.5].map(|side| side * TRACK_M * state.yaw_rate_radps);
        let speeds = side.map(|v| {
            (state.v_mps.norm() + v) / WHEEL_SCALE + normal(&mut self.rng, 0.05 * 2f64.sqrt())
        });
        let speeds_mps = PerWheel::new(&speeds).unwrap();
        sample(
            t_s,
            "wheels",
            Reading::WheelSpeeds(WheelSpeeds { speeds_mps }),
        )
    }

    fn range(&mut self, t_s: f64, anchor: usize) -> Sample {
        let p = State::at(t_s).p_m;
        let tag = Vector3::new(p.x, p.y, 1.4);
        let distance_m = (Vector3::from(ANCHORS_M[anchor]) - tag).norm();
        let reading = Reading::Range(Range {
            anchor: Name::from(&format!("A{anchor}")).unwrap(),
            range_m: distance_m + self.anchor_bias_m[anchor] + normal(&mut self.rng, 0.1),
            rx_power_dbm: None,
            first_path_dbm: None,
        });
        sample(t_s, "uwb", reading)
    }

    /// Late by 0.15 s and more, as those of a receiver are.
    fn position(&mut self, t_s: f64) -> Sample {
        let p = State::at(t_s).p_m;
        let noise = normal3(&mut self.rng, 0.05);
        let reading = Reading::Position(Position {
            xy_m: [p.x + noise.x, p.y + noise.y],
            z_m: None,
            sigma_m: Some(0.05),
        });
        sample(t_s, "satellites", reading)
    }
}

fn sample(t_s: f64, source: &str, reading: Reading) -> Sample {
    Sample {
        t: time(t_s),
        source: Name::from(source).unwrap(),
        reading,
    }
}
