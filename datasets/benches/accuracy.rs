//! Accuracy on recorded data: `cargo bench -p wayfix-datasets --bench accuracy -- DIR [--only SET]
//! [--json] [--verbose] [--set KEY=VALUE]...`. `--set source.uwb.range_sigma_m=0.2` changes a key of
//! vehicle.toml. With `--json`, standard output is one JSON document and nothing else.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use wayfix::config::Vehicle;
use wayfix_datasets::cases;
use wayfix_datasets::score::{Protection, Score, score};
use wayfix_datasets::targets::{self, Goal, Known, Target};

/// What was asked for.
struct Args {
    dir: PathBuf,
    only: Option<String>,
    changes: Vec<String>,
    json: bool,
    verbose: bool,
}

/// Everything that was measured.
#[derive(Serialize)]
struct Document {
    /// Why nothing was, where nothing was.
    skipped: Option<String>,
    rows: Vec<Row>,
}

/// One figure of one case.
#[derive(Serialize)]
struct Row {
    set: &'static str,
    case: String,
    /// The run as all measurements show it, and not as it was told online.
    is_smoothed: bool,
    figure: &'static str,
    ours: f64,
    /// At most this; or near it, where `target_within` says how near.
    target: Option<f64>,
    target_within: Option<f64>,
    best_known: Option<Known>,
    quick: Option<f64>,
    /// Ours over the target: 1 or less where it is reached.
    ratio: Option<f64>,
    /// Mean normalised position error squared over its number of components: 1 where the covariance is
    /// honest.
    nees: Option<f64>,
    /// Number of its components.
    nees_dimension: Option<usize>,
    /// Horizontal, then vertical protection level.
    protection: Vec<Protection>,
    /// Time that the case took, all its figures together [s].
    took_s: f64,
}

fn main() -> Result<()> {
    let args = args()?;
    let mut document = Document {
        skipped: None,
        rows: Vec::new(),
    };
    if !args.dir.is_dir() {
        let why = format!(
            "no recorded data at {}, nothing measured",
            args.dir.display()
        );
        if !args.json {
            println!("accuracy: {why}");
        }
        document.skipped = Some(why);
    } else if !args.json {
        println!(
            "{:40} {:40} {:>7} {:>11} {:>10} {:>7} {:>6} {:>5} {:>9} {:>8}  by",
            "set",
            "figure",
            "ours",
            "target",
            "best known",
            "quick",
            "ratio",
            "NEES",
            "beyond PL",
            "PL/p95"
        );
    }
    for case in cases::all(&args.dir) {
        if args
            .only
            .as_ref()
            .is_some_and(|only| !case.name.contains(only.as_str()))
        {
            continue;
        }
        let begin = Instant::now();
        let recording = case.load(&args.dir)?;
        let vehicle = changed(&recording.vehicle_toml, &args.changes)?;
        let score = score(&recording, &vehicle)?;
        let took_s = begin.elapsed().as_secs_f64();
        for target in targets::of_case(&case.name) {
            let row = row(case.set, target, &score, took_s)?;
            if !args.json {
                println!("{}", line(&row));
            }
            document.rows.push(row);
        }
        if args.verbose && !args.json {
            details(&score, took_s);
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&document)?);
    }
    Ok(())
}

fn args() -> Result<Args> {
    let mut parsed = Args {
        dir: wayfix_datasets::sets::data_dir(),
        only: None,
        changes: Vec::new(),
        json: false,
        verbose: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--only" => parsed.only = args.next(),
            "--set" => parsed.changes.extend(args.next()),
            "--verbose" => parsed.verbose = true,
            "--json" => parsed.json = true,
            "--bench" => {}
            option if option.starts_with("--") => bail!("{option} is not an option of this bench"),
            path => parsed.dir = from_root(path),
        }
    }
    Ok(parsed)
}

fn row(set: &'static str, target: &Target, score: &Score, took_s: f64) -> Result<Row> {
    let (figures, nees) = if target.is_smoothed {
        (&score.smoothed, score.smoothed_nees)
    } else {
        (&score.figures, score.nees)
    };
    let figure = figures.iter().find(|(name, _)| *name == target.figure);
    let (_, ours) =
        *figure.with_context(|| format!("{} has no figure {:?}", target.case, target.figure))?;
    let (goal, within) = match target.goal {
        Some(Goal::AtMost(value)) => (Some(value), None),
        Some(Goal::Near { value, within }) => (Some(value), Some(within)),
        None => (None, None),
    };
    Ok(Row {
        set,
        case: target.case.to_owned(),
        is_smoothed: target.is_smoothed,
        figure: target.figure,
        ours,
        target: goal,
        target_within: within,
        best_known: target.best_known,
        quick: target.quick,
        ratio: target.goal.map(|goal| goal.ratio(ours)),
        nees: nees.map(|(sum, dimension)| sum / dimension as f64),
        nees_dimension: nees.map(|(_, dimension)| dimension),
        protection: if target.is_smoothed {
            Vec::new()
        } else {
            score.protection.clone()
        },
        took_s,
    })
}

fn line(row: &Row) -> String {
    let number = |value: Option<f64>, digits| {
        value.map_or("-".to_owned(), |value: f64| format!("{value:.digits$}"))
    };
    let target = match row.target_within {
        Some(within) => format!("{}±{within}", number(row.target, 3)),
        None => number(row.target, 3),
    };
    let by = row.best_known.map_or("", |known| known.by);
    let horizontal = row.protection.first();
    let figure = match row.is_smoothed {
        true => format!("smoothed {}", row.figure),
        false => row.figure.to_owned(),
    };
    let text = format!(
        "{:40} {figure:40} {:7.3} {target:>11} {:>10} {:>7} {:>6} {:>5} {:>8}% {:>8}  {by}",
        row.case,
        row.ours,
        number(row.best_known.map(|known| known.value), 3),
        number(row.quick, 3),
        number(row.ratio, 2),
        number(row.nees, 1),
        number(horizontal.map(|p| 100.0 * p.exceeded), 2),
        number(horizontal.map(|p| p.over_p95), 1),
    );
    text.trim_end().to_owned()
}

/// What else is known of a case.
fn details(score: &Score, took_s: f64) {
    for (name, value) in &score.figures {
        println!("    {name:40} {value:12.3}");
    }
    for (name, value) in &score.smoothed {
        println!("    smoothed {name:31} {value:12.3}");
    }
    if let Some(([x, y], rest)) = score.constant_m {
        println!(
            "    smoothed: of the error x {x:.3}, y {y:.3} m is constant; without it 2D rmse {rest:.3} m"
        );
    }
    for (axis, p) in ["horizontal", "vertical"].iter().zip(&score.protection) {
        println!(
            "    {axis}: NEES {:.2}; protection level exceeded {:.3} %, median {:.3} m, {:.2} of the p95 error",
            p.nees,
            100.0 * p.exceeded,
            p.median_m,
            p.over_p95
        );
    }
    for (name, value, sigma) in &score.parameters {
        println!("    {name:40} {value:12.5} ± {sigma:.5}");
    }
    for (name, s) in &score.sources {
        let nis = s.mean_nis().unwrap_or(f64::NAN);
        println!("    {name:40} seen {:7} NIS {nis:.2} {:?}", s.seen, s.fates);
    }
    println!("    {took_s:.2} s");
}

/// The vehicle with some keys changed.
fn changed(text: &str, changes: &[String]) -> Result<Vehicle> {
    let mut table: toml::Table = text.parse()?;
    for change in changes {
        let (path, value) = change.split_once('=').context("--set takes KEY=VALUE")?;
        let value = format!("v = {value}")
            .parse::<toml::Table>()?
            .remove("v")
            .context("a value")?;
        let mut keys: Vec<&str> = path.split('.').collect();
        let last = keys.pop().context("a key")?;
        let mut at = &mut table;
        for key in keys {
            at = at
                .entry(key)
                .or_insert_with(|| toml::Value::Table(toml::Table::new()))
                .as_table_mut()
                .with_context(|| format!("{key} is no table"))?;
        }
        at.insert(last.to_owned(), value);
    }
    Ok(toml::Value::Table(table).try_into()?)
}

/// Cargo runs a bench in its crate's folder; a path is meant from where the command was given, the
/// root of the workspace.
fn from_root(path: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let joined = root.join(path);
    if joined.is_dir() {
        joined
    } else {
        PathBuf::from(path)
    }
}
