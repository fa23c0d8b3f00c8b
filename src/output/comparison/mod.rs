//! `evaluate A B --report FILE`: two runs over the same truth on one page: which is better, where, and
//! whether that is more than chance.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::OutputError;
use super::page::series::{Thinned, rounded};
use super::page::{Kind, Plans, site};
use crate::config::Site;
use crate::evaluate::compare::{Compared, Pair};

const PAGE: Kind = Kind {
    subject: "comparison",
    sections: &[
        ("track", "Track"),
        ("errors", "Errors"),
        ("where", "Where they differ"),
        ("sources", "Sources"),
    ],
    body: include_str!("page.html"),
    script: include_str!("page.js"),
};
/// Least time between two rows \[s\].
const ROWS_S: f64 = 0.1;

/// Where both were at one time, and where the asset was.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    /// When \[s\].
    pub t_s: f64,
    /// The truth, x and y \[m\].
    pub truth_m: [f64; 2],
    /// What A and B said \[m\].
    pub of_m: [[f64; 2]; 2],
}

impl Epoch {
    /// How far each was off \[m\].
    fn errors_m(&self) -> [f64; 2] {
        let [x, y] = self.truth_m;
        self.of_m.map(|p| (p[0] - x).hypot(p[1] - y))
    }

    /// Both errors.
    #[must_use]
    pub fn errors(&self) -> Pair {
        let [a_m, b_m] = self.errors_m();
        Pair {
            t_s: self.t_s,
            a_m,
            b_m,
        }
    }
}

/// One of the two.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Its file.
    pub name: String,
    /// Its summary, where there is one.
    pub summary: Option<Value>,
}

/// The page of two runs.
#[derive(Debug)]
pub struct ComparisonPage {
    /// A and B.
    pub runs: [Run; 2],
    /// What is shown under the tracks.
    pub ground: Option<(Site, Plans)>,
}

impl ComparisonPage {
    /// Writes the page.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(
        &self,
        path: &Path,
        epochs: &[Epoch],
        compared: &Compared,
    ) -> Result<(), OutputError> {
        let title = format!("{} against {}", self.runs[0].name, self.runs[1].name);
        PAGE.write(path, &title, &self.data(epochs, compared))
    }

    fn data(&self, epochs: &[Epoch], compared: &Compared) -> Value {
        let begin_s = epochs.first().map_or(0.0, |e| e.t_s);
        let mut rows = Thinned::new(ROWS_S);
        for epoch in epochs {
            rows.push(epoch.t_s - begin_s, *epoch);
        }
        let of = |k: usize| {
            json!({
                "x": rows.column(|e| e.of_m[k][0], 3),
                "y": rows.column(|e| e.of_m[k][1], 3),
                "error": rows.column(|e| e.errors_m()[k], 4),
            })
        };
        let blocks = compared.over_time.iter().map(|s| {
            let [from_s, until_s] = [s.from_s, s.until_s].map(|t| rounded(t - begin_s, 2));
            json!([
                from_s,
                until_s,
                rounded(s.rmse_m[0], 4),
                rounded(s.rmse_m[1], 4)
            ])
        });
        json!({
            "verdict": compared.verdict(),
            "compared": compared,
            "begin_s": begin_s,
            "runs": self.runs,
            "t": rows.times(),
            "truth": { "x": rows.column(|e| e.truth_m[0], 3), "y": rows.column(|e| e.truth_m[1], 3) },
            "a": of(0),
            "b": of(1),
            "blocks": blocks.collect::<Vec<_>>(),
            "site": self.ground.as_ref().map(|(of, plans)| site(of, plans)),
        })
    }
}
