//! NTRIP client: corrections from a caster to a receiver, over HTTP/1.1 or the older ICY. A caster of
//! virtual reference stations is told where the receiver is: in the request's head (NTRIP 2), when it has
//! answered, and again and again (both).

mod answer;

use std::convert::Infallible;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::sleep;
use wayfix_sensors::Name;

use super::plan::Corrections;
use super::rover::Whereabouts;
use answer::{Answer, answered, is_whole, no_such};

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A caster that is silent for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// Until the receiver's place is known, it is asked for so often.
const LOOK: Duration = Duration::from_millis(500);
/// Of a longer list of mountpoints, the rest is not read.
const TABLE_BYTES: usize = 1 << 20;

/// Feeds corrections to `outgoing` for ever; tells once why there are none.
pub(super) async fn feed(
    source: Name,
    from: Corrections,
    place: Whereabouts,
    outgoing: mpsc::Sender<Vec<u8>>,
) {
    let mut told = String::new();
    let mut wait = FIRST_WAIT;
    loop {
        let mut fed = 0;
        let Err(why) = listen(&from, &place, &outgoing, &mut fed).await;
        if outgoing.is_closed() {
            return;
        }
        if fed > 0 {
            wait = FIRST_WAIT;
        }
        if why != told {
            tracing::warn!("{source}: no corrections: {why} (tried again)");
            told = why;
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Ends only with a reason.
async fn listen(
    from: &Corrections,
    place: &Whereabouts,
    outgoing: &mpsc::Sender<Vec<u8>>,
    fed: &mut u64,
) -> Result<Infallible, String> {
    let address = &from.caster.address;
    let failed = |error: std::io::Error| format!("ntrip {address}: {error}");
    let mut stream = TcpStream::connect(address)
        .await
        .map_err(|error| failed(error) + ": is the caster up, and is this its port?")?;
    let place = || from.gga_every.and_then(|_| place.gga());
    let asked = request(from, place().as_deref());
    stream.write_all(asked.as_bytes()).await.map_err(failed)?;
    let mut buffer = vec![0; 4096];
    let (mut head, mut table) = (Vec::new(), Vec::new());
    let mut answer: Option<Answer> = None;
    let (silence, due) = (sleep(SILENCE), sleep(Duration::ZERO));
    tokio::pin!(silence, due);
    let mut has_told = false;
    loop {
        let tells = from.gga_every.is_some() && answer.as_ref().is_some_and(|a| !a.is_table);
        let n = tokio::select! {
            read = stream.read(&mut buffer) => read.map_err(failed)?,
            () = &mut due, if tells => {
                due.set(sleep(LOOK));
                if let Some(gga) = place() {
                    stream.write_all(gga.as_bytes()).await.map_err(failed)?;
                    due.set(sleep(from.gga_every.unwrap_or(LOOK)));
                    has_told = true;
                }
                continue;
            }
            () = &mut silence => {
                let hint = match (&answer, from.gga_every, has_told) {
                    (None, ..) => ": is this the port of a caster?",
                    (_, None, _) => ": it may want to know the receiver's place (ntrip.gga_s)",
                    (_, _, false) => ": it may wait for the receiver's place, which is not known yet",
                    (_, _, true) => "",
                };
                return Err(format!("ntrip {address}: silent for {} s{hint}", SILENCE.as_secs()));
            }
        };
        silence.set(sleep(SILENCE));
        let mut out = Vec::new();
        match &mut answer {
            _ if n == 0 => {}
            Some(answer) => answer.body.push(&buffer[..n], &mut out)?,
            None => {
                head.extend_from_slice(&buffer[..n]);
                let Some((mut begun, rest)) = answered(&head)? else {
                    continue;
                };
                begun.body.push(rest, &mut out)?;
                if !begun.is_table {
                    tracing::info!("corrections from {address}{}", from.caster.path);
                }
                answer = Some(begun);
            }
        }
        match &answer {
            Some(answer) if answer.is_table => {
                table.append(&mut out);
                if n == 0 || is_whole(&table) || table.len() > TABLE_BYTES {
                    return Err(no_such(&from.caster.path, &table));
                }
            }
            Some(_) if n == 0 && *fed == 0 => {
                return Err(
                    "the caster closed before any correction: is the mountpoint on air, and \
                            is the account in use elsewhere?"
                        .to_owned(),
                );
            }
            Some(_) if n == 0 => return Err("closed by the caster".to_owned()),
            None if n == 0 => {
                return Err(format!(
                    "ntrip {address}: closed without an answer: is this the port of a caster?"
                ));
            }
            _ => {}
        }
        *fed += out.len() as u64;
        // A receiver that is unplugged misses corrections; old ones are of no use to it.
        if !out.is_empty() {
            let _ = outgoing.try_send(out);
        }
    }
}

fn request(from: &Corrections, gga: Option<&str>) -> String {
    let login = from
        .login
        .as_ref()
        .map_or_else(String::new, |(user, password)| {
            let login = BASE64_STANDARD.encode(format!("{user}:{password}"));
            format!("Authorization: Basic {login}\r\n")
        });
    // A sentence has a line end of its own.
    let gga = gga.map_or_else(String::new, |gga| format!("Ntrip-GGA: {gga}"));
    format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nNtrip-Version: Ntrip/2.0\r\nUser-Agent: NTRIP wayfix/{}\r\n{login}{gga}Connection: close\r\n\r\n",
        from.caster.path,
        from.caster.address,
        env!("CARGO_PKG_VERSION")
    )
}
