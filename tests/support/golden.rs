//! Golden records: what a replay did, in coarse digits, one fact a line, compared with accepted files.
//!
//! Digits are as coarse as floating-point noise of another machine demands and as fine as a change of
//! behaviour needs to show. Columns have fixed widths, so that a new name leaves all other lines alone.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use similar::TextDiff;
use wayfix::engine::{Finding, Learned, Reset};
use wayfix::output::estimate::mode_name;
use wayfix::output::reports::fate_name;
use wayfix::output::resets::cause_name;
use wayfix::replay::Summary;
use wayfix_filter::Timestamp;

/// Set to accept what differs.
const ACCEPT: &str = "WAYFIX_ACCEPT";
/// Most conditions, and most resets, that are listed; all of them are counted.
const MAX_LISTED: usize = 100;
/// Sigma from which on a heading is unknown [deg]; that of a uniform direction is 104.
const KNOWN_BELOW_DEG: f64 = 90.0;
/// Lines of context around a difference.
const CONTEXT: usize = 2;

/// A folder of accepted records.
pub struct Golden {
    folder: PathBuf,
    /// The command that accepts.
    command: &'static str,
    accept: bool,
    known: BTreeSet<String>,
    /// What differs, and how, as text for people.
    differences: Vec<String>,
}

impl Golden {
    /// The records in a folder; `command` runs the test that compares them.
    pub fn new(folder: impl Into<PathBuf>, command: &'static str) -> Self {
        Self {
            folder: folder.into(),
            command,
            accept: std::env::var_os(ACCEPT).is_some_and(|value| value != "0"),
            known: BTreeSet::new(),
            differences: Vec::new(),
        }
    }

    /// Keeps the file of this name although there is nothing to compare it with today.
    pub fn keep(&mut self, name: &str) {
        self.known.insert(file_name(name));
    }

    /// Compares a record with its file, or writes the file when changes are accepted.
    pub fn check(&mut self, name: &str, record: &str) {
        self.keep(name);
        let path = self.folder.join(file_name(name));
        let accepted = std::fs::read_to_string(&path).ok();
        if accepted.as_deref() == Some(record) {
            return;
        }
        if self.accept {
            std::fs::create_dir_all(&self.folder).unwrap();
            std::fs::write(&path, record).unwrap();
            println!("accepted {}", path.display());
            return;
        }
        self.differences.push(match accepted {
            None => format!("{}: no such file\n", path.display()),
            Some(accepted) => difference(&path, &accepted, record),
        });
    }

    /// Looks for files that belong to nothing any more, and fails when anything differs.
    pub fn finish(mut self) {
        for path in self.leftovers() {
            if self.accept {
                std::fs::remove_file(&path).unwrap();
                println!("removed {}", path.display());
            } else {
                let path = path.display();
                self.differences
                    .push(format!("{path}: nothing writes this file any more\n"));
            }
        }
        for text in &self.differences {
            println!("{text}");
        }
        assert!(
            self.differences.is_empty(),
            "{} golden records differ (see above). If the change is intended: {ACCEPT}=1 {}",
            self.differences.len(),
            self.command
        );
    }

    fn leftovers(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        let is_known = |path: &Path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| self.known.contains(name))
        };
        paths.retain(|path| !is_known(path));
        paths.sort();
        paths
    }
}

/// What a replay did. `about` says what was replayed, in one line or more.
pub fn record(about: &str, summary: &Summary) -> String {
    let mut text = format!("{}\n", about.trim_end());
    let origin = summary.span.map_or(Timestamp(0), |(first, _)| first);
    section(&mut text, "run", [run(summary, origin)]);
    section(&mut text, "final estimate", [at_the_end(summary)]);
    section(&mut text, "against truth", [against_truth(summary)]);
    section(&mut text, "outcomes", [outcomes(summary)]);
    let conditions = summary.findings.iter().map(|f| condition(f, origin));
    let counted = summary.finding_counts.iter();
    let counts = counted.map(|(what, n)| fact(&format!("{} began", what.name()), n));
    section(
        &mut text,
        "conditions",
        [sorted(counts), events(conditions)],
    );
    let resets = summary.resets.iter().map(|r| reset(r, origin));
    let counted = summary.reset_counts.iter();
    let counts = counted.map(|(cause, n)| fact(cause_name(*cause), n));
    section(&mut text, "resets", [sorted(counts), events(resets)]);
    let parameters = sorted(summary.parameters.iter().map(parameter));
    section(&mut text, "learned parameters", [parameters]);
    text
}

fn run(summary: &Summary, origin: Timestamp) -> Vec<String> {
    let started = summary.started.map(|t| tenths(t, origin));
    vec![
        fact("samples", summary.samples),
        fact("span_s", format!("{:.1}", summary.span_s())),
        fact("started_s", started.as_deref().unwrap_or("never")),
    ]
}

fn at_the_end(summary: &Summary) -> Vec<String> {
    let Some(estimate) = &summary.last else {
        return vec!["not initialised".to_owned()];
    };
    let sigma_m = estimate
        .position_covariance
        .diagonal()
        .map(|v| v.max(0.0).sqrt());
    let [x, y, z] = [0, 1, 2].map(|axis| fixed(estimate.p_n[axis], 2));
    let [sx, sy, sz] = [0, 1, 2].map(|axis| significant(sigma_m[axis], 2));
    let yaw_sigma_deg = estimate.yaw_sigma_rad().to_degrees();
    let heading = [angle(estimate.yaw_rad()), significant(yaw_sigma_deg, 2)];
    let [heading_deg, heading_sigma_deg] = if yaw_sigma_deg < KNOWN_BELOW_DEG {
        heading
    } else {
        ["unknown", "-"].map(str::to_owned)
    };
    vec![
        fact("mode", mode_name(estimate.mode)),
        fact("position_m", format!("{x} {y} {z}")),
        fact("position_sigma_m", format!("{sx} {sy} {sz}")),
        fact("heading_deg", heading_deg),
        fact("heading_sigma_deg", heading_sigma_deg),
        fact(
            "horizontal_level_m",
            significant(estimate.protection.horizontal_m, 2),
        ),
        fact(
            "vertical_level_m",
            significant(estimate.protection.vertical_m, 2),
        ),
    ]
}

fn against_truth(summary: &Summary) -> Vec<String> {
    let errors = &summary.errors;
    let number = |value: Option<f64>, digits| {
        value.map_or_else(|| "-".to_owned(), |value| significant(value, digits))
    };
    let deg = |value: Option<f64>| value.map(f64::to_degrees);
    let percent = |share: Option<f64>| share.map_or("-".to_owned(), |s| fixed(100.0 * s, 2));
    vec![
        fact("epochs", errors.horizontal_m.count()),
        fact("epochs before the start", errors.before_start),
        fact("2D rmse_m", number(errors.horizontal_m.rmse(), 3)),
        fact("2D max_m", number(errors.horizontal_m.max(), 3)),
        fact("3D rmse_m", number(errors.position_m.rmse(), 3)),
        fact("heading rmse_deg", number(deg(errors.yaw_rad.rmse()), 3)),
        fact("position NEES", number(errors.position_nees.mean(), 2)),
        fact(
            "above horizontal level_%",
            percent(errors.horizontal_level.above_share()),
        ),
        fact(
            "above vertical level_%",
            percent(errors.vertical_level.above_share()),
        ),
    ]
}

fn outcomes(summary: &Summary) -> Vec<String> {
    let counted = summary.sources.iter().flat_map(|((source, kind), seen)| {
        let name = format!("{source}/{}", kind.name());
        let each = seen.fates.iter();
        each.map(move |(fate, count)| fact(&format!("{name:28} {}", fate_name(*fate)), count))
    });
    sorted(counted)
}

fn condition(finding: &Finding, origin: Timestamp) -> Event {
    let name = |name: &Option<_>| name.map_or("-".to_owned(), |n| format!("{n}"));
    Event {
        t: tenths(finding.t, origin),
        order: finding.t,
        text: format!(
            "{} {:16} {:16} {}",
            if finding.began { "began" } else { "ended" },
            finding.condition.name(),
            name(&finding.source),
            name(&finding.target)
        ),
    }
}

fn reset(reset: &Reset, origin: Timestamp) -> Event {
    let [x, y, z] = [0, 1, 2].map(|axis| fixed(reset.delta_m[axis], 2));
    Event {
        t: tenths(reset.t, origin),
        order: reset.t,
        text: format!(
            "{:16} by {x} {y} {z} m, {} deg",
            cause_name(reset.cause),
            angle(reset.delta_yaw_rad)
        ),
    }
}

/// A value to as many places as the two digits of its sigma have: what lies below says nothing.
fn parameter(learned: &Learned) -> String {
    let sigma = significant(learned.sigma, 2);
    let places = sigma.split_once('.').map_or(0, |(_, places)| places.len());
    let value = fixed(learned.value, places);
    fact(&learned.name, format!("{value} ± {sigma}"))
}

/// Something at a time.
struct Event {
    t: String,
    order: Timestamp,
    text: String,
}

/// Events by time, those of the same time by text.
fn events(events: impl Iterator<Item = Event>) -> Vec<String> {
    let mut all: Vec<Event> = events.collect();
    all.sort_by(|a, b| (a.order, &a.text).cmp(&(b.order, &b.text)));
    let more = all.len().saturating_sub(MAX_LISTED);
    let mut lines: Vec<String> = (all.iter().take(MAX_LISTED))
        .map(|event| format!("{:>8} s  {}", event.t, event.text))
        .collect();
    if more > 0 {
        lines.push(format!("... and {more} more"));
    }
    lines
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

fn section<const N: usize>(to: &mut String, title: &str, parts: [Vec<String>; N]) {
    let lines = parts.concat();
    let _ = writeln!(to, "\n{title}");
    for line in &lines {
        let _ = writeln!(to, "  {}", line.trim_end());
    }
    if lines.is_empty() {
        let _ = writeln!(to, "  none");
    }
}

fn fact(name: &str, value: impl std::fmt::Display) -> String {
    format!("{name:46} {value}")
}

/// Seconds since the first sample, to a tenth, exactly.
fn tenths(t: Timestamp, origin: Timestamp) -> String {
    const TENTH_NS: i64 = 100_000_000;
    let tenths = (t.0 - origin.0 + TENTH_NS / 2).div_euclid(TENTH_NS);
    let sign = if tenths < 0 { "-" } else { "" };
    let tenths = tenths.unsigned_abs();
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// An angle [rad] in degrees, to a tenth; half a turn has one sign.
fn angle(angle_rad: f64) -> String {
    let text = fixed(angle_rad.to_degrees(), 1);
    if text == "-180.0" {
        "180.0".to_owned()
    } else {
        text
    }
}

/// So many places; zero has no sign.
fn fixed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.bytes().all(|b| b == b'0' || b == b'.') => zero.to_owned(),
        _ => text,
    }
}

/// So many significant digits, without an exponent: 0.00123, 12, 1200.
fn significant(value: f64, digits: usize) -> String {
    let rounded = format!("{value:.*e}", digits - 1);
    let Some((_, exponent)) = rounded.split_once('e') else {
        return rounded;
    };
    let exponent: i64 = exponent.parse().unwrap();
    let places = (digits as i64 - 1 - exponent).max(0) as usize;
    fixed(rounded.parse().unwrap(), places)
}

/// The file of a name: small letters and digits, everything else an underscore.
fn file_name(name: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let words = name.split(|c| !is_word(c)).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    format!("{}.txt", words.join("_"))
}

fn difference(path: &Path, accepted: &str, now: &str) -> String {
    let diff = TextDiff::from_lines(accepted, now);
    let path = path.display().to_string();
    diff.unified_diff()
        .context_radius(CONTEXT)
        .header(&format!("{path} (accepted)"), &format!("{path} (now)"))
        .to_string()
}
