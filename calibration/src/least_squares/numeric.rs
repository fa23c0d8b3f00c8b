//! Derivatives by central differences: for models of a few parameters that are costly to write down,
//! and to check those that are written.

use nalgebra::DMatrix;

use super::rows::{Residual, Rows};
use super::search::{Free, Search};
use super::{Chain, Options, Robust, Unknown};

/// Step of the central differences; parameters are of the order of one.
const STEP: f64 = 1e-5;

/// Minimises the sum of the squares of `residuals` from a start; parameters are of the order of one.
///
/// `Err` with the reason where the search did not end in a minimum.
pub(crate) fn minimise(
    start: &[f64],
    residuals: impl Fn(&[f64]) -> Vec<f64>,
) -> Result<Vec<f64>, String> {
    let unknowns: Vec<Unknown> = start
        .iter()
        .map(|start| Unknown::new("", *start, f64::INFINITY))
        .collect();
    let model = |x: &[f64], rows: &mut Rows| {
        let values = residuals(x);
        if !rows.wants_derivatives() {
            values.iter().for_each(|value| rows.push(*value, 1.0, &[]));
            return;
        }
        let columns = differences(x, &residuals);
        for (row, value) in values.iter().enumerate() {
            let derivatives: Vec<(usize, f64)> = columns
                .iter()
                .map(|column| column[row])
                .enumerate()
                .collect();
            rows.push(*value, 1.0, &derivatives);
        }
    };
    let search = Search {
        unknowns: &unknowns,
        options: &Options::default(),
        model: &model,
    };
    let all: Vec<usize> = (0..start.len()).collect();
    search
        .minimum(&Free::new(&search, &all), start)
        .map_err(|error| error.to_string())
}

/// Residuals at `x` and their derivatives, one row a residual.
///
/// `Err` where one of them is not finite.
pub(crate) fn linearise(
    x: &[f64],
    residuals: impl Fn(&[f64]) -> Vec<f64>,
) -> Result<(Vec<f64>, DMatrix<f64>), String> {
    let columns = differences(x, &residuals);
    let residuals = residuals(x);
    let jacobian = DMatrix::from_fn(residuals.len(), x.len(), |row, column| columns[column][row]);
    if !jacobian
        .iter()
        .chain(&residuals)
        .all(|value| value.is_finite())
    {
        return Err("the derivatives are not finite".to_owned());
    }
    Ok((residuals, jacobian))
}

/// Central differences, one column a parameter.
fn differences(x: &[f64], residuals: &impl Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
    let column = |index: usize| {
        let at = |step: f64| {
            let mut moved = x.to_vec();
            moved[index] += step;
            residuals(&moved)
        };
        at(STEP)
            .iter()
            .zip(at(-STEP))
            .map(|(up, down)| (up - down) / (2.0 * STEP))
            .collect()
    };
    (0..x.len()).map(column).collect()
}

/// The rows of a model at `x` as they are.
pub(crate) fn residuals(x: &[f64], model: impl Fn(&[f64], &mut Rows)) -> Vec<Residual> {
    let none = Free {
        of: Vec::new(),
        chain: Chain::default(),
        count: x.len(),
    };
    let mut rows = Rows::new(Robust::None, &none, false);
    rows.residuals = Some(Vec::new());
    model(x, &mut rows);
    rows.residuals.unwrap_or_default()
}

/// Largest difference between a model's derivatives and central differences with these steps, as a
/// share of the largest derivative by the same parameter: what the test of every model looks at.
#[must_use]
pub fn jacobian_error(x: &[f64], steps: &[f64], model: impl Fn(&[f64], &mut Rows)) -> f64 {
    let all: Vec<usize> = (0..x.len()).collect();
    let rows_at = |x: &[f64]| {
        let free = Free {
            of: all.clone(),
            chain: Chain::default(),
            count: x.len(),
        };
        let mut rows = Rows::new(Robust::None, &free, true);
        rows.trace = Some(Vec::new());
        model(x, &mut rows);
        rows.trace.unwrap_or_default()
    };
    let given = rows_at(x);
    let mut worst = 0.0_f64;
    for (of, step) in steps.iter().enumerate() {
        let moved = |step: f64| {
            let mut moved = x.to_vec();
            moved[of] += step;
            rows_at(&moved)
        };
        let (up, down) = (moved(*step), moved(-step));
        let (mut largest, mut error) = (0.0_f64, 0.0_f64);
        for (row, (_, derivatives)) in given.iter().enumerate() {
            let named = derivatives.iter().filter(|(named, _)| *named == of);
            let given: f64 = named.map(|(_, value)| value).sum();
            let numeric = (up[row].0 - down[row].0) / (2.0 * step);
            largest = largest.max(numeric.abs()).max(given.abs());
            error = error.max((numeric - given).abs());
        }
        if error > 0.0 {
            worst = worst.max(error / largest);
        }
    }
    worst
}
