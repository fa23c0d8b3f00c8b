//! From vehicle.toml to streams: what is to be opened, decoded and named.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use wayfix_sensors::{Decoder, Kind, Name, device};

use super::rover::Rover;
use super::transport::missing_feature;
use crate::config::Vehicle;
use crate::config::source::live::{Caster, ClockOf, Live, Transport};

/// One stream of bytes.
pub struct Stream {
    /// Its source.
    pub source: Name,
    /// Where its bytes come from.
    pub transport: Transport,
    /// What they say.
    pub decoder: Box<dyn Decoder>,
    /// Sources to which some kinds of readings go instead.
    pub route: Vec<(Kind, Name)>,
    /// What a sample's time is.
    pub clock: ClockOf,
    /// The decoder's stamps are the device's.
    pub has_device_time: bool,
    /// Least time from measurement to receipt \[s\].
    pub latency_s: f64,
    /// Corrections that are fed back.
    pub ntrip: Option<Corrections>,
}

/// A caster and who asks it.
#[derive(Clone)]
pub struct Corrections {
    /// Where.
    pub caster: Caster,
    /// User and password.
    pub login: Option<(String, String)>,
    /// Between two sentences that tell the caster the receiver's place; `None`: it is not told.
    pub gga_every: Option<Duration>,
    /// The receiver's place.
    pub rover: Arc<Rover>,
}

/// The streams of a vehicle; files are looked for in `directory`.
///
/// # Errors
/// This build lacks a transport, a DBC file or a password can't be read.
pub fn streams(vehicle: &Vehicle, directory: &Path) -> anyhow::Result<Vec<Stream>> {
    let mut streams = Vec::new();
    for (name, source) in &vehicle.sources {
        if let Some(live) = source.live() {
            let stream = stream(name, live, directory);
            streams.push(stream.with_context(|| format!("source.{name}.live"))?);
        }
    }
    Ok(streams)
}

fn stream(name: &str, live: &Live, directory: &Path) -> anyhow::Result<Stream> {
    let source = Name::from(name).map_err(|_| anyhow!("the name is longer than 48 bytes"))?;
    let transport = live.transport().context("not exactly one transport")?;
    if let Some(feature) = missing_feature(&transport) {
        bail!("this build has no {feature}: build Wayfix with `--features {feature}`");
    }
    let setup = (live.setup(source, directory)).with_context(|| {
        let file = live.dbc_file.as_deref().unwrap_or_default();
        format!("cannot read {}", directory.join(file).display())
    })?;
    let route = live.route.iter().map(|(kind, to)| {
        let kind = Kind::from_name(kind).with_context(|| format!("route.{kind}: no kind"))?;
        let to = Name::from(to).map_err(|_| anyhow!("route: longer than 48 bytes"))?;
        Ok((kind, to))
    });
    let ntrip = live.ntrip.as_ref().map(|ntrip| {
        let caster = Caster::of(&ntrip.url).context("ntrip.url")?;
        let password = match &ntrip.password_env {
            Some(variable) => std::env::var(variable).with_context(|| {
                format!(
                    "ntrip.password_env: the environment has no {variable}; set it to the password"
                )
            })?,
            None => String::new(),
        };
        let login = ntrip.user.clone().map(|user| (user, password));
        let gga_every = Duration::try_from_secs_f64(ntrip.gga_s);
        let gga_every = gga_every.ok().filter(|every| !every.is_zero());
        let rover = Arc::default();
        anyhow::Ok(Corrections {
            caster,
            login,
            gga_every,
            rover,
        })
    });
    Ok(Stream {
        source,
        transport,
        decoder: device::make(&live.adapter, &setup)?,
        route: route.collect::<anyhow::Result<_>>()?,
        clock: live.clock(),
        has_device_time: live.has_device_time(),
        latency_s: live.latency_s,
        ntrip: ntrip.transpose()?,
    })
}
