//! Chunks of bytes to lines, in bounded memory.

use arrayvec::ArrayVec;
use wayfix_filter::Timestamp;

/// Cuts a stream into lines of at most `N` bytes, without their `\n` or `\r\n`.
///
/// ```
/// use wayfix_sensors::{Timestamp, lines::LineBuffer};
/// let mut buffer = LineBuffer::<8>::new();
/// let mut lines = Vec::new();
/// for chunk in ["one\r\nt", "wo\nfar too long\n", "end"] {
///     buffer.push(chunk.as_bytes(), Timestamp(0), |line, _| lines.push(line.map(<[u8]>::to_vec)));
/// }
/// assert_eq!(lines, [Some(b"one".to_vec()), Some(b"two".to_vec()), None]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct LineBuffer<const N: usize> {
    head: ArrayVec<u8, N>,
    t_head: Timestamp,
    started: bool,
    overflown: bool,
}

impl<const N: usize> LineBuffer<N> {
    /// Empty.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `line` for every line that the bytes complete, with the receive time of its first
    /// byte; with `None` for a line longer than `N`, once, at its end.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        t_rx: Timestamp,
        mut line: impl FnMut(Option<&[u8]>, Timestamp),
    ) {
        while let Some(end) = bytes.iter().position(|&b| b == b'\n') {
            let (tail, rest) = (&bytes[..end], &bytes[end + 1..]);
            let t = if self.started { self.t_head } else { t_rx };
            // Most lines lie within one chunk and need no copy.
            if !self.started && tail.len() <= N {
                line(Some(without_return(tail)), t);
            } else {
                self.keep(tail, t);
                line((!self.overflown).then(|| without_return(&self.head)), t);
            }
            self.clear();
            bytes = rest;
        }
        if !bytes.is_empty() {
            self.keep(bytes, t_rx);
        }
    }

    /// The stream ended: the last line, where it had no line end.
    pub fn finish(&mut self, line: impl FnOnce(Option<&[u8]>, Timestamp)) {
        if self.started {
            line(
                (!self.overflown).then(|| without_return(&self.head)),
                self.t_head,
            );
        }
        self.clear();
    }

    fn keep(&mut self, bytes: &[u8], t_rx: Timestamp) {
        if !self.started {
            self.started = true;
            self.t_head = t_rx;
        }
        self.overflown |= self.head.try_extend_from_slice(bytes).is_err();
    }

    fn clear(&mut self) {
        self.head.clear();
        self.started = false;
        self.overflown = false;
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
