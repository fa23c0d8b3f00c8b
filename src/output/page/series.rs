//! Values over time in bounded memory, whatever the length of the log.

/// Rows that are kept at most; a second of screen shows far fewer.
const MOST: usize = 20_000;

/// Rows at least `step_s` apart; where they become too many, every second one goes.
#[derive(Clone, Debug)]
pub struct Thinned<T> {
    step_s: f64,
    most: usize,
    rows: Vec<(f64, T)>,
}

impl<T> Thinned<T> {
    /// Empty, with rows at least this far apart.
    #[must_use]
    pub fn new(step_s: f64) -> Self {
        Self::of_at_most(step_s, MOST)
    }

    /// The same with another bound.
    #[must_use]
    pub fn of_at_most(step_s: f64, most: usize) -> Self {
        Self {
            step_s,
            most: most.max(2),
            rows: Vec::new(),
        }
    }

    /// Takes a row, unless it is too close behind the last one; a row that is earlier begins a new
    /// stretch and is taken.
    pub fn push(&mut self, t_s: f64, row: T) {
        // A thousandth of tolerance: a rate of the source's own is not halved by jitter.
        let is_close = |(last, _): &(f64, T)| t_s >= *last && t_s - last < 0.999 * self.step_s;
        if self.rows.last().is_some_and(is_close) {
            return;
        }
        self.rows.push((t_s, row));
        if self.rows.len() > self.most {
            let mut keep = false;
            self.rows.retain(|_| {
                keep = !keep;
                keep
            });
            self.step_s *= 2.0;
        }
    }

    /// The rows with their times \[s\].
    #[must_use]
    pub fn rows(&self) -> &[(f64, T)] {
        &self.rows
    }

    /// One number of each row, rounded to what a page needs.
    pub fn column(&self, of: impl Fn(&T) -> f64, places: i32) -> Vec<Option<f64>> {
        self.rows
            .iter()
            .map(|(_, row)| rounded(of(row), places))
            .collect()
    }

    /// The times \[s\], to a millisecond.
    #[must_use]
    pub fn times(&self) -> Vec<Option<f64>> {
        self.rows.iter().map(|(t, _)| rounded(*t, 3)).collect()
    }
}

/// A number with so many decimal places; `None` (null) where it is not finite.
#[must_use]
pub fn rounded(value: f64, places: i32) -> Option<f64> {
    let scale = 10_f64.powi(places);
    let rounded = (value * scale).round() / scale;
    rounded.is_finite().then_some(rounded)
}

/// What became of a source's measurements in one stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Corrected or carried the state.
    pub used: u32,
    /// Refused by the gate.
    pub gated: u32,
    /// Refused for any other reason.
    pub refused: u32,
    /// Left out on purpose, waiting, late or twice.
    pub other: u32,
    /// Sum of NIS a degree of freedom.
    pub nis_sum: f64,
    /// Number of those.
    pub nis_count: u32,
}

impl Bin {
    fn add(&mut self, other: &Self) {
        self.used += other.used;
        self.gated += other.gated;
        self.refused += other.refused;
        self.other += other.other;
        self.nis_sum += other.nis_sum;
        self.nis_count += other.nis_count;
    }
}

/// Bins of equal width from the first time on; where there are too many, two become one.
#[derive(Clone, Debug)]
pub struct Bins {
    /// Begin of the first \[s\].
    pub from_s: f64,
    /// Width \[s\].
    pub width_s: f64,
    most: usize,
    /// In order of time.
    pub bins: Vec<Bin>,
}

impl Bins {
    /// None yet; the first begins at `from_s`.
    #[must_use]
    pub fn new(from_s: f64, width_s: f64, most: usize) -> Self {
        Self {
            from_s,
            width_s,
            most: most.max(2),
            bins: Vec::new(),
        }
    }

    /// Adds to the bin at a time; what is before the first counts in it.
    pub fn add(&mut self, t_s: f64, what: &Bin) {
        let index = |width_s: f64| ((t_s - self.from_s) / width_s).max(0.0) as usize;
        while index(self.width_s) >= self.most {
            let pairs = self.bins.chunks(2).map(|pair| {
                let mut sum = pair[0];
                pair[1..].iter().for_each(|other| sum.add(other));
                sum
            });
            self.bins = pairs.collect();
            self.width_s *= 2.0;
        }
        let index = index(self.width_s);
        if index >= self.bins.len() {
            self.bins.resize(index + 1, Bin::default());
        }
        self.bins[index].add(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_series_keeps_its_ends_and_its_bound() {
        let mut series = Thinned::of_at_most(0.1, 100);
        for i in 0..100_000 {
            series.push(0.01 * f64::from(i), i);
        }
        let rows = series.rows();
        assert!(rows.len() > 40 && rows.len() <= 101, "{}", rows.len());
        assert_eq!(rows[0].0, 0.0);
        assert!(rows[rows.len() - 1].0 > 970.0);
        let steps: Vec<f64> = rows.windows(2).map(|w| w[1].0 - w[0].0).collect();
        assert!(steps.iter().all(|s| *s > 0.09));
    }

    #[test]
    fn bins_that_merge_lose_nothing() {
        let mut bins = Bins::new(10.0, 1.0, 50);
        for i in 0..5_000_u32 {
            let used = Bin {
                used: 1,
                nis_sum: f64::from(i),
                nis_count: 1,
                ..Bin::default()
            };
            bins.add(10.0 + 0.1 * f64::from(i), &used);
        }
        assert!(bins.bins.len() <= 50);
        assert_eq!(bins.bins.iter().map(|b| b.used).sum::<u32>(), 5_000);
        assert_eq!(bins.bins.iter().map(|b| b.nis_count).sum::<u32>(), 5_000);
        let sum: f64 = bins.bins.iter().map(|b| b.nis_sum).sum();
        assert_eq!(sum, 4_999.0 * 2_500.0);
        assert_eq!(bins.width_s, 16.0);
    }

    #[test]
    fn what_is_no_number_is_null() {
        assert_eq!(rounded(1.23456, 3), Some(1.235));
        assert_eq!(rounded(f64::NAN, 3), None);
        assert_eq!(rounded(f64::INFINITY, 3), None);
    }
}
