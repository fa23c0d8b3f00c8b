//! `wayfix convert`: between the two forms of a log, and from foreign recordings to either.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;
use wayfix_sensors::Name;

use crate::log::import::Recording;
use crate::log::import::csv::{ColumnMap, CsvFile};
use crate::log::import::nmea::NmeaFile;
use crate::log::import::ros2::{Ros2File, Topics};
use crate::log::{self, Record};

/// Convert a log or a foreign recording to a log (.mcap or .jsonl).
///
/// INPUT is a log (.mcap, .jsonl), a ROS 2 bag (.mcap), NMEA 0183 (.nmea), or CSV with --map. Damaged input is read as
/// far as it goes; what was left out is reported. Fails when nothing could be read.
#[derive(Debug, Args)]
pub struct Convert {
    /// What to read.
    input: PathBuf,
    /// The log to write; its extension says which form.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Column map (TOML) by which to read INPUT as CSV.
    #[arg(long, value_name = "MAP.toml")]
    map: Option<PathBuf>,
    /// Name of the source, for recordings that name none [NMEA default: gnss].
    #[arg(long, value_name = "NAME", value_parser = name)]
    source: Option<Name>,
    /// Source that a topic of ROS 2 becomes [default: its name, with `_` for inner slashes]; others are
    /// left out then. May be given more than once.
    #[arg(long = "topic", value_name = "TOPIC=NAME", value_parser = topic)]
    topics: Vec<(String, Name)>,
    /// Topic of ROS 2 whose poses are truth.
    #[arg(long, value_name = "TOPIC")]
    truth: Option<String>,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

fn name(text: &str) -> Result<Name, String> {
    Name::from(text).map_err(|_| "more than 48 bytes".to_owned())
}

fn topic(text: &str) -> Result<(String, Name), String> {
    let (topic, source) = (text.split_once('='))
        .filter(|(topic, source)| !topic.is_empty() && !source.is_empty())
        .ok_or("expected TOPIC=NAME, such as /imu/data=imu")?;
    Ok((topic.to_owned(), name(source)?))
}

/// What was converted.
#[derive(Debug, Default, Serialize)]
struct Summary {
    records: u64,
    /// Records by topic: `SOURCE/KIND`, `truth`.
    topics: BTreeMap<String, u64>,
    first_t_ns: i64,
    last_t_ns: i64,
    /// Places that could not be read, and descriptions of the first of them.
    damaged: u64,
    damage: Vec<String>,
    /// Messages in good order that Wayfix has no use for.
    ignored: u64,
}

impl Convert {
    /// Converts, and prints what was done.
    ///
    /// # Errors
    /// Files can't be read or written, the map is wrong, or nothing was read.
    pub fn run(self) -> anyhow::Result<std::process::ExitCode> {
        if same_file(&self.input, &self.output) {
            bail!("{} can't be converted onto itself", self.input.display());
        }
        // Before the work, not after it.
        log::Form::of(&self.output)?;
        let mut recording = self.open()?;
        let summary = self.copy(&mut *recording)?;
        if self.json {
            println!("{}", serde_json::to_string(&summary)?);
        } else {
            self.print(&summary);
        }
        if summary.records == 0 {
            bail!(
                "nothing was read from {}, and nothing written",
                self.input.display()
            );
        }
        Ok(std::process::ExitCode::SUCCESS)
    }

    /// An option that INPUT has no use for would be lost without a word.
    fn heed(&self, extension: &str) -> anyhow::Result<()> {
        let input = self.input.display();
        let is_bag = self.map.is_none() && extension == "mcap";
        if !is_bag && (self.truth.is_some() || !self.topics.is_empty()) {
            bail!("{input}: --topic and --truth name topics of a ROS 2 bag (.mcap)");
        }
        if self.map.is_none() && self.source.is_some() && ["mcap", "jsonl"].contains(&extension) {
            bail!(
                "{input}: --source names what NMEA or CSV does not; a log or a bag names its own"
            );
        }
        Ok(())
    }

    fn open(&self) -> anyhow::Result<Box<dyn Recording>> {
        let input = &self.input;
        let extension = input.extension().unwrap_or_default().to_ascii_lowercase();
        let extension = extension.to_str().unwrap_or_default();
        self.heed(extension)?;
        if let Some(path) = &self.map {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot open {}", path.display()))?;
            let map = ColumnMap::parse(&text).with_context(|| path.display().to_string())?;
            return Ok(Box::new(CsvFile::open(input, &map, self.source)?));
        }
        Ok(match extension {
            "mcap" => {
                let topics = Topics {
                    sources: self.topics.iter().cloned().collect(),
                    truth: self.truth.clone(),
                };
                Box::new(Ros2File::open(input, topics)?)
            }
            "jsonl" => Box::new(log::open(input)?),
            "nmea" | "nma" => {
                let source = self
                    .source
                    .map_or_else(|| name("gnss"), Ok)
                    .map_err(anyhow::Error::msg)?;
                Box::new(NmeaFile::open(input, source)?)
            }
            "csv" | "tsv" => bail!(
                "{}: CSV needs a column map (--map MAP.toml)",
                input.display()
            ),
            _ => bail!(
                "{}: expected .mcap, .jsonl or .nmea, or --map for CSV",
                input.display()
            ),
        })
    }

    fn copy(&self, recording: &mut dyn Recording) -> anyhow::Result<Summary> {
        let mut summary = Summary::default();
        let progress = Progress::new();
        let mut output = None;
        while let Some(record) = recording.next() {
            let record = record.with_context(|| self.input.display().to_string())?;
            // Not before there is something to write, so that a bad input replaces no good output.
            let writer = match &mut output {
                Some(writer) => writer,
                none => none.insert(log::create(&self.output, recording.attachments())?),
            };
            writer
                .write(&record)
                .with_context(|| self.output.display().to_string())?;
            summary.count(&record);
            if summary.records.is_multiple_of(1 << 16) {
                progress.show(recording.progress());
            }
        }
        progress.clear();
        if let Some(writer) = output {
            writer
                .finish()
                .with_context(|| self.output.display().to_string())?;
        }
        let damage = recording.damage();
        summary.damaged = damage.count;
        summary.damage.clone_from(&damage.notes);
        summary.ignored = damage.ignored;
        Ok(summary)
    }

    fn print(&self, summary: &Summary) {
        println!("{} -> {}", self.input.display(), self.output.display());
        for (topic, count) in &summary.topics {
            println!("{count:>12}  {topic}");
        }
        let span_s = summary.last_t_ns.saturating_sub(summary.first_t_ns) as f64 * 1e-9;
        println!("{:>12}  records over {span_s:.3} s", summary.records);
        if summary.ignored > 0 {
            println!(
                "{:>12}  messages of no use to wayfix left out",
                summary.ignored
            );
        }
        if summary.damaged > 0 {
            println!("{:>12}  damaged places left out:", summary.damaged);
            for note in &summary.damage {
                println!("              {note}");
            }
            if summary.damaged > summary.damage.len() as u64 {
                println!("              ...");
            }
        }
    }
}

impl Summary {
    fn count(&mut self, record: &Record) {
        let (t, topic) = match record {
            Record::Sample(sample) => (
                sample.t,
                format!("{}/{}", sample.source, sample.reading.kind().name()),
            ),
            Record::Truth(truth) => (truth.t, "truth".to_owned()),
        };
        let is_first = self.records == 0;
        self.first_t_ns = if is_first {
            t.0
        } else {
            self.first_t_ns.min(t.0)
        };
        self.last_t_ns = if is_first {
            t.0
        } else {
            self.last_t_ns.max(t.0)
        };
        self.records += 1;
        *self.topics.entry(topic).or_default() += 1;
    }
}

/// A percentage on the terminal, where there is one.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self {
            is_shown: std::io::stderr().is_terminal(),
        }
    }

    fn show(&self, (read, total): (u64, u64)) {
        if self.is_shown {
            eprint!("\r{:3} %", read * 100 / total.max(1));
        }
    }

    fn clear(&self) {
        if self.is_shown {
            eprint!("\r     \r");
        }
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
