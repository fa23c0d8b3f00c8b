//! A file, a named pipe, or the standard input. They wait where the engine is busy: nothing is lost.

use std::io;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::{End, Fault, READ_BYTES};
use crate::live::link::Link;

/// Reads to the end; a pipe has none.
pub(super) async fn session(path: &str, link: &Link) -> Result<End, Fault> {
    let what = format!("file {path}");
    let failed = |error: io::Error| Fault::of(&what, &error, hint(&error));
    if path == "-" {
        link.opened();
        read(tokio::io::stdin(), link).await.map_err(failed)?;
        return Ok(End::ForGood);
    }
    #[cfg(target_os = "linux")]
    if is_pipe(Path::new(path)) {
        // Open for writing too, so that it does not end where its writers leave.
        let pipe = tokio::net::unix::pipe::OpenOptions::new()
            .read_write(true)
            .open_receiver(path)
            .map_err(failed)?;
        link.opened();
        read(pipe, link).await.map_err(failed)?;
        return Ok(End::Closed);
    }
    let file = tokio::fs::File::open(Path::new(path))
        .await
        .map_err(failed)?;
    link.opened();
    read(file, link).await.map_err(failed)?;
    Ok(End::ForGood)
}

#[cfg(target_os = "linux")]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

async fn read(mut input: impl AsyncRead + Unpin, link: &Link) -> io::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match input.read(&mut buffer).await? {
            0 => return Ok(()),
            n => link.received_patiently(&buffer[..n]).await,
        }
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file; a relative path begins where wayfix was started"
        }
        io::ErrorKind::PermissionDenied => "this user may not read it",
        _ => "",
    }
}
