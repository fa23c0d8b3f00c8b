//! Sigmas that the residuals themselves tell: each fit weighs by those of the one before.

/// When sigmas have settled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settling {
    /// They change by less than this share of themselves ...
    pub share: f64,
    /// ... or have been taken so many times.
    pub rounds: usize,
}

impl Settling {
    /// Fits with the sigmas that its own residuals have; `measured` reads those of a fit, from the ones
    /// that it was made with. What the next fit begins from is `fit`'s to keep.
    pub fn settle<const K: usize, S, E>(
        self,
        mut sigmas: [f64; K],
        mut fit: impl FnMut(&[f64; K]) -> Result<S, E>,
        measured: impl Fn(&S, &[f64; K]) -> [f64; K],
    ) -> Result<(S, [f64; K]), E> {
        let mut rounds = 0;
        loop {
            let found = fit(&sigmas)?;
            let now = measured(&found, &sigmas);
            let is_close = |(now, before): (&f64, &f64)| (now - before).abs() < self.share * before;
            let is_settled = now.iter().zip(&sigmas).all(is_close);
            sigmas = now;
            rounds += 1;
            if is_settled || rounds == self.rounds {
                return Ok((found, sigmas));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_where_a_sigma_reproduces_itself_or_the_rounds_are_over() {
        let settled = |rounds| {
            let mut fits = 0;
            let fit = |sigma: &[f64; 1]| -> Result<f64, ()> {
                fits += 1;
                Ok(sigma[0])
            };
            let settling = Settling {
                share: 0.01,
                rounds,
            };
            let (_, [sigma]) = settling.settle([9.0], fit, |s, _| [s.sqrt()]).unwrap();
            (fits, sigma)
        };
        let (fits, sigma) = settled(50);
        assert!(fits < 15 && (sigma - 1.0).abs() < 0.01, "{fits} {sigma}");
        assert_eq!(settled(2), (2, 9.0_f64.sqrt().sqrt()));
    }
}
