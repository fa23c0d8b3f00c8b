//! A filter as data: the states in use, and nothing that follows from them.
//!
//! What is read back is checked: lengths, finite values, a unit quaternion, variances that are not
//! negative and correlations within one. Beyond the states in use everything is zero again, and the
//! covariance symmetric, because only one of its triangles is kept.

use core::fmt;

use arrayvec::ArrayVec;
use nalgebra::SMatrix;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Filter, Subset};
use crate::Timestamp;
use crate::covariance::Transition;
use crate::filter::predict::Pending;
use crate::parameters::{Active, Pool, Process, REMEMBERED, Remembered};
use crate::state::{NAV, Nav, Slot};

/// Rounding may take a correlation this far beyond one.
const CORRELATION: f64 = 1.005;
/// A quaternion's length may be off by this.
const LENGTH: f64 = 1e-6;

/// What is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "Filter")]
pub(super) struct Saved<const N: usize, J> {
    t: Timestamp,
    nav: Nav,
    parameters: ArrayVec<(Active, f64), N>,
    remembered: ArrayVec<Remembered, REMEMBERED>,
    covariance: Triangle<N>,
    /// What the covariance has still to go through, and how long that is \[s\]: brought up to date
    /// first, it would go on with other bits.
    pending: Option<(Transition, f64)>,
    journal: J,
}

impl<const N: usize, J> From<Filter<N, J>> for Saved<N, J> {
    fn from(filter: Filter<N, J>) -> Self {
        let Filter {
            t,
            nav,
            pool,
            p,
            pending,
            journal,
        } = filter;
        let n = pool.len();
        let Pool {
            values,
            active,
            remembered,
        } = pool;
        Self {
            t,
            nav,
            parameters: active
                .into_iter()
                .zip(values.into_iter().skip(NAV))
                .collect(),
            remembered,
            covariance: Triangle { n, p },
            pending: (!pending.is_none()).then_some((pending.transition, pending.dt_s)),
            journal,
        }
    }
}

impl<const N: usize, J> TryFrom<Saved<N, J>> for Filter<N, J> {
    type Error = &'static str;

    fn try_from(saved: Saved<N, J>) -> Result<Self, Self::Error> {
        let Saved {
            t,
            nav,
            parameters,
            remembered,
            covariance: Triangle { n, p },
            pending,
            journal,
        } = saved;
        if n != NAV + parameters.len() {
            return Err("the covariance is not of the states in use");
        }
        let inputs = nav.omega_b.iter().chain(nav.accel_n.iter());
        let is_unit = libm::fabs(nav.q_nb.coords.norm() - 1.0) < LENGTH;
        if !(nav.is_finite() && inputs.into_iter().all(|x| x.is_finite()) && is_unit) {
            return Err("the navigation state is not finite, or its attitude no rotation");
        }
        let mut pool = Pool::new();
        for (i, (active, value)) in parameters.into_iter().enumerate() {
            let is_sound = value.is_finite() && active.bound >= 0.0 && is_sound(active.process);
            if !is_sound || pool.find(active.id).is_some() {
                return Err("a parameter is not sound, or there twice");
            }
            pool.values[NAV + i] = value;
            pool.active.push(active);
        }
        let is_known = |r: &Remembered| r.mean.is_finite() && r.sigma.is_finite() && r.sigma >= 0.0;
        if !remembered.iter().all(is_known) {
            return Err("a remembered parameter is not finite");
        }
        pool.remembered = remembered;
        if !is_covariance(&p, n) {
            return Err("the covariance is none");
        }
        let pending = match pending {
            None => Pending::none(),
            Some((transition, dt_s)) => {
                let of_states = |(slot, _): &(Slot, _)| (NAV..n).contains(&slot.index());
                let is_sound =
                    transition.is_finite() && transition.parameters.iter().all(of_states);
                if !(dt_s.is_finite() && dt_s > 0.0 && is_sound) {
                    return Err("what the covariance has still to go through is not sound");
                }
                Pending { transition, dt_s }
            }
        };
        Ok(Self {
            t,
            nav,
            pool,
            p,
            pending,
            journal,
        })
    }
}

/// A subset filter as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "Subset")]
pub(super) struct SavedSubset<const N: usize> {
    delta: ArrayVec<f64, N>,
    covariance: Triangle<N>,
}

impl<const N: usize> From<Subset<N>> for SavedSubset<N> {
    fn from(subset: Subset<N>) -> Self {
        let Subset { delta, p, n } = subset;
        Self {
            delta: delta.into_iter().take(n).collect(),
            covariance: Triangle { n, p },
        }
    }
}

impl<const N: usize> TryFrom<SavedSubset<N>> for Subset<N> {
    type Error = &'static str;

    fn try_from(saved: SavedSubset<N>) -> Result<Self, Self::Error> {
        let SavedSubset {
            delta: found,
            covariance: Triangle { n, p },
        } = saved;
        if n < NAV || n != found.len() || !found.iter().all(|x| x.is_finite()) {
            return Err("a subset filter is not of the states in use");
        }
        if !is_covariance(&p, n) {
            return Err("the covariance of a subset filter is none");
        }
        let mut delta = [0.0; N];
        delta[..n].copy_from_slice(&found);
        Ok(Self { delta, p, n })
    }
}

fn is_sound(process: Process) -> bool {
    let not_negative = |x: f64| x.is_finite() && x >= 0.0;
    match process {
        Process::Constant => true,
        Process::RandomWalk { density } => not_negative(density),
        Process::GaussMarkov { sigma, time_s } => not_negative(sigma) && time_s > 0.0,
    }
}

fn is_covariance<const N: usize>(p: &SMatrix<f64, N, N>, n: usize) -> bool {
    let sigma = |i: usize| libm::sqrt(p[(i, i)]);
    (0..n).all(|j| {
        let is_sound = |i: usize| libm::fabs(p[(i, j)]) <= CORRELATION * sigma(i) * sigma(j);
        p[(j, j)] >= 0.0 && (j..n).all(|i| p[(i, j)].is_finite() && is_sound(i))
    })
}

/// A symmetric matrix of which the first `n` rows and columns are in use; written as its lower
/// triangle, row by row.
struct Triangle<const N: usize> {
    n: usize,
    p: SMatrix<f64, N, N>,
}

impl<const N: usize> Serialize for Triangle<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut entries = to.serialize_seq(Some(self.n * (self.n + 1) / 2))?;
        for i in 0..self.n {
            for j in 0..=i {
                // What is not exactly symmetric would go on differently.
                if self.p[(i, j)] != self.p[(j, i)] {
                    return Err(S::Error::custom("the covariance is not symmetric"));
                }
                entries.serialize_element(&self.p[(i, j)])?;
            }
        }
        entries.end()
    }
}

impl<'de, const N: usize> Deserialize<'de> for Triangle<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Rows<const N: usize>;
        impl<'de, const N: usize> Visitor<'de> for Rows<N> {
            type Value = Triangle<N>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                write!(f, "the lower triangle of a matrix of at most {N} rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut p = SMatrix::zeros();
                let (mut i, mut j) = (0, 0);
                while let Some(value) = seq.next_element::<f64>()? {
                    if i == N {
                        return Err(A::Error::custom("more rows than the filter has states"));
                    }
                    (p[(i, j)], p[(j, i)]) = (value, value);
                    (i, j) = if j == i { (i + 1, 0) } else { (i, j + 1) };
                }
                if j != 0 {
                    return Err(A::Error::custom("half a row"));
                }
                Ok(Triangle { n: i, p })
            }
        }
        from.deserialize_seq(Rows)
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;

    use super::*;
    use crate::measurement::{Corrected, Range};
    use crate::motion::Tag;
    use crate::{Judge, Parameter, ParameterId, Prior};
    use nalgebra::Vector3;

    const N: usize = 18;

    /// A filter with as many parameters as it holds, and one that had to leave.
    fn filter() -> Filter<N> {
        let mut filter = Filter::new(&Prior {
            t: Timestamp(0),
            nav: Nav::default(),
            attitude_sigma_rad: Vector3::repeat(0.1),
            velocity_sigma_mps: Vector3::repeat(0.1),
            position_sigma_m: Vector3::repeat(1.0),
            gyro_bias_sigma_radps: 0.0,
            accel_bias_sigma_mps2: 0.1,
        });
        for i in 0..40_u32 {
            filter.predict(&Tag::default(), Timestamp(i64::from(i) * 100_000_000));
            let range = Range {
                p_na: Vector3::new(f64::from(i % 7), f64::from(i % 5), 3.0),
                p_bt: Vector3::new(0.1, 0.2, 0.3),
                range_m: 4.0,
                sigma_m: 0.1,
                scale: None,
                horizontal: false,
            };
            // Bounded: JSON has no infinity.
            let prior = Parameter::gauss_markov(0.1, 5.0).bounded(1.0);
            let bias = filter.parameter(ParameterId(i % 4), &prior);
            filter.update(&Corrected::new(range).additive(0, bias), &Judge::OPEN);
        }
        assert_eq!(filter.len(), N);
        filter.predict(&Tag::default(), Timestamp(4_050_000_000));
        filter
    }

    fn saved() -> serde_json::Value {
        serde_json::to_value(filter()).unwrap()
    }

    fn read(value: &serde_json::Value) -> Result<Filter<N>, String> {
        serde_json::from_value(value.clone()).map_err(|e| format!("{e}"))
    }

    #[test]
    fn what_is_read_back_goes_on_to_the_bit() {
        let mut original = filter();
        let mut copy = read(&saved()).unwrap();
        assert_eq!(format!("{original:?}"), format!("{copy:?}"));
        for filter in [&mut original, &mut copy] {
            filter.predict(&Tag::default(), Timestamp(9_000_000_000));
            // The one that had left returns as it is remembered.
            filter.parameter(ParameterId(0), &Parameter::constant(1.0));
        }
        assert_eq!(format!("{original:?}"), format!("{copy:?}"));
    }

    #[test]
    fn what_can_be_no_filter_is_refused() {
        type Damage = fn(&mut serde_json::Value);
        let cases: [(&str, Damage); 9] = [
            ("of the states", |v| {
                v["parameters"].as_array_mut().unwrap().truncate(2);
            }),
            ("half a row", |v| {
                v["covariance"].as_array_mut().unwrap().truncate(20);
            }),
            ("more rows", |v| {
                let more = std::vec![serde_json::json!(1.0); 19];
                v["covariance"].as_array_mut().unwrap().extend(more);
            }),
            ("no rotation", |v| v["nav"]["q_nb"][0] = 2.0.into()),
            ("there twice", |v| {
                v["parameters"][1] = v["parameters"][0].clone();
            }),
            ("not sound", |v| {
                v["parameters"][1][0]["bound"] = (-1.0).into()
            }),
            ("is none", |v| v["covariance"][0] = (-1.0).into()),
            ("is none", |v| v["covariance"][1] = 1e9.into()),
            ("not sound", |v| v["pending"][1] = (-1.0).into()),
        ];
        for (expected, damage) in cases {
            let mut value = saved();
            damage(&mut value);
            let error = read(&value).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
