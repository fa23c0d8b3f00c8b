//! CAN interfaces of Linux: each frame as a line of can-utils' log form for the adapter `can`.

use std::io;

use wayfix_filter::Timestamp;
use wayfix_sensors::can::Frame;

use super::{End, Fault};
use crate::live::link::Link;

/// `struct can_frame` and `struct canfd_frame`.
const FRAME_BYTES: usize = 16;
const FD_FRAME_BYTES: usize = 72;
const HEAD_BYTES: usize = 8;
const EXTENDED: u32 = 1 << 31;
const REMOTE: u32 = 1 << 30;
const ERROR: u32 = 1 << 29;

/// A frame as the kernel hands it over; `None` for error frames and what is none.
#[must_use]
pub fn frame(bytes: &[u8], t_rx: Timestamp) -> Option<Frame> {
    if ![FRAME_BYTES, FD_FRAME_BYTES].contains(&bytes.len()) {
        return None;
    }
    let word = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?);
    if word & ERROR != 0 {
        return None;
    }
    let extended = word & EXTENDED != 0;
    let remote = word & REMOTE != 0;
    let length = usize::from(*bytes.get(4)?);
    let mut data = bytes.get(HEAD_BYTES..HEAD_BYTES + length)?;
    if remote {
        data = &[];
    }
    Some(Frame {
        t_ns: Some(t_rx.0),
        id: word & if extended { 0x1FFF_FFFF } else { 0x7FF },
        extended,
        remote,
        fd: bytes.len() == FD_FRAME_BYTES,
        data: data.try_into().ok()?,
    })
}

/// Receives until the interface is gone.
#[cfg(target_os = "linux")]
pub(super) async fn session(interface: &str, link: &Link) -> Result<End, Fault> {
    use std::os::fd::AsFd;

    use socketcan::{CanFdSocket, Socket};

    let what = format!("can {interface}");
    let failed = |error: io::Error| Fault::of(&what, &error, hint(&error));
    let socket = CanFdSocket::open(interface).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    // To receive, one kind of datagram socket is as good as another.
    let descriptor = socket.as_fd().try_clone_to_owned().map_err(failed)?;
    receive(descriptor.into(), link).await.map_err(failed)
}

/// Frames from a datagram socket.
///
/// # Errors
/// The socket's.
#[cfg(unix)]
pub async fn receive(socket: std::os::unix::net::UnixDatagram, link: &Link) -> io::Result<End> {
    socket.set_nonblocking(true)?;
    let socket = tokio::net::UnixDatagram::from_std(socket)?;
    link.opened();
    let mut buffer = [0; FD_FRAME_BYTES];
    loop {
        let n = socket.recv(&mut buffer).await?;
        let bytes = buffer.get(..n).unwrap_or_default();
        if let Some(frame) = frame(bytes, link.now()) {
            link.received(format!("{frame}\n").as_bytes());
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) async fn session(interface: &str, _: &Link) -> Result<End, Fault> {
    let error = io::Error::from(io::ErrorKind::Unsupported);
    Err(Fault::of(
        &format!("can {interface}"),
        &error,
        "CAN interfaces are Linux's",
    ))
}

#[cfg(target_os = "linux")]
fn hint(error: &io::Error) -> &'static str {
    const NETWORK_DOWN: i32 = 100;
    const NO_FAMILY: i32 = 97;
    match error.raw_os_error() {
        Some(NETWORK_DOWN) => "the interface is down: ip link set NAME up type can bitrate 500000",
        Some(NO_FAMILY) => "this kernel has no CAN: modprobe can can_raw",
        _ => "is there such an interface? (ip link show type can)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(id: u32, length: u8, data: &[u8], whole: usize) -> Vec<u8> {
        let mut bytes = id.to_ne_bytes().to_vec();
        bytes.extend([length, 0, 0, 0]);
        bytes.extend(data);
        bytes.resize(whole, 0);
        bytes
    }

    #[test]
    fn frames_of_the_kernel_as_lines() {
        let line = |bytes: &[u8]| frame(bytes, Timestamp(1_500_000_000)).map(|f| f.to_string());
        for (bytes, expected) in [
            (
                raw(0x2C4, 4, &[0, 0, 0xED, 0], 16),
                Some("(1.500000) can0 2C4#0000ED00"),
            ),
            (
                raw(EXTENDED | 0x18FE_F100, 1, &[7], 16),
                Some("(1.500000) can0 18FEF100#07"),
            ),
            (
                raw(REMOTE | 0x123, 4, &[], 16),
                Some("(1.500000) can0 123#R"),
            ),
            (
                raw(0x123, 2, &[1, 2], 72),
                Some("(1.500000) can0 123##00102"),
            ),
            (raw(ERROR | 0x4, 8, &[0; 8], 16), None),
            (raw(0x123, 65, &[], 72), None),
            (raw(0x123, 9, &[], 16), None),
            (vec![0; 15], None),
        ] {
            assert_eq!(line(&bytes).as_deref(), expected, "{bytes:?}");
        }
    }
}
