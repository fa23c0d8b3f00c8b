//! From the fit to the result.

use nalgebra::DMatrix;

use super::{Anchor, Fit, Found, Problem, Ranged};
use crate::drive::NEAREST_M;
use crate::drive::Sensor;
use crate::least_squares::{Residual, Solution};
use crate::parameter::{Observed, Parameter};
use crate::spread::spread;

impl Problem<'_> {
    pub(super) fn found(&self, solution: &Solution, sigma_m: f64, believed: &[Anchor]) -> Found {
        let (scale, places, _) = self.places();
        let chain = self.way.chain().unknowns;
        let own = |k: usize| solution.parameters[k - chain].clone();
        let size = if self.options.horizontal { 2 } else { 3 };
        let count = self.anchors.len();
        let biases: Vec<Parameter> = (0..count).map(|k| own(scale + 1 + k)).collect();
        let of_places: Vec<Vec<Parameter>> = (places.iter().zip(&self.mirrored))
            .map(|(place, mirrored)| {
                let axes = place.map_or(0..0, |at| at..at + size);
                axes.map(|k| Parameter {
                    observed: match mirrored {
                        Some(_) => Observed::No,
                        None => own(k).observed,
                    },
                    ..own(k)
                })
                .collect()
            })
            .collect();
        let residuals: Vec<Residual> = (solution.residuals.iter())
            .filter(|r| r.series != usize::MAX)
            .copied()
            .collect();
        let first_bias = scale + 1 - chain;
        let block = solution
            .covariance
            .view((first_bias, first_bias), (count, count));
        let heard = count.max(1) as f64;
        let common = Parameter {
            name: "common bias [m]".to_owned(),
            guess: self.anchors.iter().map(|a| a.bias_m).sum::<f64>() / heard,
            value: biases.iter().map(|b| b.value).sum::<f64>() / heard,
            sigma: block.sum().max(0.0).sqrt() / heard,
            observed: match biases.iter().any(|b| b.observed != Observed::No) {
                true => Observed::Well,
                false => Observed::No,
            },
        };
        Found {
            scale: own(scale),
            common_bias_m: common,
            fits: self.fits(solution, &residuals, believed),
            distances: self.distances(solution, &places, chain),
            places: of_places,
            mirrored: self.mirrored.clone(),
            odometry: (chain..scale).map(own).collect(),
            sigma_m,
            wild_share: spread(residuals.iter().map(|r| r.value)).1,
            correlation: solution.correlation.clone(),
            biases,
            residuals,
        }
    }

    fn fits(&self, solution: &Solution, residuals: &[Residual], believed: &[Anchor]) -> Vec<Fit> {
        let x = solution.x();
        let sensor = Sensor {
            lever: self.options.lever,
            ..Sensor::default()
        };
        let rms = |values: &[f64]| {
            let squares: f64 = values.iter().map(|v| v * v).sum();
            (squares / values.len().max(1) as f64).sqrt()
        };
        let one = |(k, anchor): (usize, &Anchor)| {
            let after: Vec<f64> = (residuals.iter().filter(|r| r.series == k))
                .map(|r| r.value)
                .collect();
            let before = |r: &Ranged| {
                let mut d = self.way.at(&x, r.t_s, &sensor)?.p - anchor.p_na?;
                if self.options.horizontal {
                    d.z = 0.0;
                }
                Some(self.options.scale * d.norm() + anchor.bias_m - r.range_m)
            };
            let own = self.ranges.iter().filter(|r| r.anchor == k);
            let before: Vec<f64> = own.filter_map(before).collect();
            Fit {
                ranges: after.len(),
                before_m: match anchor.p_na {
                    Some(_) => rms(&before),
                    None => f64::NAN,
                },
                after_m: rms(&after),
            }
        };
        believed.iter().enumerate().map(one).collect()
    }

    /// `σ² = uᵀ (C_aa + C_bb − C_ab − C_ba) u` along the line from one to the other.
    fn distances(
        &self,
        solution: &Solution,
        places: &[Option<usize>],
        chain: usize,
    ) -> Vec<(usize, usize, f64, f64)> {
        let size = if self.options.horizontal { 2 } else { 3 };
        let x = solution.x();
        let mut distances = Vec::new();
        for (b, place_b) in places.iter().enumerate() {
            for (a, place_a) in places.iter().enumerate().take(b) {
                let (Some(i), Some(j)) = (place_a, place_b) else {
                    continue;
                };
                let d: Vec<f64> = (0..size).map(|k| x[j + k] - x[i + k]).collect();
                let length_m = d.iter().map(|v| v * v).sum::<f64>().sqrt();
                let c = |r: usize, s: usize| -> DMatrix<f64> {
                    let from = (r - chain, s - chain);
                    solution.covariance.view(from, (size, size)).into_owned()
                };
                let all = c(*i, *i) + c(*j, *j) - c(*i, *j) - c(*j, *i);
                let u = DMatrix::from_fn(size, 1, |k, _| d[k] / length_m.max(NEAREST_M));
                let variance = (u.transpose() * all * u)[(0, 0)];
                distances.push((a, b, length_m, variance.max(0.0).sqrt()));
            }
        }
        distances
    }
}
