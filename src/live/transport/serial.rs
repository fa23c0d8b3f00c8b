//! Serial ports, those behind USB too.

use std::io;

use tokio_serial::SerialPortBuilderExt;

use super::{End, Fault, pump};
use crate::live::link::Link;

/// Reads until the port is gone.
pub(super) async fn session(port: &str, baud: u32, link: &Link) -> Result<End, Fault> {
    let what = format!("serial {port}");
    let stream = tokio_serial::new(port, baud)
        .open_native_async()
        .map_err(|error| {
            let error = io::Error::from(error);
            Fault::of(&what, &error, hint(&error))
        })?;
    link.opened();
    match pump(stream, link).await {
        Ok(()) => Err(Fault(format!(
            "{what}: the device is gone; it is taken up again when it is back"
        ))),
        Err(error) => Err(Fault::of(
            &what,
            &error,
            "it is taken up again when it is back",
        )),
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such port; is the device plugged in? (ls /dev/serial/by-id)"
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not open it; add it to the group dialout and log in anew"
        }
        io::ErrorKind::ResourceBusy => "another program has it open",
        _ => "is it a serial port, and does it have this speed?",
    }
}
