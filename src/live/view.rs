//! How a live run is doing, on the terminal: one line a source, refreshed in place, and the estimate
//! above them. Where there is no terminal, a line now and then; for machines, JSON Lines.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::board::{Board, Look, SourceLook};

/// Looks between two lines where there is no terminal, and between two of JSON.
const LOOKS_A_LINE: u32 = 20;
const LOOKS_A_DOCUMENT: u32 = 2;

/// For whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// People at a terminal.
    Terminal,
    /// A log.
    Lines,
    /// A program: one document a second.
    Json,
    /// Nobody.
    Quiet,
}

/// What stands on the terminal and is drawn over; log lines go above it.
#[derive(Clone, Debug, Default)]
pub struct Screen(Arc<Mutex<String>>);

impl Screen {
    fn draw(&self, block: String) {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Lines that wrapped would be more than those that are drawn over.
        let text = format!("{}\x1b[?7l{block}\x1b[?7h", up(&standing));
        *standing = block;
        print(&text);
    }

    /// Prints above what stands.
    fn above(&self, text: &str) {
        let standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = format!("{}{text}\x1b[?7l{standing}\x1b[?7h", up(&standing));
        if standing.is_empty() {
            // No terminal: the log is no result.
            let _ = io::stderr().write_all(text.as_bytes());
        } else {
            print(&whole);
        }
    }
}

/// Back to the block's first line, and clear from there.
fn up(block: &str) -> String {
    match block.lines().count() {
        0 => String::new(),
        n => format!("\x1b[{n}F\x1b[J"),
    }
}

fn print(text: &str) {
    let mut out = io::stdout().lock();
    // A terminal that is gone is no reason to stop.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// For the log's lines.
impl io::Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.above(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// See the module.
#[derive(Debug)]
pub struct View {
    form: Form,
    screen: Screen,
    looks: u32,
}

impl View {
    /// In this form.
    #[must_use]
    pub fn new(form: Form, screen: Screen) -> Self {
        Self {
            form,
            screen,
            looks: 0,
        }
    }

    /// Nothing is shown.
    #[must_use]
    pub fn quiet() -> Self {
        Self::new(Form::Quiet, Screen::default())
    }

    pub(super) fn show(&mut self, board: &Board) {
        let look = self.looks;
        self.looks = self.looks.wrapping_add(1);
        match self.form {
            Form::Terminal => self.screen.draw(block(&board.look())),
            Form::Lines if look % LOOKS_A_LINE == LOOKS_A_LINE - 1 => {
                print(&(line(&board.look()) + "\n"));
            }
            Form::Json if look.is_multiple_of(LOOKS_A_DOCUMENT) => print_json(&board.look()),
            _ => {}
        }
    }

    pub(super) fn end(&mut self, board: &Board) {
        match self.form {
            Form::Terminal => self.screen.draw(block(&board.look())),
            Form::Lines => print(&(line(&board.look()) + "\n")),
            Form::Json => print_json(&board.look()),
            Form::Quiet => {}
        }
        *(self.screen.0.lock()).unwrap_or_else(PoisonError::into_inner) = String::new();
    }
}

fn print_json(look: &Look) {
    let mut text = serde_json::to_string(look).unwrap_or_default();
    text.push('\n');
    print(&text);
}

/// The estimate, in a line.
fn line(look: &Look) -> String {
    let mut text = match &look.estimate {
        None => "cold: the position is not known yet".to_owned(),
        Some(e) => {
            let [x, y, z] = e.position_m;
            let sigma_m = e.position_sigma_m[0].hypot(e.position_sigma_m[1]);
            let mut text = format!(
                "{}: x {x:.2} y {y:.2} z {z:.2} m ± {sigma_m:.2}, yaw {:.1} ± {:.1} deg, within {:.1} m",
                e.mode, e.yaw_deg, e.yaw_sigma_deg, e.hpl_m
            );
            for condition in &e.conditions {
                let _ = write!(text, ", {condition}");
            }
            text
        }
    };
    let _ = write!(
        text,
        "; {} samples in {:.0} s",
        look.samples, look.running_s
    );
    let silent: Vec<String> = (look.sources.iter())
        .filter(|s| s.state.name() != "live")
        .map(|s| format!("{} {}", s.source, s.state.name()))
        .collect();
    if !silent.is_empty() {
        let _ = write!(text, "; {}", silent.join(", "));
    }
    if look.recording_lost > 0 {
        let _ = write!(text, "; the recording has lost {}", look.recording_lost);
    }
    text
}

fn block(look: &Look) -> String {
    let mut text = line(look) + "\n";
    let width = (look.sources.iter().map(|s| s.source.len()).max())
        .unwrap_or(0)
        .max(6);
    let _ = writeln!(
        text,
        "{:width$}  {:7}  {:>8}  {:>6}  {:>9}  {:>11}  notes",
        "source", "state", "rate", "age", "bytes", "used/refused"
    );
    for source in &look.sources {
        let age = source.age_s.map_or("-".to_owned(), |s| format!("{s:.1} s"));
        let _ = writeln!(
            text,
            "{:width$}  {:7}  {:>5.1} Hz  {age:>6}  {:>9}  {:>5}/{:<6}  {}",
            source.source,
            source.state.name(),
            source.rate_hz,
            source.bytes,
            source.recent_used,
            source.recent_refused,
            notes(source)
        );
    }
    text
}

fn notes(source: &SourceLook) -> String {
    let mut notes: Vec<String> = Vec::new();
    if let Some(fault) = source
        .fault
        .as_ref()
        .filter(|_| source.state.name() == "failed")
    {
        notes.push(fault.clone());
    }
    for (count, word) in [
        (source.malformed, "unreadable"),
        (source.missing, "missing"),
        (source.dropped_bytes, "bytes dropped"),
        (source.reopened, "times reopened"),
        (source.clock_resets, "clock resets"),
    ] {
        if count > 0 {
            notes.push(format!("{count} {word}"));
        }
    }
    notes.extend(source.hint.map(str::to_owned));
    if let Some(jitter_s) = source.jitter_s.filter(|s| *s > 0.02) {
        notes.push(format!("jitter {:.0} ms", jitter_s * 1e3));
    }
    let text = notes.join(", ");
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
