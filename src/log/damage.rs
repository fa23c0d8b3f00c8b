//! What a reader had to leave out.

/// Damage that a log was found to have; everything else was read all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Places that could not be read: a line, a message, a chunk of many messages, a missing end.
    pub count: u64,
    /// Messages in good order that are no records of Wayfix's: other programs' topics.
    pub ignored: u64,
    /// The first of them, described for people.
    pub notes: Vec<String>,
}

impl Damage {
    /// More notes than this tell nobody more.
    const NOTES: usize = 20;

    pub(super) fn add(&mut self, note: impl FnOnce() -> String) {
        self.count += 1;
        if self.notes.len() < Self::NOTES {
            self.notes.push(note());
        }
    }
}
