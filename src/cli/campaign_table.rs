//! A campaign's results for people, and as CSV.

use std::fmt::Write;

use crate::campaign::{Case, CaseDocument};

/// One line a case.
pub(super) fn list(cases: &[&Case]) -> String {
    let mut text = String::new();
    for case in cases {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{:<24} {} ({})", case.name, case.about, case.scenario);
    }
    text
}

/// A table with one row a case; below it what was reported, and the criteria that are not met.
pub(super) fn text(documents: &[CaseDocument]) -> String {
    let mut text = String::new();
    let _ = write_all(&mut text, documents);
    text
}

fn write_all(to: &mut String, documents: &[CaseDocument]) -> std::fmt::Result {
    writeln!(
        to,
        "{:<24} {:>6} {:>6} {:>6} {:>6} {:>6} {:>5} {:>6} {:>5} {:>5} {:>5} {:>6} {:>5} {:>5}",
        "case",
        "p50 m",
        "p95 m",
        "max m",
        "twin",
        "ratio",
        "NEES",
        "rec. s",
        "jump",
        "in σ",
        "σ x",
        "wrong",
        "> PL%",
        "PL x"
    )?;
    for d in documents {
        row(to, d)?;
    }
    writeln!(
        to,
        "\ntwin: p95 without the fault; ratio: of RMSE; rec.: worst time to recover; σ x: growth of sigma;\n\
         wrong: longest stretch [s] confidently wrong; > PL: epochs above the protection level; PL x: its\n\
         median over the error's p95. A mark says that a criterion is not met (!),\n\
         or known not to be (~).\n"
    )?;
    for d in documents {
        reported(to, d)?;
    }
    let failed = documents.iter().filter(|d| !d.is_met).count();
    let runs: usize = documents.iter().map(|d| d.runs).sum();
    writeln!(
        to,
        "\n{} cases, {runs} runs: {} meet their criteria, {failed} do not",
        documents.len(),
        documents.len() - failed
    )
}

fn row(to: &mut String, d: &CaseDocument) -> std::fmt::Result {
    let mark = match (d.is_met, d.is_as_known) {
        (true, _) => ' ',
        (false, true) => '~',
        (false, false) => '!',
    };
    writeln!(
        to,
        "{mark}{:<23} {:>6.3} {:>6.3} {:>6.2} {:>6.3} {:>6.2} {:>5.2} {:>6.1} {:>5.2} {:>5.1} {:>5.1} {:>6.1} {:>5.1} {:>5.1}",
        d.case,
        d.horizontal.p50_m,
        d.horizontal.p95_m,
        d.horizontal.max_m,
        d.twin_horizontal.p95_m,
        d.error_ratio,
        d.nees,
        d.recovered_s,
        d.jump_m,
        d.jump_sigmas,
        d.sigma_growth,
        d.confidently_wrong_s,
        100.0 * d.exceeded[0].max(d.exceeded[1]),
        d.protection_ratio,
    )
}

fn reported(to: &mut String, d: &CaseDocument) -> std::fmt::Result {
    let told = |told: &[crate::campaign::Told]| {
        let one = |t: &crate::campaign::Told| {
            let of = t.of.map(|of| format!(" {of}")).unwrap_or_default();
            format!("{}{of} ({}/{})", t.condition, t.runs, d.runs)
        };
        told.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let resets: Vec<String> = d.resets.iter().map(|(c, n)| format!("{n} {c}")).collect();
    let mut parts = Vec::new();
    if !d.told.is_empty() {
        parts.push(told(&d.told));
    }
    if !resets.is_empty() {
        parts.push(format!("jumps: {}", resets.join(", ")));
    }
    if !d.twin_told.is_empty() {
        parts.push(format!("without need: {}", told(&d.twin_told)));
    }
    if parts.is_empty() && d.is_met {
        return Ok(());
    }
    writeln!(to, "{}: {}", d.case, parts.join("; "))?;
    for c in d.criteria.iter().filter(|c| !c.is_met) {
        let mark = if c.is_known { '~' } else { '!' };
        writeln!(to, "    {mark} {}: {}", c.what, c.found)?;
    }
    Ok(())
}

/// One row a case.
///
/// # Errors
/// None that a table in memory can have.
pub(super) fn csv(documents: &[CaseDocument]) -> anyhow::Result<String> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "case",
        "scenario",
        "runs",
        "p50_m",
        "p95_m",
        "p99_m",
        "max_m",
        "twin_p95_m",
        "vertical_p95_m",
        "error_ratio",
        "nees",
        "recovered_s",
        "jump_m",
        "jump_sigmas",
        "sigma_growth",
        "confidently_wrong_s",
        "exceeded_horizontal",
        "exceeded_vertical",
        "protection_ratio",
        "is_met",
    ])?;
    for d in documents {
        let vertical = d.vertical.map(|v| v.p95_m.to_string());
        let numbers = [
            d.horizontal.p50_m,
            d.horizontal.p95_m,
            d.horizontal.p99_m,
            d.horizontal.max_m,
            d.twin_horizontal.p95_m,
        ];
        let more = [
            d.error_ratio,
            d.nees,
            d.recovered_s,
            d.jump_m,
            d.jump_sigmas,
            d.sigma_growth,
            d.confidently_wrong_s,
            d.exceeded[0],
            d.exceeded[1],
            d.protection_ratio,
        ];
        let mut row = vec![d.case.to_owned(), d.scenario.to_owned(), d.runs.to_string()];
        row.extend(numbers.map(|x| x.to_string()));
        row.push(vertical.unwrap_or_default());
        row.extend(more.map(|x| x.to_string()));
        row.push(d.is_met.to_string());
        table.write_record(row)?;
    }
    Ok(String::from_utf8(table.into_inner()?)?)
}
