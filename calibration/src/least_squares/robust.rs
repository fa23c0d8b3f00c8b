//! What a residual costs.

/// Cost of a block by `z`, its squared residual in sigmas.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Robust {
    /// `ρ = z`: errors are normal.
    #[default]
    None,
    /// `ρ = 2 (√(1 + z) − 1)`: grows like the distance where it is large.
    SoftL1,
    /// `ρ = (ν + m) ln(1 + z / ν)` for m rows a block: wild ones count for nothing.
    StudentT {
        /// Degrees of freedom ν; 4 is usual.
        freedom: f64,
    },
}

impl Robust {
    /// Cost ρ, weight `w = ρ'` and `w'` at `z`, for a block of so many rows.
    pub(super) fn at(self, z: f64, rows: usize) -> [f64; 3] {
        match self {
            Self::None => [z, 1.0, 0.0],
            Self::SoftL1 => {
                let root = (1.0 + z).sqrt();
                // 2 (√(1 + z) − 1) without the cancellation near zero.
                [
                    2.0 * z / (1.0 + root),
                    1.0 / root,
                    -0.5 / (root * root * root),
                ]
            }
            Self::StudentT { freedom } => {
                let (all, sum) = (freedom + rows as f64, freedom + z);
                [all * (z / freedom).ln_1p(), all / sum, -all / (sum * sum)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_the_derivatives() {
        for robust in [
            Robust::None,
            Robust::SoftL1,
            Robust::StudentT { freedom: 4.0 },
        ] {
            for z in [1e-3, 0.5, 7.0, 1e4] {
                let h = 1e-5 * z;
                let [up, down] = [robust.at(z + h, 2), robust.at(z - h, 2)];
                let [_, w, slope] = robust.at(z, 2);
                assert!(((up[0] - down[0]) / (2.0 * h) - w).abs() < 1e-5 * w);
                assert!(((up[1] - down[1]) / (2.0 * h) - slope).abs() < 1e-4 * slope.abs() + 1e-12);
            }
        }
    }
}
