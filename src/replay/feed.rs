//! A log on disk as records for a replay, read and decoded in a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::merge::merge;
use crate::log::{self, Attachment, Damage, LogError, LogReader, Record, Truth};

/// Records that pass from thread to thread at once.
const BATCH: usize = 512;
/// Batches that wait at most.
const WAITING: usize = 8;

/// What was read, known at the end.
#[derive(Debug, Default)]
pub struct Read {
    /// Damage of the log.
    pub log: Damage,
    /// Damage of the truth file, where there is one.
    pub truth: Option<Damage>,
    /// Why reading stopped before the end: the file, and the system's word.
    pub failed: Option<(PathBuf, LogError)>,
}

/// Records in the order for [`Replay::feed`](super::Replay::feed), in batches.
pub struct Feed {
    batches: Option<Receiver<Vec<Record>>>,
    thread: Option<JoinHandle<Read>>,
    progress: Arc<Progress>,
    attachments: Vec<Attachment>,
}

#[derive(Default)]
struct Progress {
    read_bytes: AtomicU64,
    total_bytes: AtomicU64,
}

impl Feed {
    /// Opens a log and, where truth has a file of its own, that too.
    ///
    /// # Errors
    /// As of [`log::open`].
    pub fn open(log: &Path, truth: Option<&Path>) -> Result<Self, LogError> {
        let reader = log::open(log)?;
        let attachments = reader.attachments().to_vec();
        let truth_reader = truth.map(log::open).transpose()?;
        let progress = Arc::new(Progress::default());
        let (sender, batches) = sync_channel(WAITING);
        let shared = Arc::clone(&progress);
        let paths = (log.to_owned(), truth.map(Path::to_owned));
        let thread = std::thread::spawn(move || {
            let mut log = Stream::new(reader, paths.0, shared);
            let mut truth = truth_reader
                .zip(paths.1)
                .map(|(reader, path)| Stream::new(reader, path, Arc::default()));
            send(&mut log, truth.as_mut(), &sender);
            Read {
                log: log.reader.damage().clone(),
                truth: truth.as_ref().map(|t| t.reader.damage().clone()),
                failed: (log.failed).or_else(|| truth.and_then(|t| t.failed)),
            }
        });
        Ok(Self {
            batches: Some(batches),
            thread: Some(thread),
            progress,
            attachments,
        })
    }

    /// The texts at the log's head.
    #[must_use]
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// Bytes of the log read so far, and in all.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (
            self.progress.read_bytes.load(Ordering::Relaxed),
            self.progress.total_bytes.load(Ordering::Relaxed),
        )
    }

    /// The next records; `None` at the end.
    pub fn next_batch(&mut self) -> Option<Vec<Record>> {
        self.batches.as_ref()?.recv().ok()
    }

    /// Ends the reading, whether all was read or not, and says what was met.
    #[must_use]
    pub fn finish(mut self) -> Read {
        // The thread stops where nobody listens.
        self.batches = None;
        let Some(thread) = self.thread.take() else {
            return Read::default();
        };
        match thread.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// A reader that ends at the first failure of the system, and remembers it.
struct Stream {
    reader: LogReader,
    path: PathBuf,
    progress: Arc<Progress>,
    failed: Option<(PathBuf, LogError)>,
}

impl Stream {
    fn new(reader: LogReader, path: PathBuf, progress: Arc<Progress>) -> Self {
        Self {
            reader,
            path,
            progress,
            failed: None,
        }
    }
}

impl Iterator for Stream {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.failed.is_some() {
            return None;
        }
        let next = self.reader.next()?;
        let (read, total) = self.reader.progress();
        self.progress.read_bytes.store(read, Ordering::Relaxed);
        self.progress.total_bytes.store(total, Ordering::Relaxed);
        match next {
            Ok(record) => Some(record),
            Err(error) => {
                self.failed = Some((self.path.clone(), error));
                None
            }
        }
    }
}

/// Sends until all is read or nobody listens.
fn send(log: &mut Stream, truth: Option<&mut Stream>, to: &SyncSender<Vec<Record>>) {
    let rows = |stream| -> Box<dyn Iterator<Item = Truth> + '_> {
        let stream: &mut Stream = stream;
        Box::new(stream.filter_map(|record| match record {
            Record::Truth(truth) => Some(truth),
            Record::Sample(_) => None,
        }))
    };
    let mut records = merge(log, truth.map(rows));
    loop {
        let batch: Vec<Record> = records.by_ref().take(BATCH).collect();
        if batch.is_empty() || to.send(batch).is_err() {
            return;
        }
    }
}
