//! What `--rerun` draws, read back from the file: as much as there was, in the colours of the verdicts.
//! What the viewer makes of it is tried in CI (`scripts/check_rerun.py`).

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use rerun::components::{Color, LineStrip3D};
use rerun::external::re_log_encoding::DecoderApp;
use rerun::log::{Chunk, LogMsg};
use support::{Scratch, wayfix};
use wayfix::engine::{Estimate, Fate, Report, Reset};
use wayfix::evaluate::Comparison;
use wayfix::log::Record;
use wayfix::output::drawing::Target;
use wayfix::output::rerun::{Ending, Haste, Rerun, Scene};
use wayfix::replay::{Replay, Sink, merge};
use wayfix::sim::scenario::find;
use wayfix::sim::{Simulation, simulate};
use wayfix_filter::Timestamp;
use wayfix_sensors::Kind;

/// Red, as refused measurements are.
const REFUSED: u32 = 0xf03c_3cff;

/// What a replay produced besides its drawing.
#[derive(Default)]
struct Produced {
    estimates: Vec<Estimate>,
    /// Reports since the first estimate.
    reports: Vec<Report>,
    resets: Vec<Reset>,
    comparisons: usize,
}

impl Sink for Produced {
    fn estimate(&mut self, estimate: &Estimate) {
        self.estimates.push(*estimate);
    }

    fn report(&mut self, report: &Report) {
        if !self.estimates.is_empty() {
            self.reports.push(*report);
        }
    }

    fn reset(&mut self, reset: &Reset) {
        self.resets.push(*reset);
    }

    fn comparison(&mut self, _: &Comparison) {
        self.comparisons += 1;
    }
}

fn scene(simulation: &Simulation) -> Scene<'_> {
    Scene {
        site: &simulation.site,
        vehicle: &simulation.vehicle,
        plans: Vec::new(),
        map: false,
    }
}

fn drawn(simulation: &Simulation, target: &Target, haste: Haste) -> (Produced, Ending) {
    let (site, vehicle) = (&simulation.site, &simulation.vehicle);
    let mut replay = Replay::new(site, vehicle, 20.0).unwrap();
    let mut produced = Produced::default();
    let mut rerun = Rerun::begin(target, haste, scene(simulation)).unwrap();
    let ending = rerun.ending();
    let samples = simulation.samples().map(Record::Sample);
    for record in merge(samples, Some(simulation.truth.iter().copied())) {
        replay.feed(&record, &mut (&mut produced, &mut rerun));
    }
    replay.finish(&mut (&mut produced, &mut rerun));
    drop(rerun);
    (produced, ending)
}

/// A recording, by entity.
struct Recording {
    chunks: BTreeMap<String, Vec<Chunk>>,
    layouts: usize,
}

impl Recording {
    fn read(path: &Path) -> Self {
        let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let mut read = Self {
            chunks: BTreeMap::new(),
            layouts: 0,
        };
        for message in DecoderApp::decode_eager(file).unwrap() {
            match message.unwrap() {
                LogMsg::ArrowMsg(store, message) if store.is_recording() => {
                    let chunk = Chunk::from_arrow_msg(&message).unwrap();
                    let entity = chunk.entity_path().to_string();
                    read.chunks.entry(entity).or_default().push(chunk);
                }
                LogMsg::BlueprintActivationCommand(_) => read.layouts += 1,
                _ => {}
            }
        }
        read
    }

    fn of(&self, entity: &str) -> &[Chunk] {
        (self.chunks.get(entity)).unwrap_or_else(|| panic!("no {entity}: {:?}", self.chunks.keys()))
    }

    /// Rows that are not of all times.
    fn rows(&self, entity: &str) -> usize {
        let timed = self.of(entity).iter().filter(|chunk| !chunk.is_static());
        timed.map(Chunk::num_rows).sum()
    }

    /// Rows of this colour.
    fn rows_in(&self, entity: &str, component: &'static str, colour: u32) -> usize {
        let colours = self.of(entity).iter().filter(|chunk| !chunk.is_static());
        colours
            .flat_map(|chunk| chunk.iter_slices::<u32>(component.into()))
            .filter(|row| row.first() == Some(&colour))
            .count()
    }

    /// Pieces of a track, in the order of time.
    fn pieces(&self, entity: &str) -> Vec<LineStrip3D> {
        let mut pieces: Vec<(i64, LineStrip3D)> = Vec::new();
        for chunk in self.of(entity) {
            let times = chunk.timelines()[&"engine_time".into()].times_raw();
            let strips = chunk.iter_component::<LineStrip3D>("LineStrips3D:strips".into());
            for (t, strip) in times.iter().zip(strips) {
                pieces.extend(strip.as_slice().iter().map(|strip| (*t, strip.clone())));
            }
        }
        pieces.sort_by_key(|(t, _)| *t);
        pieces.into_iter().map(|(_, piece)| piece).collect()
    }
}

fn is_refused(fate: Fate) -> bool {
    !fate.is_used() && !matches!(fate, Fate::Waiting | Fate::Thinned)
}

#[test]
fn draws_as_much_as_there_was() {
    let scratch = Scratch::new("rerun");
    let path = scratch.0.join("out.rrd");
    let simulation = simulate(find("nlos_shelves").unwrap(), 1, Some(90.0)).unwrap();
    let (produced, ending) = drawn(&simulation, &Target::File(path.clone()), Haste::Wait);
    assert_eq!((ending.lost(), ending.failure()), (0, None));
    let recording = Recording::read(&path);

    // The track has a point an estimate; pieces begin where the one before ended.
    let pieces = recording.pieces("/trail/estimate");
    let points: usize = pieces.iter().map(|piece| piece.0.len()).sum();
    let joints = pieces
        .windows(2)
        .filter(|two| two[0].0.last() == two[1].0.first());
    assert_eq!(points - joints.count(), produced.estimates.len());
    assert_eq!(recording.rows("/vehicle"), produced.estimates.len());
    assert_eq!(
        recording.rows("/estimate/ellipse_3_sigma"),
        produced.estimates.len()
    );

    // Every range is a ray, and those are red that were refused.
    let ranges: Vec<_> = (produced.reports.iter())
        .filter(|r| r.kind == Kind::Range)
        .collect();
    let refused = ranges.iter().filter(|r| is_refused(r.fate)).count();
    assert!(
        refused > 10 && refused < ranges.len() / 2,
        "{refused} of {}",
        ranges.len()
    );
    let rays = "/measurements/uwb/range";
    assert_eq!(recording.rows(rays), ranges.len());
    assert_eq!(
        recording.rows_in(rays, "LineStrips3D:colors", REFUSED),
        refused
    );
    let innovations = "/innovation/uwb/range";
    assert!(recording.rows_in(innovations, "SeriesPoints:colors", REFUSED) >= refused);

    assert!(!produced.resets.is_empty());
    assert_eq!(recording.rows("/resets"), produced.resets.len());
    assert_eq!(recording.rows("/log/reset"), produced.resets.len());
    // Of refusals in a row the first is told, and then their number.
    let told = recording.rows("/log/refused");
    assert!(
        told > 0 && told < refused / 2,
        "{told} lines for {refused} refusals"
    );
    // Ten errors a second, though truth may be denser.
    assert!(recording.rows("/accuracy/error") > 600 && produced.comparisons > 1_000);
    assert!(recording.rows("/trail/truth") > 100);
    for entity in ["/site/anchors", "/vehicle/box", "/vehicle/sensors/uwb"] {
        assert!(
            recording.of(entity).iter().all(Chunk::is_static),
            "{entity}"
        );
    }
    for entity in [
        "/nis/uwb/range/gate",
        "/rate/imu",
        "/mode",
        "/parameters/range_bias_m/uwb[A1]",
    ] {
        assert!(
            recording
                .chunks
                .keys()
                .any(|k| k.replace('\\', "") == entity),
            "{entity}"
        );
    }
    assert!(recording.layouts >= 1);
}

#[test]
fn one_timeline_a_clock() {
    let scratch = Scratch::new("rerun-clocks");
    let path = scratch.0.join("out.rrd");
    let simulation = simulate(find("tag_only").unwrap(), 1, Some(10.0)).unwrap();
    let target = Target::File(path.clone());
    let mut rerun = Rerun::begin(&target, Haste::Wait, scene(&simulation)).unwrap();
    let (produced, _) = drawn(
        &simulation,
        &Target::File(scratch.0.join("other.rrd")),
        Haste::Wait,
    );
    let arrived = Timestamp(1_700_000_000_000_000_000);
    let sample = simulation.samples().last().unwrap();
    rerun.estimate(produced.estimates.last().unwrap());
    rerun.sample(&sample, Some(arrived));
    rerun.report(produced.reports.last().unwrap());
    drop(rerun);
    let timelines = |path: &Path, entity: &str| -> Vec<String> {
        let recording = Recording::read(path);
        let chunk = recording.of(entity).iter().find(|chunk| !chunk.is_static());
        let mut names: Vec<_> = (chunk.unwrap().timelines().keys())
            .map(ToString::to_string)
            .collect();
        names.sort();
        names
    };
    let entity = "/measurements/uwb/range";
    assert_eq!(timelines(&path, entity), ["engine_time", "received"]);
    assert_eq!(
        timelines(&scratch.0.join("other.rrd"), entity),
        ["engine_time"]
    );
}

#[test]
fn an_absent_viewer_holds_nobody_up() {
    let simulation = simulate(find("tag_only").unwrap(), 1, Some(10.0)).unwrap();
    // Nobody has the port of a listener that is gone.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let target = Target::Viewer(format!("127.0.0.1:{port}"));
    let (produced, _) = drawn(&simulation, &target, Haste::Drop);
    let mut rerun = Rerun::begin(&target, Haste::Drop, scene(&simulation)).unwrap();
    let ending = rerun.ending();
    let mut told = 0_u64;
    let began = std::time::Instant::now();
    let mut longest_s = 0.0_f64;
    while ending.lost() == 0 && told < 50_000_000 {
        let before = std::time::Instant::now();
        rerun.estimate(&produced.estimates[0]);
        longest_s = longest_s.max(before.elapsed().as_secs_f64());
        told += 1;
    }
    assert!(ending.lost() > 0, "{told} estimates and none dropped");
    assert!(longest_s < 1.0, "one waited {longest_s} s");
    drop(rerun);
    assert!(ending.failure().is_some());
    assert!(began.elapsed().as_secs() < 60);
}

#[test]
fn the_program_draws_where_it_is_told() {
    let scratch = Scratch::new("rerun-cli");
    let simulated = [
        "simulate",
        "--scenario",
        "tag_only",
        "--duration",
        "10",
        "-o",
        "run",
    ];
    assert_eq!(wayfix(&scratch, &simulated).code, 0);
    let replay = |to: &str| {
        wayfix(
            &scratch,
            &["replay", "run/log.mcap", "--quiet", "--rerun", to],
        )
    };
    let run = replay("out.rrd");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let colours = Recording::read(&scratch.0.join("out.rrd"));
    assert!(colours.rows("/vehicle") > 100);
    let wrong = replay("out.png");
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains(".rrd, connect"), "{}", wrong.stderr);
    let nowhere = replay("no/such/folder/out.rrd");
    assert_eq!(nowhere.code, 2);
    assert!(
        nowhere.stderr.contains("no/such/folder/out.rrd"),
        "{}",
        nowhere.stderr
    );
    assert_eq!(Color::from_rgb(240, 60, 60).0.0, REFUSED);
}

#[test]
fn floor_plans_are_drawn_and_damaged_ones_told() {
    let scratch = Scratch::new("rerun-plan");
    let simulated = [
        "simulate",
        "--scenario",
        "nlos_shelves",
        "--duration",
        "5",
        "-o",
        "run",
    ];
    assert_eq!(wayfix(&scratch, &simulated).code, 0);
    let run = |name: &str| scratch.0.join("run").join(name);
    let hall = include_bytes!("support/hall.png");
    std::fs::write(run("hall.png"), hall).unwrap();
    std::fs::write(run("half.png"), &hall[..hall.len() / 2]).unwrap();
    let site = std::fs::read_to_string(run("site.toml")).unwrap();
    let map = include_str!("support/hall.toml");
    let site = site.replace("map = []\n", "") + map + &map.replace("hall.png", "half.png");
    std::fs::write(run("mapped.toml"), site).unwrap();
    let replay = [
        "replay",
        "run/log.mcap",
        "--site",
        "run/mapped.toml",
        "--quiet",
        "--rerun",
        "out.rrd",
    ];
    let replayed = wayfix(&scratch, &replay);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    let told = &replayed.stderr;
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(
        told.contains("--rerun: the map half.png is damaged"),
        "{told}"
    );
    let recording = Recording::read(&scratch.0.join("out.rrd"));
    let plans: Vec<_> = (recording.chunks.keys())
        .filter(|entity| entity.starts_with("/site/plan/"))
        .map(|entity| entity.replace('\\', ""))
        .collect();
    assert_eq!(plans, ["/site/plan/hall.png"]);
}
