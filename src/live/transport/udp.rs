//! UDP: datagrams, of a multicast group perhaps.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use tokio::net::UdpSocket;

use super::tcp::bind_hint;
use super::{End, Fault};
use crate::live::link::Link;

/// The longest datagram.
const DATAGRAM_BYTES: usize = 64 << 10;

/// Receives until the socket breaks.
pub(super) async fn session(address: &str, group: Option<&str>, link: &Link) -> Result<End, Fault> {
    let what = format!("udp {address}");
    let socket = UdpSocket::bind(address)
        .await
        .map_err(|error| Fault::of(&what, &error, bind_hint(&error)))?;
    if let Some(group) = group {
        join(&socket, group).map_err(|error| {
            let hint = "has this computer a network that carries multicast?";
            Fault::of(&format!("{what} group {group}"), &error, hint)
        })?;
    }
    link.opened();
    let mut buffer = vec![0; DATAGRAM_BYTES];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((n, _)) => link.received_datagram(&buffer[..n]),
            Err(error) => return Err(Fault::of(&what, &error, "")),
        }
    }
}

fn join(socket: &UdpSocket, group: &str) -> io::Result<()> {
    match group.parse() {
        Ok(IpAddr::V4(group)) => {
            // On the interface that the socket is bound to, where it is bound to one.
            let interface = match socket.local_addr()?.ip() {
                IpAddr::V4(own) => own,
                IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
            };
            socket.join_multicast_v4(group, interface)
        }
        Ok(IpAddr::V6(group)) => socket.join_multicast_v6(&group, 0),
        Err(_) => Err(io::ErrorKind::InvalidInput.into()),
    }
}
