//! NTRIP client: corrections from a caster to a receiver, over HTTP/1.1 or the older ICY.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use wayfix_sensors::Name;

use super::plan::Corrections;

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A caster that is silent for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// Longer heads are no answer of a caster.
const HEAD_BYTES: usize = 8 << 10;

/// Feeds corrections to `outgoing` for ever; tells once why there are none.
pub(super) async fn feed(source: Name, from: Corrections, outgoing: mpsc::Sender<Vec<u8>>) {
    let mut told = String::new();
    let mut wait = FIRST_WAIT;
    loop {
        let mut bytes = 0;
        let why = match listen(&from, &outgoing, &mut bytes).await {
            Ok(()) => "closed by the caster".to_owned(),
            Err(why) => why,
        };
        if outgoing.is_closed() {
            return;
        }
        if bytes > 0 {
            wait = FIRST_WAIT;
        }
        if why != told {
            tracing::warn!("{source}: no corrections: {why} (tried again)");
            told = why;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn listen(
    from: &Corrections,
    outgoing: &mpsc::Sender<Vec<u8>>,
    fed: &mut u64,
) -> Result<(), String> {
    let address = &from.caster.address;
    let failed = |error: std::io::Error| format!("ntrip {address}: {error}");
    let mut stream = TcpStream::connect(address).await.map_err(failed)?;
    stream
        .write_all(request(from).as_bytes())
        .await
        .map_err(failed)?;
    let mut buffer = vec![0; 4096];
    let mut head = Vec::new();
    let mut body: Option<Body> = None;
    loop {
        let read = tokio::time::timeout(SILENCE, stream.read(&mut buffer)).await;
        let n = read
            .map_err(|_| format!("ntrip {address}: silent for {} s", SILENCE.as_secs()))?
            .map_err(failed)?;
        if n == 0 {
            return Ok(());
        }
        let mut out = Vec::new();
        match &mut body {
            Some(body) => body.push(&buffer[..n], &mut out)?,
            None => {
                head.extend_from_slice(&buffer[..n]);
                let Some((answer, rest)) = answered(&head)? else {
                    continue;
                };
                let mut begun = answer;
                begun.push(rest, &mut out)?;
                tracing::info!("corrections from {address}{}", from.caster.path);
                body = Some(begun);
            }
        }
        *fed += out.len() as u64;
        // A receiver that is unplugged misses corrections; old ones are of no use to it.
        if !out.is_empty() {
            let _ = outgoing.try_send(out);
        }
    }
}

fn request(from: &Corrections) -> String {
    let login = from
        .login
        .as_ref()
        .map_or_else(String::new, |(user, password)| {
            let login = base64(format!("{user}:{password}").as_bytes());
            format!("Authorization: Basic {login}\r\n")
        });
    format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nNtrip-Version: Ntrip/2.0\r\nUser-Agent: NTRIP wayfix/{}\r\n{login}Connection: close\r\n\r\n",
        from.caster.path,
        from.caster.address,
        env!("CARGO_PKG_VERSION")
    )
}

/// How the bytes behind the head are packed.
#[derive(Debug, PartialEq, Eq)]
enum Body {
    Plain,
    /// HTTP's chunks: what is left of the present one, and the line of the next one's length.
    Chunked {
        left: usize,
        line: Vec<u8>,
    },
}

impl Body {
    fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let Self::Chunked { left, line } = self else {
            out.extend_from_slice(bytes);
            return Ok(());
        };
        while let Some((first, rest)) = bytes.split_first() {
            if *left > 0 {
                let n = (*left).min(bytes.len());
                out.extend_from_slice(&bytes[..n]);
                bytes = &bytes[n..];
                *left -= n;
                continue;
            }
            bytes = rest;
            if *first != b'\n' {
                line.push(*first);
                if line.len() > 64 {
                    return Err("the caster's answer is garbled".to_owned());
                }
                continue;
            }
            let text = String::from_utf8_lossy(line);
            let digits = text.split(';').next().unwrap_or_default().trim();
            // The line's end behind a chunk is an empty line.
            if !digits.is_empty() {
                *left = usize::from_str_radix(digits, 16)
                    .map_err(|_| "the caster's answer is garbled".to_owned())?;
            }
            line.clear();
        }
        Ok(())
    }
}

/// The head's meaning and the bytes behind it; `None` while it is not complete.
fn answered(bytes: &[u8]) -> Result<Option<(Body, &[u8])>, String> {
    let first_end = bytes.windows(2).position(|w| w == b"\r\n");
    let Some(first_end) = first_end else {
        return match bytes.len() {
            n if n > HEAD_BYTES => Err("the answer is not that of a caster".to_owned()),
            _ => Ok(None),
        };
    };
    let status = String::from_utf8_lossy(&bytes[..first_end]).into_owned();
    if status.starts_with("SOURCETABLE") {
        return Err("the caster has no such mountpoint; check the url's last part".to_owned());
    }
    let code = status.split_whitespace().nth(1).unwrap_or_default();
    match code {
        "200" => {}
        "401" | "403" => return Err(format!("the caster says {status}; check user and password")),
        "404" => {
            return Err(format!(
                "the caster says {status}; check the url's last part"
            ));
        }
        _ => return Err(format!("the caster says {status}")),
    }
    // ICY has no head beyond its first line, but may end it twice.
    if status.starts_with("ICY") {
        let rest = &bytes[first_end + 2..];
        return Ok(Some((
            Body::Plain,
            rest.strip_prefix(b"\r\n").unwrap_or(rest),
        )));
    }
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
        return match bytes.len() {
            n if n > HEAD_BYTES => Err("the answer is not that of a caster".to_owned()),
            _ => Ok(None),
        };
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    if head.contains("gnss/sourcetable") {
        return Err("the caster has no such mountpoint; check the url's last part".to_owned());
    }
    let is_chunked = head
        .lines()
        .any(|l| l.starts_with("transfer-encoding:") && l.contains("chunked"));
    let body = match is_chunked {
        true => Body::Chunked {
            left: 0,
            line: Vec::new(),
        },
        false => Body::Plain,
    };
    Ok(Some((body, &bytes[end + 4..])))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word =
            three.iter().fold(0_u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= three.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins() {
        for (plain, coded) in [
            ("", ""),
            ("a", "YQ=="),
            ("me:pw", "bWU6cHc="),
            ("abc", "YWJj"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn answers_of_casters_old_and_new() {
        let (body, rest) = answered(b"ICY 200 OK\r\n\r\n\xD3\x00").unwrap().unwrap();
        assert_eq!((body, rest), (Body::Plain, &b"\xD3\x00"[..]));
        let new = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
        // Cut anywhere, the same comes out.
        for cut in 0..new.len() {
            let mut head = Vec::new();
            let mut out = Vec::new();
            let mut body: Option<Body> = None;
            for part in [&new[..cut], &new[cut..]] {
                if let Some(body) = &mut body {
                    body.push(part, &mut out).unwrap();
                    continue;
                }
                head.extend_from_slice(part);
                if let Some((mut begun, rest)) = answered(&head).unwrap() {
                    begun.push(rest, &mut out).unwrap();
                    body = Some(begun);
                }
            }
            assert_eq!(out, b"abcde", "{cut}");
        }
        for (answer, word) in [
            (
                &b"HTTP/1.1 401 Unauthorized\r\n\r\n"[..],
                "user and password",
            ),
            (b"SOURCETABLE 200 OK\r\n", "mountpoint"),
            (
                b"HTTP/1.1 200 OK\r\nContent-Type: gnss/sourcetable\r\n\r\n",
                "mountpoint",
            ),
        ] {
            assert!(answered(answer).unwrap_err().contains(word));
        }
    }
}
