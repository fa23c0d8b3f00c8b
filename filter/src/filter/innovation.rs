//! A measurement against a covariance: judged, and fused where it passes.

use nalgebra::SMatrix;

use crate::covariance;
use crate::judge::{Judge, MAX_DIMENSION};
use crate::measurement::{Degenerate, Linearised, MeasurementModel};
use crate::report::{Report, Verdict};
use crate::state::View;

/// Residual, Jacobian and R of a measurement; P Hᵀ, H P Hᵀ, R with its floor, and the Cholesky factor of
/// the innovation covariance.
pub(super) struct Innovation<const N: usize, const M: usize> {
    pub lin: Linearised<M>,
    pub g: [[f64; N]; M],
    hph: SMatrix<f64, M, M>,
    r: SMatrix<f64, M, M>,
    pub l: SMatrix<f64, M, M>,
}

impl<const N: usize, const M: usize> Innovation<N, M> {
    /// Linearises a model at a state and factors the innovation covariance over the first `n` states.
    #[inline(always)]
    pub fn new(
        p: &SMatrix<f64, N, N>,
        n: usize,
        x: &View,
        model: &impl MeasurementModel<M>,
    ) -> Result<Self, Verdict> {
        const { assert!(M >= 1 && M <= MAX_DIMENSION) };
        let lin = model.linearise(x).map_err(Verdict::Degenerate)?;
        if lin.h.overflows() {
            return Err(Verdict::Degenerate(Degenerate::TooManyParameters));
        }
        let numbers = lin.residual.iter().chain(lin.r.iter());
        if !numbers.into_iter().all(|x| x.is_finite()) || (0..M).any(|i| lin.r[(i, i)] <= 0.0) {
            return Err(Verdict::Invalid);
        }
        let g = covariance::gain_columns(p, n, &lin.h);
        let hph = covariance::project(&lin.h, &g);
        let mut r = lin.r;
        for i in 0..M {
            r[(i, i)] += covariance::R_FLOOR * hph[(i, i)];
        }
        let l = covariance::cholesky(&(hph + r)).ok_or(Verdict::Invalid)?;
        Ok(Self { lin, g, hph, r, l })
    }

    /// The report of it, before it is judged.
    #[inline(always)]
    pub fn report(&self, verdict: Verdict) -> Report {
        let whitened = covariance::forward_substitute(&self.l, &self.lin.residual);
        let mut report = Report::refused(verdict, M);
        report.nis = whitened.norm_squared();
        for i in 0..M {
            report.residual[i] = self.lin.residual[i];
            report.sigma[i] = libm::sqrt(self.hph[(i, i)] + self.r[(i, i)]);
        }
        report
    }

    /// Judges it and, when it passes, takes what it tells off the covariance: `g` and `l` are then W and L
    /// as [`crate::Correction`] has them, and `dx` is the correction.
    #[inline(always)]
    pub fn judge(
        &mut self,
        p: &mut SMatrix<f64, N, N>,
        n: usize,
        judge: &Judge,
        dx: &mut [f64; N],
    ) -> Report {
        let mut report = self.report(Verdict::Gated);
        let nis = report.nis;
        report.gate = judge.gate(M);
        if nis.is_nan() || nis > report.gate {
            return report;
        }
        report.weight = judge.weight.of(nis, M);
        report.verdict = Verdict::Fused;
        if report.weight < 1.0 {
            report.verdict = Verdict::DownWeighted;
            match covariance::cholesky(&(self.hph + self.r / report.weight)) {
                Some(l) => self.l = l,
                None => return Report::refused(Verdict::Invalid, M),
            }
        }
        covariance::update(p, n, &mut self.g, &self.l, &self.lin.residual, dx);
        report
    }
}
