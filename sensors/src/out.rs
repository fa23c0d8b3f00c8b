//! Where a protocol puts what it read: samples out, counts kept.

use alloc::string::String;

use wayfix_filter::Timestamp;

use crate::decoder::{Counters, DecodeError};
use crate::sample::{Name, Reading, Sample};

/// What every decoder remembers about its stream.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub source: Name,
    pub counters: Counters,
    pub error: Option<DecodeError>,
}

impl Tally {
    pub fn new(source: Name) -> Self {
        Self {
            source,
            counters: Counters::default(),
            error: None,
        }
    }

    pub fn out<'a>(&'a mut self, sink: &'a mut dyn FnMut(Sample)) -> Out<'a> {
        Out { tally: self, sink }
    }

    pub fn note(&mut self, outcome: Result<(), DecodeError>) {
        if let Err(error) = outcome {
            self.counters.malformed += 1;
            self.error = Some(error);
        }
    }
}

/// Takes the readings of one message.
pub struct Out<'a> {
    tally: &'a mut Tally,
    sink: &'a mut dyn FnMut(Sample),
}

impl Out<'_> {
    /// A sample of the decoder's source. One with a number that is none (a device's way to say
    /// "nothing measured") is counted as malformed instead.
    pub fn give(&mut self, t: Timestamp, reading: Reading) {
        let source = self.tally.source;
        if reading.is_finite() {
            self.tally.counters.samples += 1;
            (self.sink)(Sample { t, source, reading });
        } else {
            self.malformed(DecodeError::Content(String::from("a number that is none")));
        }
    }

    /// A message in good order that says nothing to the engine.
    pub fn ignore(&mut self) {
        self.tally.counters.ignored += 1;
    }

    /// So many messages between the last one and this never came.
    pub fn missing(&mut self, count: u64) {
        let missing = &mut self.tally.counters.missing;
        *missing = missing.saturating_add(count);
    }

    /// A part of a message that can't be read, where the rest can.
    pub fn malformed(&mut self, error: DecodeError) {
        self.tally.note(Err(error));
    }
}
