//! Accuracy on recorded data: `cargo bench -p wayfix-datasets --bench accuracy -- DIR [--only SET]
//! [--json] [--verbose]`.

use std::path::PathBuf;

use anyhow::Result;
use wayfix_datasets::{cases, score};

fn main() -> Result<()> {
    let mut dir = wayfix_datasets::sets::data_dir();
    let (mut only, mut json, mut verbose) = (None, false, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--only" => only = args.next(),
            "--json" => json = true,
            "--verbose" => verbose = true,
            "--bench" => {}
            path => dir = PathBuf::from(path),
        }
    }
    if !dir.is_dir() {
        println!("accuracy: no recorded data at {}, nothing measured", dir.display());
        return Ok(());
    }
    for case in cases::all(&dir) {
        if only.as_ref().is_some_and(|o| !case.name.contains(o.as_str())) {
            continue;
        }
        let begin = std::time::Instant::now();
        let score = score::run(&case, &dir)?;
        let took_s = begin.elapsed().as_secs_f64();
        let figures: Vec<String> =
            score.figures.iter().map(|(name, v)| format!("{v:.3} {name}")).collect();
        let nees = score.nees.map_or(String::new(), |(n, d)| format!("{n:.2} of {d}"));
        let reference = case.online.map_or("-".to_owned(), |r| format!("{r:.3}"));
        println!(
            "{:40} {:80} ref {reference:6} NEES {nees:12} {:.2} s",
            case.name,
            figures.join(", "),
            took_s
        );
        if verbose {
            for (name, value, sigma) in &score.parameters {
                println!("    {name:40} {value:12.5} ± {sigma:.5}");
            }
            for (name, s) in &score.sources {
                let nis = s.mean_nis().unwrap_or(f64::NAN);
                println!("    {name:40} seen {:7} NIS {nis:.2} {:?}", s.seen, s.fates);
            }
        }
        let _ = json;
    }
    Ok(())
}
