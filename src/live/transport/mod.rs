//! Where bytes come from: one transport a file, each one async function of the same shape, from the
//! opening of a connection to its end. [`supervise`] opens it again.

#[cfg(feature = "ble")]
mod ble;
#[cfg(feature = "can")]
pub mod can;
mod file;
#[cfg(feature = "mqtt")]
mod mqtt;
#[cfg(feature = "serial")]
mod serial;
mod tcp;
mod udp;

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::link::Link;
use crate::config::source::live::Transport;

/// Between two attempts, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// One read's most bytes.
const READ_BYTES: usize = 16 << 10;

/// How a connection ended in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// There is no more, ever: the end of a file.
    ForGood,
    /// The other side closed; it may come back.
    Closed,
}

/// Why a connection could not be opened, or broke, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

impl Fault {
    /// What was tried, the system's word, and what to do about it.
    pub(super) fn of(what: &str, error: &io::Error, hint: &str) -> Self {
        let gap = if hint.is_empty() { "" } else { ": " };
        Self(format!("{what}: {error}{gap}{hint}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The feature that a transport needs, where this build lacks it.
#[must_use]
pub fn missing_feature(transport: &Transport) -> Option<&'static str> {
    match transport {
        Transport::Serial(..) if !cfg!(feature = "serial") => Some("serial"),
        Transport::Can(_) if !cfg!(feature = "can") => Some("can"),
        Transport::Mqtt(..) if !cfg!(feature = "mqtt") => Some("mqtt"),
        Transport::Ble(_) if !cfg!(feature = "ble") => Some("ble"),
        _ => None,
    }
}

/// Keeps a transport open until there is no more.
pub async fn supervise(transport: Transport, link: Link) {
    let mut wait = FIRST_WAIT;
    loop {
        let ended = session(&transport, &link).await;
        if ended == Ok(End::ForGood) {
            link.ended();
            return;
        }
        if link.closed(ended.err()) {
            wait = FIRST_WAIT;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// One connection, from its opening to its end.
async fn session(transport: &Transport, link: &Link) -> Result<End, Fault> {
    match transport {
        #[cfg(feature = "serial")]
        Transport::Serial(port, baud) => serial::session(port, *baud, link).await,
        Transport::Tcp(address) => tcp::client(address, link).await,
        Transport::TcpListen(address) => tcp::server(address, link).await,
        Transport::Udp(address, group) => udp::session(address, group.as_deref(), link).await,
        Transport::File(path) => file::session(path, link).await,
        #[cfg(feature = "can")]
        Transport::Can(interface) => can::session(interface, link).await,
        #[cfg(feature = "mqtt")]
        Transport::Mqtt(broker, topic) => mqtt::session(broker, topic, link).await,
        #[cfg(feature = "ble")]
        Transport::Ble(adapter) => ble::session(adapter, link).await,
        // The plan has refused these.
        #[allow(unreachable_patterns)]
        other => Err(Fault(format!("{other:?} is not in this build"))),
    }
}

/// Reads to the end, and writes what is to be written meanwhile.
async fn pump<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, link: &Link) -> io::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    let mut outgoing = link.outgoing().await;
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => match read? {
                0 => return Ok(()),
                n if link.is_patient() => link.received_patiently(&buffer[..n]).await,
                n => link.received(&buffer[..n]),
            },
            bytes = outgoing.next() => stream.write_all(&bytes).await?,
        }
    }
}
