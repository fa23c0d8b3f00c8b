//! The scenario campaign in its short form: every case with a few seeds. The long form is
//! `cargo bench --bench campaign`, the table `wayfix campaign`.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use std::thread::available_parallelism;

use support::{Scratch, wayfix};
use wayfix::campaign::{Case, CaseDocument, all, find, run};

/// Seeds of the short form.
const SEEDS: std::ops::Range<u64> = 1..3;

fn documents(cases: &[&'static Case], threads: usize) -> Vec<CaseDocument> {
    let outcomes = run(cases, SEEDS, threads, &|| ()).unwrap();
    outcomes.iter().map(|outcome| outcome.document()).collect()
}

#[test]
fn every_case_meets_its_criteria() {
    let cases: Vec<&Case> = all().collect();
    let threads = available_parallelism().map_or(1, usize::from);
    let mut missed = Vec::new();
    for document in documents(&cases, threads) {
        for criterion in document
            .criteria
            .iter()
            .filter(|c| !c.is_met && !c.is_known)
        {
            missed.push(format!(
                "{}: {}: {}",
                document.case, criterion.what, criterion.found
            ));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let names = ["gnss_spike_30m", "duplicates_20_percent", "anchor_moved"];
    let cases: Vec<&Case> = names.iter().map(|name| find(name).unwrap()).collect();
    let json = |threads| serde_json::to_string(&documents(&cases, threads)).unwrap();
    assert_eq!(json(1), json(3));
}

#[test]
fn the_program_tells_table_files_and_exit_code() {
    let scratch = Scratch::new("campaign");
    let list = wayfix(&scratch, &["campaign", "--list"]);
    assert_eq!((list.code, list.stdout.lines().count()), (0, all().count()));
    let case = ["campaign", "--case", "gnss_spike_30m", "--seeds", "1"];
    let table = wayfix(&scratch, &[&case[..], &["-o", "out"]].concat());
    assert_eq!(table.code, 0, "{}", table.stderr);
    assert!(table.stdout.contains("gnss_spike_30m"));
    assert!(table.stdout.contains("1 meet their criteria, 0 do not"));
    let rows = std::fs::read_to_string(scratch.0.join("out/campaign.csv")).unwrap();
    assert_eq!(rows.lines().count(), 2);
    let written = std::fs::read_to_string(scratch.0.join("out/campaign.json")).unwrap();
    let printed = wayfix(&scratch, &[&case[..], &["--json"]].concat());
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(written, printed.json());
    assert_eq!(written[0]["criteria"][0]["is_met"], true);
    let unknown = wayfix(&scratch, &["campaign", "--case", "nothing"]);
    assert_eq!(unknown.code, 2);
}
