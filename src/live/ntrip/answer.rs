//! A caster's answer: its head, how the bytes behind it are packed, and its list of mountpoints.

use crate::config::expect::closest;

/// Longer heads are no answer of a caster.
const HEAD_BYTES: usize = 8 << 10;
/// Mountpoints that are told where none is near the one asked for.
const LISTED: usize = 8;

/// How the bytes behind the head are packed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    Plain,
    /// HTTP's chunks: what is left of the present one, and the line of the next one's length.
    Chunked {
        left: usize,
        line: Vec<u8>,
    },
}

impl Body {
    /// Takes bytes as they came; adds their content to `out`.
    ///
    /// # Errors
    /// They are not packed as the head says.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
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

/// What a caster answers with, behind the head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// How it is packed.
    pub body: Body,
    /// It is a list of mountpoints: what was asked for is not among them.
    pub is_table: bool,
}

/// The head's meaning and the bytes behind it; `None` while it is not complete.
///
/// # Errors
/// The caster refuses, or is none.
pub(super) fn answered(bytes: &[u8]) -> Result<Option<(Answer, &[u8])>, String> {
    let Some(end) = find(bytes, b"\r\n")? else {
        return Ok(None);
    };
    let status = String::from_utf8_lossy(&bytes[..end]).into_owned();
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
        let answer = Answer {
            body: Body::Plain,
            is_table: false,
        };
        let rest = &bytes[end + 2..];
        return Ok(Some((answer, rest.strip_prefix(b"\r\n").unwrap_or(rest))));
    }
    let Some(end) = find(bytes, b"\r\n\r\n")? else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
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
    let is_table = status.starts_with("SOURCETABLE") || head.contains("gnss/sourcetable");
    Ok(Some((Answer { body, is_table }, &bytes[end + 4..])))
}

/// Where the mark is; `None` while it has not come.
fn find(bytes: &[u8], mark: &[u8]) -> Result<Option<usize>, String> {
    match bytes.windows(mark.len()).position(|w| w == mark) {
        Some(at) => Ok(Some(at)),
        None if bytes.len() > HEAD_BYTES => Err("the answer is not that of a caster".to_owned()),
        None => Ok(None),
    }
}

/// Whether a list of mountpoints has its end.
pub(super) fn is_whole(table: &[u8]) -> bool {
    table.ends_with(b"ENDSOURCETABLE\r\n") || table.ends_with(b"ENDSOURCETABLE")
}

/// Why there are no corrections from a caster that has another list of mountpoints.
pub(super) fn no_such(path: &str, table: &[u8]) -> String {
    let wanted = path.trim_start_matches('/');
    let text = String::from_utf8_lossy(table);
    let mut mounts = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("STR;") {
            mounts.extend(rest.split(';').next());
        }
    }
    let near = closest(mounts.iter().copied(), wanted);
    let hint = match (near, mounts.len()) {
        (Some(near), _) => format!("did you mean {near}?"),
        (None, 0) => "check the url's last part".to_owned(),
        (None, n @ 1..=LISTED) => format!("it has {}", mounts[..n].join(", ")),
        (None, n) => format!(
            "it has {} and {} more",
            mounts[..LISTED].join(", "),
            n - LISTED
        ),
    };
    format!("the caster has no mountpoint {wanted}: {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_casters_old_and_new() {
        let (body, rest) = answered(b"ICY 200 OK\r\n\r\n\xD3\x00").unwrap().unwrap();
        assert_eq!((body.body, rest), (Body::Plain, &b"\xD3\x00"[..]));
        let new = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
        // Cut anywhere, the same comes out.
        for cut in 0..new.len() {
            let mut head = Vec::new();
            let mut out = Vec::new();
            let mut body: Option<Answer> = None;
            for part in [&new[..cut], &new[cut..]] {
                if let Some(body) = &mut body {
                    body.body.push(part, &mut out).unwrap();
                    continue;
                }
                head.extend_from_slice(part);
                if let Some((mut begun, rest)) = answered(&head).unwrap() {
                    begun.body.push(rest, &mut out).unwrap();
                    body = Some(begun);
                }
            }
            assert_eq!(out, b"abcde", "{cut}");
        }
        let refused = answered(b"HTTP/1.1 401 Unauthorized\r\n\r\n").unwrap_err();
        assert!(refused.contains("check user and password"), "{refused}");
        let long = vec![b'a'; HEAD_BYTES + 1];
        assert!(
            answered(&long)
                .unwrap_err()
                .contains("not that of a caster")
        );
    }

    #[test]
    fn lists_of_mountpoints_old_and_new() {
        let table = "STR;NEAR00;Town;RTCM 3.2\r\nSTR;FAR00;City\r\nENDSOURCETABLE\r\n";
        for head in [
            "SOURCETABLE 200 OK\r\nServer: old\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Type: gnss/sourcetable\r\n\r\n",
        ] {
            let bytes = format!("{head}{table}");
            let (answer, rest) = answered(bytes.as_bytes()).unwrap().unwrap();
            assert!(answer.is_table && is_whole(rest), "{head}");
        }
        for (asked, hint) in [
            ("/NEAR0", "no mountpoint NEAR0: did you mean NEAR00?"),
            ("/ELSE", "no mountpoint ELSE: it has NEAR00, FAR00"),
        ] {
            let why = no_such(asked, table.as_bytes());
            assert!(why.ends_with(hint), "{why}");
        }
        let many: String = (0..20).map(|k| format!("STR;M{k};\r\n")).collect();
        let why = no_such("/Elsewhere", many.as_bytes());
        assert!(
            why.ends_with("M0, M1, M2, M3, M4, M5, M6, M7 and 12 more"),
            "{why}"
        );
        assert!(no_such("/A", b"").ends_with("check the url's last part"));
    }
}
