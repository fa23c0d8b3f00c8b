//! Cases times seeds, over all cores, with results that do not depend on their number.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use thiserror::Error;

use super::case::Case;
use super::metrics::RunMetrics;
use super::outcome::CaseOutcome;
use super::trace::Trace;
use crate::engine::SetupError;
use crate::sim::fault::apply;
use crate::sim::{SimulationError, scenario, simulate};

/// A case that can't be played.
#[derive(Debug, Error)]
pub enum CampaignError {
    /// The table names a scenario that there is none of.
    #[error("case {case:?}: no scenario is called {scenario:?}")]
    Scenario {
        /// The case.
        case: &'static str,
        /// The name.
        scenario: &'static str,
    },
    /// The scenario can't be simulated.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// Its two files don't fit.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// Cases that share their twin.
struct Group {
    scenario: &'static str,
    duration_s: f64,
    /// Places in the list of cases.
    cases: Vec<usize>,
}

fn groups(cases: &[&'static Case]) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    for (i, case) in cases.iter().enumerate() {
        let same = |g: &&mut Group| g.scenario == case.scenario && g.duration_s == case.duration_s;
        match all.iter_mut().find(same) {
            Some(group) => group.cases.push(i),
            None => all.push(Group {
                scenario: case.scenario,
                duration_s: case.duration_s,
                cases: vec![i],
            }),
        }
    }
    all
}

/// A run's measurements, and whose they are: place of the case, seed.
type Part = (usize, u64, RunMetrics);

fn play(
    cases: &[&'static Case],
    group: &Group,
    seed: u64,
    tick: &(dyn Fn() + Sync),
) -> Result<Vec<Part>, CampaignError> {
    let unknown = || CampaignError::Scenario {
        case: group.cases.first().map_or("", |i| cases[*i].name),
        scenario: group.scenario,
    };
    let found = scenario::find(group.scenario).ok_or_else(unknown)?;
    let sound = simulate(found, seed, Some(group.duration_s))?;
    let twin = Trace::of(&sound, group.duration_s)?;
    let mut parts = Vec::with_capacity(group.cases.len());
    for i in &group.cases {
        let case = cases[*i];
        let metrics = if case.faults.is_empty() {
            RunMetrics::new(case, &twin, &twin)
        } else {
            let mut faulty = sound.clone();
            apply(case.faults, &mut faulty, seed);
            RunMetrics::new(case, &Trace::of(&faulty, group.duration_s)?, &twin)
        };
        parts.push((*i, seed, metrics));
        tick();
    }
    Ok(parts)
}

/// Plays every case with every seed on `threads` threads; `tick` is called after each run.
///
/// # Errors
/// A case that can't be played; none of those in the table.
pub fn run(
    cases: &[&'static Case],
    seeds: Range<u64>,
    threads: usize,
    tick: &(dyn Fn() + Sync),
) -> Result<Vec<CaseOutcome>, CampaignError> {
    let groups = groups(cases);
    let jobs: Vec<(&Group, u64)> = groups
        .iter()
        .flat_map(|group| seeds.clone().map(move |seed| (group, seed)))
        .collect();
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Result<Vec<Part>, CampaignError>>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((group, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let parts = play(cases, group, *seed, tick);
                    // A poisoned lock means that another thread panicked, which the scope passes on.
                    if let Ok(mut done) = done.lock() {
                        done.push(parts);
                    }
                }
            });
        }
    });
    let mut parts = Vec::new();
    for part in done.into_inner().unwrap_or_default() {
        parts.extend(part?);
    }
    parts.sort_by_key(|(case, seed, _)| (*case, *seed));
    let mut outcomes: Vec<CaseOutcome> = cases
        .iter()
        .map(|case| CaseOutcome {
            case,
            runs: Vec::new(),
        })
        .collect();
    for (case, _, metrics) in parts {
        outcomes[case].runs.push(metrics);
    }
    Ok(outcomes)
}
