//! Accuracy on recorded data: `cargo bench -p wayfix-datasets --bench accuracy -- DIR [--only SET]
//! [--json] [--verbose] [--accept] [--set KEY=VALUE]...`. `--set source.uwb.range_sigma_m=0.2` changes a
//! key of vehicle.toml. With `--json`, standard output is one JSON document and nothing else.
//!
//! Fails when a figure is worse by more than 3 % than recorded in `accuracy.txt` beside this file, or was
//! never recorded; `--accept` records what was measured. With `--only`, the cases that ran are compared;
//! with `--set`, worse figures are printed but do not fail.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use wayfix::config::Vehicle;
use wayfix_datasets::cases;
use wayfix_datasets::recorded::{Change, Recorded, TOLERANCE};
use wayfix_datasets::score::{Protection, Score, score};
use wayfix_datasets::targets::{self, Goal, Known, Target};

/// The recorded figures.
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/accuracy.txt");

/// What was asked for.
struct Args {
    dir: PathBuf,
    only: Option<String>,
    changes: Vec<String>,
    json: bool,
    verbose: bool,
    accept: bool,
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
    /// The figure when it was last accepted.
    recorded: Option<f64>,
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

fn main() -> Result<ExitCode> {
    let args = args()?;
    let mut recorded = read_recorded(Path::new(RECORDED))?;
    let mut compared = Compared::default();
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
            let row = row(case.set, target, recorded.get(target), &score, took_s)?;
            if !args.json {
                println!("{}", line(&row));
            }
            compared.add(&row, recorded.change(target, row.ours));
            recorded.insert(case.set, target, row.ours);
            document.rows.push(row);
        }
        if args.verbose && !args.json {
            details(&score, took_s);
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&document)?);
    }
    if args.accept {
        std::fs::write(RECORDED, recorded.text()).context(RECORDED)?;
        eprintln!("accuracy: recorded {} figures", document.rows.len());
        return Ok(ExitCode::SUCCESS);
    }
    compared.print();
    // Keys that were changed on the command line are an experiment.
    if !args.changes.is_empty() || compared.is_same() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "\nIf this is intended, accept the figures: \
         cargo bench -p wayfix-datasets --bench accuracy -- --accept"
    );
    Ok(if compared.has_failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The recorded figures; none before the first are accepted.
fn read_recorded(path: &Path) -> Result<Recorded> {
    if !path.exists() {
        return Ok(Recorded::default());
    }
    let text = std::fs::read_to_string(path);
    text.map_err(Into::into)
        .and_then(|text| Recorded::parse(&text))
        .with_context(|| path.display().to_string())
}

/// What differs from the recorded figures, one line each.
#[derive(Default)]
struct Compared {
    worse: Vec<String>,
    new: Vec<String>,
    better: Vec<String>,
}

impl Compared {
    fn add(&mut self, row: &Row, change: Change) {
        let lines = match change {
            Change::Same => return,
            Change::Worse => &mut self.worse,
            Change::New => &mut self.new,
            Change::Better => &mut self.better,
        };
        let figure = name(row);
        lines.push(match row.recorded {
            None => format!("    {:40} {figure:40} {:9.4}", row.case, row.ours),
            Some(recorded) => format!(
                "    {:40} {figure:40} {:9.4} recorded {recorded:9.4} {:+6.1} %",
                row.case,
                row.ours,
                100.0 * (row.ours / recorded - 1.0)
            ),
        });
    }

    fn is_same(&self) -> bool {
        !self.has_failed() && self.better.is_empty()
    }

    fn has_failed(&self) -> bool {
        !self.worse.is_empty() || !self.new.is_empty()
    }

    /// On standard error: standard output may be a JSON document.
    fn print(&self) {
        let percent = 100.0 * TOLERANCE;
        for (lines, what) in [
            (
                &self.worse,
                format!("worse than recorded by more than {percent} %"),
            ),
            (&self.new, "not recorded yet".to_owned()),
            (
                &self.better,
                format!("better than recorded by more than {percent} %"),
            ),
        ] {
            if !lines.is_empty() {
                eprintln!("\naccuracy: {what}:\n{}", lines.join("\n"));
            }
        }
    }
}

/// The figure's name with the run that it is of.
fn name(row: &Row) -> String {
    match row.is_smoothed {
        true => format!("smoothed {}", row.figure),
        false => row.figure.to_owned(),
    }
}

fn args() -> Result<Args> {
    let mut parsed = Args {
        dir: wayfix_datasets::sets::data_dir(),
        only: None,
        changes: Vec::new(),
        json: false,
        verbose: false,
        accept: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--only" => parsed.only = args.next(),
            "--set" => parsed.changes.extend(args.next()),
            "--verbose" => parsed.verbose = true,
            "--json" => parsed.json = true,
            "--accept" => parsed.accept = true,
            "--bench" => {}
            option if option.starts_with("--") => bail!("{option} is not an option of this bench"),
            path => parsed.dir = from_root(path),
        }
    }
    if parsed.accept && !parsed.changes.is_empty() {
        bail!("--accept records the figures of the committed vehicle files: leave --set out");
    }
    Ok(parsed)
}

fn row(
    set: &'static str,
    target: &Target,
    recorded: Option<f64>,
    score: &Score,
    took_s: f64,
) -> Result<Row> {
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
        recorded,
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
    let figure = name(row);
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
