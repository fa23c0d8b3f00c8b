//! One run through the engine, looked at ten times a second.
//!
//! Samples are fed at their times of arrival, and the estimate is asked for by a clock that is right:
//! that is what a consumer on board has, whatever the sources' stamps say.

use std::collections::BTreeMap;

use nalgebra::Vector3;
use wayfix_filter::Timestamp;
use wayfix_sensors::Name;

use crate::engine::{Engine, Estimate, Fate, Finding, Mode, Outputs, Report, Reset, SetupError};
use crate::sim::Simulation;

/// Time between two looks \[s\].
pub(super) const EPOCH_S: f64 = 0.1;

/// Estimate against truth at one time.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    /// Time \[s\].
    pub t_s: f64,
    /// Horizontal error \[m\].
    pub horizontal_m: f64,
    /// Height error \[m\], estimate minus truth.
    pub up_m: f64,
    /// Square root of the largest horizontal eigenvalue of the covariance \[m\].
    pub sigma_m: f64,
    /// Sigma of the height \[m\].
    pub sigma_up_m: f64,
    /// Position NEES over its components: two on a known plane, else three.
    pub nees: f64,
    /// On what the estimate rests.
    pub mode: Mode,
    /// No condition is in force.
    pub is_healthy: bool,
    /// Horizontal and vertical protection level \[m\].
    pub protection_m: [f64; 2],
    /// Estimated position in n \[m\].
    pub p_n: Vector3<f64>,
    /// Estimated velocity in n [m/s].
    pub v_n: Vector3<f64>,
}

/// What one run through the engine left behind.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The looks, since the first estimate.
    pub epochs: Vec<Epoch>,
    /// Whether the height is estimated, not a known plane.
    pub is_height_free: bool,
    /// Conditions that began or ended.
    pub findings: Vec<Finding>,
    /// Jumps that were told.
    pub resets: Vec<Reset>,
    /// Time and fate of the samples of each source.
    pub fates: BTreeMap<Name, Vec<(f64, Fate)>>,
    /// Sum of NIS and its degrees of freedom by source, of what was used.
    pub nis: BTreeMap<Name, (f64, usize)>,
}

impl Trace {
    /// Plays a simulation's samples to an engine with its two files, for `duration_s` \[s\].
    ///
    /// # Errors
    /// Where the two files can't work together.
    pub fn of(run: &Simulation, duration_s: f64) -> Result<Self, SetupError> {
        let mut engine = Engine::new(&run.site, &run.vehicle)?;
        let mut trace = Self {
            is_height_free: run.vehicle.motion.planar_height_m.is_none(),
            ..Self::default()
        };
        let mut outputs = Outputs::default();
        let mut looks = (0..).map(|i| EPOCH_S * f64::from(i)).peekable();
        for received in &run.received {
            let now_s = received.t.seconds();
            while let Some(t_s) = looks.next_if(|t_s| *t_s <= now_s && *t_s <= duration_s) {
                trace.look(&engine, run, t_s);
            }
            engine.step(&received.sample, &mut outputs);
            trace.take(&mut outputs, now_s);
        }
        for t_s in looks.take_while(|t_s| *t_s <= duration_s) {
            trace.look(&engine, run, t_s);
        }
        engine.finish(&mut outputs);
        trace.take(&mut outputs, duration_s);
        Ok(trace)
    }

    fn look(&mut self, engine: &Engine, run: &Simulation, t_s: f64) {
        let Some(estimate) = engine.estimate_at(Timestamp::from_seconds(t_s)) else {
            return;
        };
        let error = estimate.p_n - run.trajectory.at(t_s).position_m;
        self.epochs.push(Epoch {
            t_s,
            horizontal_m: error.xy().norm(),
            up_m: error.z,
            sigma_m: horizontal_sigma_m(&estimate),
            sigma_up_m: estimate.position_covariance[(2, 2)].max(0.0).sqrt(),
            nees: nees(&estimate, error, self.is_height_free),
            mode: estimate.mode,
            is_healthy: estimate.health.is_good(),
            protection_m: [
                estimate.protection.horizontal_m,
                estimate.protection.vertical_m,
            ],
            p_n: estimate.p_n,
            v_n: estimate.v_n,
        });
    }

    fn take(&mut self, outputs: &mut Outputs, now_s: f64) {
        self.findings.append(&mut outputs.findings);
        self.resets.append(&mut outputs.resets);
        for report in &outputs.reports {
            self.take_report(report, now_s);
        }
    }

    fn take_report(&mut self, report: &Report, now_s: f64) {
        let fates = self.fates.entry(report.source).or_default();
        fates.push((now_s, report.fate));
        if let Some(update) = report
            .update
            .filter(|u| u.verdict.is_used() && u.nis.is_finite())
        {
            let (sum, dimensions) = self.nis.entry(report.source).or_default();
            *sum += update.nis;
            *dimensions += update.dimension;
        }
    }
}

fn horizontal_sigma_m(estimate: &Estimate) -> f64 {
    let p = &estimate.position_covariance;
    let mean = 0.5 * (p[(0, 0)] + p[(1, 1)]);
    let half = 0.5 * (p[(0, 0)] - p[(1, 1)]);
    (mean + half.hypot(p[(0, 1)])).max(0.0).sqrt()
}

/// Infinite where the covariance is none.
fn nees(estimate: &Estimate, error: Vector3<f64>, is_height_free: bool) -> f64 {
    let p = &estimate.position_covariance;
    let normalised = if is_height_free {
        p.cholesky().map(|l| error.dot(&l.solve(&error)) / 3.0)
    } else {
        let p = p.fixed_view::<2, 2>(0, 0).into_owned();
        let error = error.xy();
        p.cholesky().map(|l| error.dot(&l.solve(&error)) / 2.0)
    };
    normalised
        .filter(|n| n.is_finite())
        .unwrap_or(f64::INFINITY)
}
