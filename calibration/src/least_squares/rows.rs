//! Where a model puts its rows.

use nalgebra::DVector;

use super::Robust;
use super::envelope::Envelope;
use super::search::Free;

/// A row at the solution, for plots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residual {
    /// When \[s\], as the model said by [`Rows::at`].
    pub t_s: f64,
    /// Which series of the plot, as the model said by [`Rows::of`].
    pub series: usize,
    /// Residual in the model's unit.
    pub value: f64,
    /// The same in its sigmas.
    pub normalised: f64,
    /// The block's robust weight; 1 in the middle, 0 for what is wild.
    pub weight: f64,
}

impl Residual {
    /// Whether the model gave it a sigma; one of infinite sigma says nothing.
    pub(crate) fn is_used(&self) -> bool {
        self.normalised != 0.0
    }
}

/// Takes the rows of a model, and adds them up.
///
/// A residual is *prediction minus measurement*, its derivatives are those of the residual.
#[derive(Debug)]
pub struct Rows {
    robust: Robust,
    /// Place of each unknown among those that are fitted now.
    places: Vec<Option<usize>>,
    wants_derivatives: bool,
    part: Option<usize>,
    t_s: f64,
    series: usize,
    pub(super) sums: Sums,
    pub(super) residuals: Option<Vec<Residual>>,
    /// Rows as they are, without sigmas and weights: residual and derivatives.
    pub(super) trace: Option<Vec<Traced>>,
}

/// Residual and derivatives of a row.
pub(super) type Traced = (f64, Vec<(usize, f64)>);

/// What the rows add up to.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    pub cost: f64,
    pub information: Envelope,
    pub gradient: DVector<f64>,
    /// Gradients of the parts of the drive.
    pub parts: Vec<DVector<f64>>,
    pub rows: f64,
    /// Σ w, Σ ψ², Σ ψ', each a row.
    pub weights: f64,
    pub psi_squares: f64,
    pub psi_slopes: f64,
}

impl Rows {
    pub(super) fn new(robust: Robust, free: &Free, derivatives: bool) -> Self {
        let size = if derivatives { free.of.len() } else { 0 };
        Self {
            robust,
            places: if derivatives {
                free.places()
            } else {
                Vec::new()
            },
            wants_derivatives: derivatives,
            part: None,
            t_s: 0.0,
            series: 0,
            sums: Sums {
                cost: 0.0,
                information: Envelope::zeros(if derivatives {
                    free.starts()
                } else {
                    Vec::new()
                }),
                gradient: DVector::zeros(size),
                parts: Vec::new(),
                rows: 0.0,
                weights: 0.0,
                psi_squares: 0.0,
                psi_slopes: 0.0,
            },
            residuals: None,
            trace: None,
        }
    }

    /// Whether derivatives are looked at this time; where they are costly, they may be left out else.
    #[must_use]
    pub fn wants_derivatives(&self) -> bool {
        self.wants_derivatives
    }

    /// The rows that follow are of this time \[s\].
    pub fn at(&mut self, t_s: f64) {
        self.t_s = t_s;
    }

    /// The rows that follow are of this series of a plot.
    pub fn of(&mut self, series: usize) {
        self.series = series;
    }

    /// The rows that follow are of this part of the drive, counted from 0. Errors last within a part,
    /// and are independent between two; eight parts or more make a spread.
    pub fn part(&mut self, part: usize) {
        self.part = Some(part);
    }

    /// A row: its residual, its sigma, and its derivatives by the unknowns that it depends on.
    pub fn push(&mut self, residual: f64, sigma: f64, derivatives: &[(usize, f64)]) {
        let wide: &mut dyn Iterator<Item = (usize, [f64; 1])> =
            &mut derivatives.iter().map(|(of, value)| (*of, [*value]));
        self.add([residual], [sigma], wide);
    }

    /// Rows that are judged as one (the components of a vector): one weight for all of them.
    pub fn push_block<const M: usize>(
        &mut self,
        residuals: [f64; M],
        sigmas: [f64; M],
        derivatives: &[(usize, [f64; M])],
    ) {
        self.add(residuals, sigmas, &mut derivatives.iter().copied());
    }

    fn add<const M: usize>(
        &mut self,
        residuals: [f64; M],
        sigmas: [f64; M],
        derivatives: &mut dyn Iterator<Item = (usize, [f64; M])>,
    ) {
        let normalised: [f64; M] = std::array::from_fn(|k| residuals[k] / sigmas[k]);
        let z: f64 = normalised.iter().map(|r| r * r).sum();
        let [cost, weight, slope] = self.robust.at(z, M);
        self.sums.cost += 0.5 * cost;
        let full = self.robust.at(0.0, M)[1];
        if let Some(kept) = &mut self.residuals {
            kept.extend((0..M).map(|k| Residual {
                t_s: self.t_s,
                series: self.series,
                value: residuals[k],
                normalised: normalised[k],
                weight: weight / full,
            }));
        }
        if !self.wants_derivatives {
            return;
        }
        let rows = M as f64;
        self.sums.rows += rows;
        self.sums.weights += rows * weight;
        self.sums.psi_squares += z * weight * weight;
        self.sums.psi_slopes += rows * weight + 2.0 * z * slope;
        let given: Vec<(usize, [f64; M])> = derivatives.collect();
        if let Some(trace) = &mut self.trace {
            trace.extend((0..M).map(|k| {
                let row = given.iter().map(|(of, d)| (*of, d[k])).collect();
                (residuals[k], row)
            }));
        }
        let scaled = given.iter().filter_map(|(of, d)| {
            let scaled: [f64; M] = std::array::from_fn(|k| d[k] / sigmas[k]);
            Some(((*self.places.get(*of)?)?, scaled))
        });
        let scaled: Vec<(usize, [f64; M])> = scaled.collect();
        let dot = |a: &[f64; M], b: &[f64; M]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for (k, (i, a)) in scaled.iter().enumerate() {
            let gradient = weight * dot(a, &normalised);
            self.sums.gradient[*i] += gradient;
            if let Some(part) = self.part {
                let size = self.sums.gradient.len();
                let parts = &mut self.sums.parts;
                if parts.len() <= part {
                    parts.resize(part + 1, DVector::zeros(size));
                }
                parts[part][*i] += gradient;
            }
            for (j, b) in &scaled[k..] {
                let value = weight * dot(a, b);
                self.sums.information.add(*i, *j, value);
                // One unknown named twice in a row stands for the sum of its derivatives.
                if i == j && !std::ptr::eq(a, b) {
                    self.sums.information.add(*i, *i, value);
                }
            }
        }
    }
}
