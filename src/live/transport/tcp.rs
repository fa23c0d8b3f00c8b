//! TCP: a server that is connected to, or a device that connects.

use std::io;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::{End, Fault, pump};
use crate::live::link::Link;

/// A server that has not answered for so long is not there.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connects.
pub(super) async fn client(address: &str, link: &Link) -> Result<End, Fault> {
    let what = format!("tcp {address}");
    let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await;
    let stream = connected
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| Fault::of(&what, &error, hint(&error)))?;
    let _ = stream.set_nodelay(true);
    link.opened();
    let ended = pump(stream, link).await;
    ended.map_or_else(
        |error| Err(Fault::of(&what, &error, "")),
        |()| Ok(End::Closed),
    )
}

/// Waits for one device at a time: a new connection replaces the one before, which may be dead.
pub(super) async fn server(address: &str, link: &Link) -> Result<End, Fault> {
    let what = format!("tcp_listen {address}");
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Fault::of(&what, &error, bind_hint(&error)))?;
    let mut client = None;
    loop {
        let accepted = match client.take() {
            None => listener.accept().await,
            Some(stream) => {
                link.opened();
                tokio::select! {
                    ended = pump(stream, link) => {
                        link.closed(ended.err().map(|error| Fault::of(&what, &error, "")));
                        continue;
                    }
                    accepted = listener.accept() => {
                        link.closed(None);
                        accepted
                    }
                }
            }
        };
        let (stream, _) = accepted.map_err(|error| Fault::of(&what, &error, ""))?;
        let _ = stream.set_nodelay(true);
        client = Some(stream);
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "is the device on, and is this its port?",
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable => {
            "is the device on this network, and is this its address?"
        }
        io::ErrorKind::NetworkUnreachable => "is this computer on the device's network?",
        _ => "check the address",
    }
}

pub(super) fn bind_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program, or another source, has this port",
        io::ErrorKind::AddrNotAvailable => {
            "this computer has no such address; 0.0.0.0 stands for all it has"
        }
        io::ErrorKind::PermissionDenied => "ports below 1024 are for root; choose a higher one",
        _ => "check the address",
    }
}
