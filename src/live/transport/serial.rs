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
    let told = error.to_string();
    match error.kind() {
        // The crate has one word for a port that is not there and one that somebody else has.
        io::ErrorKind::NotFound if ["busy", "lock"].iter().any(|w| told.contains(w)) => {
            "another program has it open"
        }
        io::ErrorKind::NotFound => {
            "there is no such port; is the device plugged in? (ls /dev/serial/by-id)"
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not open it; add it to the group dialout and log in anew"
        }
        _ => "is it a serial port, and does it have this speed?",
    }
}

#[cfg(test)]
mod tests {
    use serialport::ErrorKind::{Io, NoDevice};

    use super::*;

    #[test]
    fn what_to_do_about_a_port() {
        for (kind, text, word) in [
            (NoDevice, "No such file or directory", "plugged in?"),
            (NoDevice, "Device or resource busy", "another program"),
            (
                NoDevice,
                "Unable to acquire exclusive lock on serial port",
                "another program",
            ),
            (
                Io(io::ErrorKind::PermissionDenied),
                "Permission denied",
                "dialout",
            ),
            (
                Io(io::ErrorKind::Other),
                "Not a typewriter",
                "is it a serial port",
            ),
        ] {
            let error = io::Error::from(serialport::Error::new(kind, text));
            assert!(hint(&error).contains(word), "{error}");
        }
    }
}
