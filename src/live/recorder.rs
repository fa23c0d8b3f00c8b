//! The recording of a live run: raw bytes and samples into an MCAP, in a thread of its own, so that a
//! slow disk holds nobody up. Every half second what there is becomes a chunk and goes to the disk: a
//! crash or a power cut costs less than a second, and the rest opens.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Sample};

use crate::log::mcap::McapWriter;
use crate::log::{Attachment, Form, LogError, Record};
use crate::output::whole::replace;

/// Between two looks at what is to be written, and looks a chunk.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS_A_CHUNK: u32 = 5;
/// What waits at most where the disk hangs \[bytes\].
const LIMIT_BYTES: usize = 256 << 20;

enum Entry {
    Raw(Name, Timestamp, Vec<u8>),
    Sample(Sample),
    Snapshot(PathBuf, Vec<u8>),
}

#[derive(Default)]
struct Pending {
    entries: Vec<Entry>,
    bytes: usize,
    lost: u64,
    is_over: bool,
}

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    over: Condvar,
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A recording under way.
pub struct Recorder {
    shared: Arc<Shared>,
    thread: JoinHandle<anyhow::Result<()>>,
    path: PathBuf,
}

impl Recorder {
    /// Begins a recording.
    ///
    /// # Errors
    /// The file's name does not end in `.mcap`, or it can't be created.
    pub fn create(path: &Path, attachments: &[Attachment]) -> anyhow::Result<Self> {
        if Form::of(path)? != Form::Mcap {
            return Err(anyhow!(
                "{}: a live recording's name ends in .mcap",
                path.display()
            ));
        }
        let file =
            File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        let disk = file.try_clone()?;
        let mut writer = McapWriter::new(BufWriter::with_capacity(64 << 10, file), attachments)?;
        writer.flush()?;
        let shared = Arc::new(Shared::default());
        let taken = Arc::clone(&shared);
        let context = format!("cannot write {}", path.display());
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || write(writer, &disk, &taken).context(context))?;
        Ok(Self {
            shared,
            thread,
            path: path.to_owned(),
        })
    }

    /// Where it is written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes as they were received.
    pub fn raw(&self, source: Name, t_rx: Timestamp, bytes: Vec<u8>) {
        self.add(bytes.len() + 64, Entry::Raw(source, t_rx, bytes));
    }

    /// A sample as the engine takes it.
    pub fn sample(&self, sample: &Sample) {
        self.add(size_of::<Entry>(), Entry::Sample(*sample));
    }

    /// A snapshot, to be written in place of the one before.
    pub fn snapshot(&self, path: &Path, bytes: Vec<u8>) {
        self.add(bytes.len(), Entry::Snapshot(path.to_owned(), bytes));
    }

    /// Entries that were lost because the disk hung.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lock().lost
    }

    /// Whether it has failed already.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.thread.is_finished()
    }

    fn add(&self, bytes: usize, entry: Entry) {
        let mut pending = self.shared.lock();
        if pending.bytes + bytes > LIMIT_BYTES {
            pending.lost += 1;
            return;
        }
        pending.bytes += bytes;
        pending.entries.push(entry);
    }

    /// Completes the file.
    ///
    /// # Errors
    /// It could not be written.
    pub fn finish(self) -> anyhow::Result<()> {
        self.shared.lock().is_over = true;
        self.shared.over.notify_all();
        match self.thread.join() {
            Ok(written) => written,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn write(
    mut writer: McapWriter<BufWriter<File>>,
    disk: &File,
    shared: &Shared,
) -> anyhow::Result<()> {
    let mut looks = 0;
    let mut has_new = false;
    loop {
        let (entries, is_over) = {
            let pending = shared.lock();
            let mut pending = if pending.is_over {
                pending
            } else {
                let waited = shared.over.wait_timeout(pending, LOOK);
                waited.unwrap_or_else(PoisonError::into_inner).0
            };
            pending.bytes = 0;
            (std::mem::take(&mut pending.entries), pending.is_over)
        };
        has_new |= !entries.is_empty();
        for entry in entries {
            match entry {
                Entry::Raw(source, t_rx, bytes) => writer.write_raw(source, t_rx, &bytes)?,
                Entry::Sample(sample) => match writer.write(&Record::Sample(sample)) {
                    // No decoder gives such a sample, and the engine refuses it.
                    Err(LogError::NotFinite { .. }) => {}
                    written => written?,
                },
                Entry::Snapshot(path, bytes) => replace(&path, &bytes)
                    .with_context(|| format!("cannot write {}", path.display()))?,
            }
        }
        if is_over {
            writer.finish()?;
            disk.sync_data()?;
            return Ok(());
        }
        looks += 1;
        if looks >= LOOKS_A_CHUNK && has_new {
            writer.flush()?;
            disk.sync_data()?;
            (looks, has_new) = (0, false);
        }
    }
}
