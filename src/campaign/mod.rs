//! The scenario campaign: what Wayfix does when something goes wrong, as one table of cases, each
//! played with many seeds beside its fault-free twin of the same seed, measured and judged.
//!
//! ```
//! use wayfix::campaign::{find, run};
//! let case = find("gnss_spike_30m").expect("in the table");
//! let results = run(&[case], 1..2, 1, &|| ())?;
//! assert!(results[0].document().criteria.iter().all(|c| c.is_met));
//! # Ok::<(), wayfix::campaign::CampaignError>(())
//! ```

mod case;
mod cases;
mod criterion;
mod document;
mod metrics;
mod outcome;
mod runner;
mod trace;

pub use case::Case;
pub use cases::{all, find};
pub use criterion::Criterion;
pub use document::{CaseDocument, CriterionDocument, Errors, Told};
pub use metrics::RunMetrics;
pub use outcome::CaseOutcome;
pub use runner::{CampaignError, run};
pub use trace::{Epoch, Trace};
