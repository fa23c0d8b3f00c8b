//! A golden record of each recorded case: a change of behaviour shows as a difference and fails until it
//! is accepted.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

#[path = "../../tests/support/golden.rs"]
mod golden;

use std::path::Path;

use golden::{Golden, record};
use wayfix::log::Record;
use wayfix::replay::{Replay, Summary};
use wayfix_datasets::{Case, Recording, cases, sets};

/// Replays the whole recording; what is scored in outages goes through the first of them.
fn replayed(recording: &Recording) -> Summary {
    let mut replay = Replay::new(&recording.site, &recording.vehicle, 1e6).unwrap();
    let records: Box<dyn Iterator<Item = &Record>> = match recording.protocol.outages.first() {
        Some(outage) => Box::new(outage.apply(&recording.records)),
        None => Box::new(recording.records.iter()),
    };
    for record in records {
        replay.feed(record, &mut ());
    }
    replay.finish(&mut ())
}

/// What is replayed, and against which truth.
fn about(case: &Case, recording: &Recording) -> String {
    let mut text = format!("{}\n{}: all truth", case.name, recording.name);
    let protocol = &recording.protocol;
    if let Some(source) = protocol.truth_at {
        text += &format!(", of {source}'s sensor, against the vehicle's reference point");
    }
    if let Some(outage) = protocol.outages.first() {
        let first = recording.samples().next().unwrap().t;
        text += &format!(
            "; without {} from {:.1} to {:.1} s",
            outage.source,
            outage.window.from.seconds_since(first),
            outage.window.until.seconds_since(first)
        );
    }
    text
}

#[test]
fn every_case_does_what_its_record_says() {
    let data = sets::data_dir();
    if !data.is_dir() {
        println!(
            "skipped: no recordings in {} (set WAYFIX_DATA)",
            data.display()
        );
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut golden = Golden::new(folder, "cargo test -p wayfix-datasets --test golden");
    for case in cases::list() {
        golden.keep(&case.name);
    }
    for case in cases::all(&data) {
        let recording = case.load(&data).unwrap();
        let summary = replayed(&recording);
        golden.check(&case.name, &record(&about(&case, &recording), &summary));
    }
    golden.finish();
}
