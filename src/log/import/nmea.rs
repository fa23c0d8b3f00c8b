//! A recording of NMEA 0183 sentences, as `cat /dev/ttyACM0 > drive.nmea` makes one.
//!
//! Times are the receiver's UTC as unix time. Where the recording states no date at all, its
//! times count from the midnight before it. Prefixes that some loggers put before the `$` are
//! left out, each counted as damage.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use wayfix_filter::Timestamp;
use wayfix_sensors::nmea::TimeBase;
use wayfix_sensors::{Decoder, Name, Nmea, Sample};

use super::Recording;
use crate::log::{Damage, LogError, Record};

/// How far the date is looked for [bytes].
const SEARCH_BYTES: u64 = 4 << 20;

/// A file being read.
pub struct NmeaFile {
    input: BufReader<Box<dyn Read>>,
    decoder: Nmea,
    ready: VecDeque<Sample>,
    line: Vec<u8>,
    line_number: u64,
    ended: bool,
    total: u64,
    damage: Damage,
}

impl NmeaFile {
    /// Opens a file, whose samples get the name `source`.
    ///
    /// # Errors
    /// [`LogError::Open`], [`LogError::Read`]
    pub fn open(path: impl AsRef<Path>, source: Name) -> Result<Self, LogError> {
        let path = path.as_ref();
        let failed = |source| LogError::Open {
            path: path.to_owned(),
            source,
        };
        let mut head = Vec::new();
        let file = File::open(path).map_err(failed)?;
        let total = file.metadata().map_err(failed)?.len();
        file.take(SEARCH_BYTES)
            .read_to_end(&mut head)
            .map_err(LogError::Read)?;
        let input = File::open(path).map_err(failed)?;
        Ok(Self::new(&head, input, total, source))
    }

    /// Reads from anything that has `total` bytes and begins with `head`, in which the date is
    /// looked for.
    pub fn new(head: &[u8], input: impl Read + 'static, total: u64, source: Name) -> Self {
        Self {
            input: BufReader::with_capacity(64 << 10, Box::new(input)),
            decoder: Nmea::new(source, TimeBase::Utc).near(date(head, source)),
            ready: VecDeque::new(),
            line: Vec::new(),
            line_number: 0,
            ended: false,
            total,
            damage: Damage::default(),
        }
    }

    /// Decodes the next line; false at the end.
    fn step(&mut self) -> Result<bool, LogError> {
        if self.ended {
            return Ok(false);
        }
        self.line.clear();
        // Bounded, for files that are no text at all.
        let mut input = self.input.by_ref().take(64 << 10);
        let count = input
            .read_until(b'\n', &mut self.line)
            .map_err(LogError::Read)?;
        self.line_number += 1;
        let before = self.decoder.counters();
        // The receive time is not known, and not used.
        let mut sink = |sample| self.ready.push_back(sample);
        if count == 0 {
            self.ended = true;
            self.decoder.finish(&mut sink);
        } else {
            self.decoder.push(&self.line, Timestamp(0), &mut sink);
        }
        let after = self.decoder.counters();
        for _ in before.malformed..after.malformed {
            let error = self.decoder.last_error();
            self.damage.add(|| match error {
                Some(error) => format!("line {}: {error}", self.line_number),
                None => format!("line {}", self.line_number),
            });
        }
        self.damage.ignored = after.ignored;
        Ok(true)
    }
}

/// An instant within half a day of the recording's beginning: of the first sample that has a date.
fn date(head: &[u8], source: Name) -> Timestamp {
    let noon_of_day_0 = Timestamp(43_200_000_000_000);
    let mut first = None;
    Nmea::new(source, TimeBase::Utc).push(head, Timestamp(0), &mut |sample| {
        first.get_or_insert(sample.t);
    });
    first.unwrap_or(noon_of_day_0)
}

impl Iterator for NmeaFile {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(e) => {
                    self.ended = true;
                    return Some(Err(e));
                }
            }
        }
        self.ready
            .pop_front()
            .map(|sample| Ok(Record::Sample(sample)))
    }
}

impl Recording for NmeaFile {
    fn progress(&self) -> (u64, u64) {
        (self.decoder.counters().bytes, self.total)
    }

    fn damage(&self) -> &Damage {
        &self.damage
    }
}
