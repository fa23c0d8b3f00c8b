//! Sigma of each source by the innovations of replays.

mod keys;

use std::collections::BTreeMap;

use serde_json::json;
use thiserror::Error;
use wayfix_calibration::noise::{Consistency, Innovations, NEEDED, SigmaSearch, consistency};
use wayfix_sensors::{Kind, Name};

use super::drives::{Drive, unwatched};
use super::{File, Fit, KeyPath, Parameter, Report, Verdict};
use crate::config::{Site, Vehicle};
use crate::engine;
use crate::log::Record;
use crate::replay::Sink;

/// Replays at most.
const REPLAYS: usize = 8;
/// Sigmas are only ever changed so much in all, as a factor.
const MOST: f64 = 30.0;
/// A sigma is shown from here on, and weakly from there on, by its relative uncertainty.
const SHOWN: f64 = 0.1;
const WEAKLY: f64 = 0.3;
const ADVICE: &str = "record a longer drive on which the source is used along with others";

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// These sources only; empty: all.
    pub sources: Vec<String>,
    /// Take the sigma of the white part even where most of the error lasts.
    pub takes_white: bool,
}

/// A log that shows no noise.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CalibrateError {
    /// The two files don't work together.
    #[error("the two files: {0}")]
    Setup(String),
    /// More than one drive.
    #[error(transparent)]
    NoWay(#[from] super::NoWay),
    /// No innovations.
    #[error(
        "no source of the log corrects the estimate often enough, {NEEDED} times at least are \
         needed (it has {has}): record a minute or more, on which two absolute sources or one and the \
         odometry see the motion"
    )]
    TooFew {
        /// What is there.
        has: String,
    },
}

/// An innovation and the next one of the same target are alike from this correlation on.
const LASTING: f64 = 0.2;
/// From here on most of the error lasts, and the white part alone would mislead.
const LASTS_MOSTLY: f64 = 0.5;
/// The estimate is overconfident where its mean NEES is this many times its dimension.
const OVERCONFIDENT: f64 = 2.0;

/// A source and a kind of its readings.
type Group = (Name, Kind);

/// What a replay showed.
#[derive(Clone, Debug, Default)]
struct Shown {
    groups: BTreeMap<Group, Consistency>,
    /// Correlation of an innovation with the next one of its target.
    lasting: BTreeMap<Group, f64>,
    /// Horizontal error \[m\] and NEES over its dimension, where the log has truth: judged, never used.
    truth: Option<(f64, f64)>,
}

/// Finds the sigmas of all sources at once.
///
/// # Errors
/// A log without innovations.
pub fn calibrate(
    site: &Site,
    vehicle: &Vehicle,
    log: &Drive,
    request: &Request,
) -> Result<Report, CalibrateError> {
    log.single()?;
    let wanted =
        |name: &str| request.sources.is_empty() || request.sources.iter().any(|s| s == name);
    let groups = groups(vehicle, log, wanted);
    let mut searches: BTreeMap<Group, SigmaSearch> = BTreeMap::new();
    let mut factors: BTreeMap<Group, f64> = groups.keys().map(|group| (*group, 1.0)).collect();
    let mut first: Option<Shown> = None;
    // The replay that was nearest to consistent as a whole: sigmas are judged together.
    let mut best: Option<(f64, BTreeMap<Group, f64>, Shown)> = None;
    let mut replays = 0;
    for _ in 0..REPLAYS {
        let found = replay(site, vehicle, log, &groups, &factors)?;
        replays += 1;
        if found.groups.is_empty() {
            break;
        }
        first.get_or_insert_with(|| found.clone());
        let known = |group: &&Group| groups.get(group).is_some_and(|keys| !keys.is_empty());
        let of_known = found.groups.iter().filter(|(group, _)| known(group));
        let off = of_known
            .map(|(_, c)| c.ratio.ln().abs())
            .fold(0.0, f64::max);
        if best.as_ref().is_none_or(|(least, ..)| off < *least) {
            best = Some((off, factors.clone(), found.clone()));
        }
        let mut is_done = true;
        for (group, factor) in &mut factors {
            let Some(c) = found.groups.get(group).filter(|_| known(&group)) else {
                continue;
            };
            let search = searches.entry(*group).or_default();
            search.take(*factor, c.ratio);
            is_done &= search.is_close() || !search.is_shown();
            *factor = search.next().clamp(1.0 / MOST, MOST);
        }
        if is_done {
            break;
        }
    }
    let (Some(first), Some((_, factors, last))) = (first, best) else {
        return Err(CalibrateError::TooFew {
            has: log.heard.to_string(),
        });
    };
    let found = Found {
        takes_white: request.takes_white,
        groups: &groups,
        searches: &searches,
        factors: &factors,
        first: &first,
        last: &last,
        replays,
    };
    Ok(found.report(vehicle))
}

/// The sources that correct an estimate, and the keys of their sigmas that the log's readings use.
fn groups(
    vehicle: &Vehicle,
    log: &Drive,
    wanted: impl Fn(&str) -> bool,
) -> BTreeMap<Group, Vec<&'static str>> {
    let mut groups: BTreeMap<Group, Vec<&'static str>> = BTreeMap::new();
    for record in &log.records {
        let Record::Sample(sample) = record else {
            continue;
        };
        let Some(config) = vehicle.sources.get(sample.source.as_str()) else {
            continue;
        };
        if !wanted(&sample.source) || !keys::corrects(config, &sample.reading) {
            continue;
        }
        let of_group = groups
            .entry((sample.source, sample.reading.kind()))
            .or_default();
        for key in keys::of(config, &sample.reading) {
            if !of_group.contains(key) && keys::value(config, key).is_some_and(|v| v > 0.0) {
                of_group.push(key);
            }
        }
    }
    groups
}

/// Consistency of each group with these factors on its sigmas.
fn replay(
    site: &Site,
    vehicle: &Vehicle,
    log: &Drive,
    groups: &BTreeMap<Group, Vec<&'static str>>,
    factors: &BTreeMap<Group, f64>,
) -> Result<Shown, CalibrateError> {
    let mut tried = vehicle.clone();
    for ((name, kind), keys) in groups {
        let factor = factors.get(&(*name, *kind)).copied().unwrap_or(1.0);
        if let Some(source) = tried.sources.get_mut(name.as_str()) {
            keys.iter().for_each(|key| keys::scale(source, key, factor));
        }
    }
    let setup = |error: engine::SetupError| CalibrateError::Setup(error.to_string());
    let mut replay = unwatched(site, &tried, 1.0).map_err(setup)?;
    let mut collected = Collected::default();
    for record in &log.records {
        replay.feed(record, &mut collected);
    }
    let errors = replay.finish(&mut collected).errors;
    let nees = errors.position_nees.mean();
    let truth = errors.horizontal_m.rmse().zip(nees);
    let asked = |group: &Group| groups.contains_key(group);
    let lasting = collected.pairs.iter().filter(|(group, _)| asked(group));
    let judged = collected.rows.iter().filter(|(group, _)| asked(group));
    Ok(Shown {
        groups: judged
            .filter_map(|(group, rows)| Some((*group, consistency(rows)?)))
            .collect(),
        lasting: lasting
            .map(|(group, (products, squares))| (*group, products / squares.max(1e-12)))
            .collect(),
        truth: truth.map(|(rms_m, nees)| (rms_m, nees / errors.nees_dimension.max(1) as f64)),
    })
}

/// Innovations of a replay.
#[derive(Default)]
struct Collected {
    rows: BTreeMap<Group, Innovations>,
    /// Sums of products of one innovation with the next, and of squares.
    pairs: BTreeMap<Group, (f64, f64)>,
    before: BTreeMap<(Group, Option<Name>), f64>,
}

impl Sink for Collected {
    fn report(&mut self, report: &engine::Report) {
        let Some(update) = report.update.filter(|update| update.nis.is_finite()) else {
            return;
        };
        let group = (report.source, report.kind);
        let rows = &mut self.rows.entry(group).or_default().rows;
        rows.push((update.nis, update.dimension, update.gate));
        if update.nis < update.gate && update.sigma[0] > 0.0 {
            let now = update.residual[0] / update.sigma[0];
            if let Some(before) = self.before.insert((group, report.target), now) {
                let (products, squares) = self.pairs.entry(group).or_default();
                *products += before * now;
                *squares += 0.5 * (before * before + now * now);
            }
        }
    }
}

struct Found<'a> {
    takes_white: bool,
    groups: &'a BTreeMap<Group, Vec<&'static str>>,
    searches: &'a BTreeMap<Group, SigmaSearch>,
    factors: &'a BTreeMap<Group, f64>,
    first: &'a Shown,
    last: &'a Shown,
    replays: usize,
}

impl Found<'_> {
    fn report(&self, vehicle: &Vehicle) -> Report {
        let mut parameters = Vec::new();
        let mut warnings = Vec::new();
        let mut judged = Vec::new();
        let mut fits = Vec::new();
        for (group, keys) in self.groups {
            let (name, kind) = group;
            let label = format!("source.{name} {}", kind.name());
            let Some(last) = self.last.groups.get(group) else {
                warnings.push(format!(
                    "{label}: fewer than {NEEDED} corrections, its sigma stays as it is"
                ));
                continue;
            };
            if keys.is_empty() {
                warnings.push(format!(
                    "{label}: its samples state their own sigmas, which are {:.2} times what they should be",
                    1.0 / last.ratio.sqrt()
                ));
            }
            judged.push(json!({
                "source": name.as_str(), "kind": kind.name(), "count": last.count,
                "nis_ratio": last.ratio, "mean_nis_per_dimension": last.mean_nis,
                "wild_share": last.wild_share,
            }));
            if let Some(first) = self.first.groups.get(group) {
                fits.push(Fit {
                    name: format!("{label}, NIS over its dimension"),
                    unit: "",
                    rms: last.mean_nis,
                    rms_before: Some(first.mean_nis),
                    count: Some(last.count),
                });
            }
            if last.wild_share > 1e-3 {
                let share = 100.0 * last.wild_share;
                warnings.push(format!("{label}: {share:.1} % are wild, and don't count"));
            }
            let most = self.lasting(group);
            if most > LASTING {
                warnings.push(format!(
                    "{label}: errors last (one innovation and the next of the same target correlate by \
                     {most:.2}); the sigma is that of their white part, and an estimate that takes the rest \
                     for new each time is overconfident: describe it by drift_sigma_ and drift_time_s, or \
                     keep the sigma larger"
                ));
            }
            if self.is_kept(group) {
                let factor = self.factors.get(group).copied().unwrap_or(1.0);
                warnings.push(format!(
                    "{label}: most of the error lasts, so its sigma is kept; {factor:.3} times it would be the \
                     white part (--white)"
                ));
            }
            parameters.extend(
                keys.iter()
                    .filter_map(|key| self.parameter(vehicle, group, key, last)),
            );
        }
        if let (Some((before_m, nees_before)), Some((after_m, nees))) =
            (self.first.truth, self.last.truth)
        {
            let fit = |name: &str, unit, rms, before| Fit {
                name: name.to_owned(),
                unit,
                rms,
                rms_before: Some(before),
                count: None,
            };
            fits.push(fit(
                "horizontal error against truth",
                "m",
                after_m,
                before_m,
            ));
            fits.push(fit(
                "position NEES over its dimension",
                "",
                nees,
                nees_before,
            ));
            if nees > OVERCONFIDENT {
                warnings.push(format!(
                    "against truth the estimate is overconfident with these sigmas (NEES {nees:.1} times its \
                     dimension, {nees_before:.1} before): its errors last, and innovations alone don't show it"
                ));
            }
        }
        Report {
            what: "noise",
            headline: format!(
                "{} kinds of readings, {} replays",
                self.last.groups.len(),
                self.replays
            ),
            parameters,
            least_apart: None,
            fits,
            warnings,
            details: [("consistency".to_owned(), json!(judged))]
                .into_iter()
                .collect(),
            more: Vec::new(),
            plots: Vec::new(),
        }
    }

    /// How much an innovation is like the next one.
    fn lasting(&self, group: &Group) -> f64 {
        let of = |shown: &Shown| shown.lasting.get(group).copied().unwrap_or(0.0);
        of(self.first).max(of(self.last))
    }

    /// Whether the white part alone would mislead.
    fn is_kept(&self, group: &Group) -> bool {
        !self.takes_white && self.lasting(group) > LASTS_MOSTLY
    }

    fn parameter(
        &self,
        vehicle: &Vehicle,
        group: &Group,
        key: &'static str,
        last: &Consistency,
    ) -> Option<Parameter> {
        let source = vehicle.sources.get(group.0.as_str())?;
        let before = keys::value(source, key)?;
        let search = self.searches.get(group)?;
        let factor = self.factors.get(group).copied().unwrap_or(1.0);
        // How uncertain NIS leaves the sigma, by how NIS follows it.
        let slope = search.slope().map_or(1.0, f64::abs).clamp(0.1, 1.0);
        let relative = 0.5 * (last.ratio_sigma.max(last.ratio.ln().abs())) / slope;
        let verdict = match relative {
            _ if !search.is_shown() || self.is_kept(group) => Verdict::NotShown,
            relative if relative < SHOWN => Verdict::Shown,
            relative if relative < WEAKLY => Verdict::WeaklyShown,
            _ => Verdict::NotShown,
        };
        let value = match verdict {
            Verdict::NotShown => before,
            _ => before * factor,
        };
        Some(Parameter {
            file: Some(File::Vehicle),
            key: KeyPath::of_source(&group.0, key),
            unit: keys::unit(key),
            value,
            sigma: (relative * value).max(1e-3 * value),
            before: Some(before),
            verdict,
            advice: (verdict != Verdict::Shown).then(|| ADVICE.to_owned()),
            whole: super::two_files::Whole::Number,
        })
    }
}
