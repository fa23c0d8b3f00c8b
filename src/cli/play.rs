//! `wayfix play`: a recorded log as a device would have sent it.

use std::io::{self, BufWriter, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use wayfix_filter::Timestamp;

use crate::log::{self, Record};

/// Whoever is to listen may start a little later.
const PATIENCE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_millis(100);
/// Shorter waits are left for the next record.
const SHORTEST_WAIT_S: f64 = 1e-3;

/// Play a log (.mcap, .jsonl) as JSON Lines at the pace at which it was recorded, or faster: for a
/// source of `wayfix run` with `adapter = "json_lines"`, `tcp_listen = "HOST:PORT"` and
/// `clock = "synchronised"`. Truth is left out.
#[derive(Debug, Args)]
pub struct Play {
    /// What was recorded.
    log: PathBuf,
    /// Where to: tcp:HOST:PORT, or - for the standard output.
    #[arg(long, value_name = "WHERE")]
    to: Target,
    /// So many times as fast as it was recorded; 0: as fast as it goes.
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
}

#[derive(Clone, Debug)]
enum Target {
    Tcp(String),
    Output,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("tcp:") {
            Some(address) if address.contains(':') => Ok(Self::Tcp(address.to_owned())),
            None if text == "-" => Ok(Self::Output),
            _ => Err("expected tcp:HOST:PORT or -".to_owned()),
        }
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(times) if times >= 0.0 && times.is_finite() => Ok(times),
        _ => Err("expected a number of at least 0".to_owned()),
    }
}

impl Play {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let reader = log::open(&self.log)?;
        let mut to: Box<dyn Write> = match &self.to {
            Target::Tcp(address) => Box::new(connect(address)?),
            Target::Output => Box::new(io::stdout().lock()),
        };
        let mut lines = BufWriter::with_capacity(64 << 10, &mut to);
        // Rule 13's exception: pace is for whoever listens.
        let begun = Instant::now();
        let mut first = None;
        let mut newest = Timestamp(i64::MIN);
        for record in reader {
            let record = record.with_context(|| self.log.display().to_string())?;
            let Record::Sample(sample) = record else {
                continue;
            };
            newest = newest.max(sample.t);
            let first = *first.get_or_insert(sample.t);
            if self.speed > 0.0 {
                let due_s = newest.seconds_since(first) / self.speed;
                let wait_s = due_s - begun.elapsed().as_secs_f64();
                if wait_s > SHORTEST_WAIT_S {
                    lines.flush()?;
                    std::thread::sleep(Duration::from_secs_f64(wait_s));
                }
            }
            serde_json::to_writer(&mut lines, &sample)?;
            lines
                .write_all(b"\n")
                .context("the other side does not listen any more")?;
        }
        lines
            .flush()
            .context("the other side does not listen any more")?;
        Ok(ExitCode::SUCCESS)
    }
}

fn connect(address: &str) -> anyhow::Result<TcpStream> {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error)
                if begun.elapsed() < PATIENCE
                    && error.kind() == io::ErrorKind::ConnectionRefused =>
            {
                std::thread::sleep(RETRY);
            }
            Err(error) => bail!("nobody listens at {address}: {error}"),
        }
    }
}
