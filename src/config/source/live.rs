//! `[source.NAME.live]`: where a source's bytes come from, what they say, and what its clock is
//! worth.
//!
//! ```toml
//! [source.gnss.live]
//! adapter = "ubx"                       # the decoder, by its name
//! serial = "/dev/ttyACM0"               # one transport
//! baud = 115200
//! options = { time = "utc" }            # the decoder's own
//! route = { imu = "receiver_imu" }      # readings of that kind are another source's
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wayfix_sensors::device::{self, Device, Setup};
use wayfix_sensors::{Kind, Name};

use super::Source;

/// How a source is heard live. Exactly one of `serial`, `tcp`, `tcp_listen`, `udp`, `file`, `ble`,
/// `can`, `mqtt` says where its bytes come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// The decoder, by its name.
    pub adapter: String,
    /// The decoder's own options.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
    /// A DBC file beside vehicle.toml, for the adapter `can`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dbc_file: Option<String>,
    /// Sources to which readings of some kinds go instead, by the kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub route: BTreeMap<String, String>,
    /// What a sample's time is; absent: the device's where its samples carry one, else that of receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockOf>,
    /// The least time between a measurement and the receipt of its bytes, taken off [s].
    #[serde(default)]
    pub latency_s: f64,

    /// A serial port: its path, or its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Its speed [Bd]; 115200 where it isn't stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baud: Option<u32>,
    /// A server to connect to, as host:port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<String>,
    /// An address to wait at for a device that connects, as address:port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_listen: Option<String>,
    /// An address at which datagrams arrive, as address:port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp: Option<String>,
    /// A multicast group to join, for `udp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// A file or a named pipe; "-" is the standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A Bluetooth adapter that scans, such as "hci0"; "any" is the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ble: Option<String>,
    /// A CAN interface, such as "can0".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can: Option<String>,
    /// An MQTT broker, as host:port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mqtt: Option<String>,
    /// The topic to subscribe to, for `mqtt`; may have wildcards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,

    /// Corrections for a satellite receiver, sent to it over the same `serial` or `tcp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ntrip: Option<Ntrip>,
}

/// Which clock a sample's time is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockOf {
    /// The device's, whose offset and drift are found from when its bytes arrive.
    Device,
    /// This computer's, when the bytes arrive.
    Receive,
    /// The device's as it stands: it is kept in step with this computer's by other means (PTP, NTP,
    /// one common bridge). Over TCP, whoever sends too fast is made to wait.
    Synchronised,
}

/// A caster of corrections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ntrip {
    /// `http://HOST:PORT/MOUNTPOINT`.
    pub url: String,
    /// Who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The environment variable that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// Between two GGA sentences that tell the caster where the receiver is [s]; 0 tells it nothing.
    #[serde(default = "default_gga_s")]
    pub gga_s: f64,
}

fn default_gga_s() -> f64 {
    10.0
}

/// Where bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A serial port and its speed \[Bd\].
    Serial(String, u32),
    /// A server.
    Tcp(String),
    /// A port of this computer.
    TcpListen(String),
    /// Datagrams at an address, of a multicast group perhaps.
    Udp(String, Option<String>),
    /// A file, a pipe, the standard input.
    File(String),
    /// A Bluetooth adapter.
    Ble(String),
    /// A CAN interface.
    Can(String),
    /// A broker and a topic.
    Mqtt(String, String),
}

const BAUD: u32 = 115_200;
const TRANSPORTS: &str =
    "exactly one of serial, tcp, tcp_listen, udp, file, ble, can, mqtt (where the bytes come from)";

/// What is wrong with a table: the key within it, its value, and what is expected because of what.
pub(in crate::config) struct Wrong {
    pub key: String,
    pub value: String,
    pub expected: String,
    pub because: String,
}

impl Wrong {
    fn new(key: &str, value: impl ToString, expected: &str, because: &str) -> Self {
        Self {
            key: key.to_owned(),
            value: value.to_string(),
            expected: expected.to_owned(),
            because: because.to_owned(),
        }
    }
}

impl Live {
    /// Where the bytes come from; `None` where the table does not say so in one way.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        let mut all = self.transports();
        let only = all.pop()?;
        all.is_empty().then_some(only.1)
    }

    fn transports(&self) -> Vec<(&'static str, Transport)> {
        let topic = || self.topic.clone().unwrap_or_default();
        let pairs = [
            ("serial", &self.serial),
            ("tcp", &self.tcp),
            ("tcp_listen", &self.tcp_listen),
            ("udp", &self.udp),
            ("file", &self.file),
            ("ble", &self.ble),
            ("can", &self.can),
            ("mqtt", &self.mqtt),
        ];
        let stated = pairs.into_iter();
        stated
            .filter_map(|(key, value)| {
                let value = value.clone()?;
                let transport = match key {
                    "serial" => Transport::Serial(value, self.baud.unwrap_or(BAUD)),
                    "tcp" => Transport::Tcp(value),
                    "tcp_listen" => Transport::TcpListen(value),
                    "udp" => Transport::Udp(value, self.group.clone()),
                    "file" => Transport::File(value),
                    "ble" => Transport::Ble(value),
                    "can" => Transport::Can(value),
                    _ => Transport::Mqtt(value, topic()),
                };
                Some((key, transport))
            })
            .collect()
    }

    /// Whether samples carry a time of the device's own.
    #[must_use]
    pub fn has_device_time(&self) -> bool {
        self.adapter == "json_lines"
            || self
                .options
                .get("time")
                .is_some_and(|time| time != "receive")
    }

    /// What a sample's time is.
    #[must_use]
    pub fn clock(&self) -> ClockOf {
        self.clock.unwrap_or(if self.has_device_time() {
            ClockOf::Device
        } else {
            ClockOf::Receive
        })
    }

    /// What its decoder is made from; files are looked for in `directory`.
    ///
    /// # Errors
    /// The DBC file can't be read.
    pub fn setup(&self, source: Name, directory: &Path) -> std::io::Result<Setup> {
        let mut options = self.options.clone();
        if let Some(file) = &self.dbc_file {
            // Old DBC files are in Latin-1; names of signals are ASCII in any case.
            let bytes = std::fs::read(directory.join(file))?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            options.insert("dbc".to_owned(), Value::String(text));
        }
        Ok(Setup { source, options })
    }

    /// Everything in which the table contradicts itself or the vehicle's other sources.
    pub(in crate::config) fn wrong(&self, source: &str, has: impl Fn(&str) -> bool) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let stated = self.transports();
        if stated.len() != 1 {
            let keys: Vec<&str> = stated.iter().map(|(key, _)| *key).collect();
            let value = match keys.is_empty() {
                true => "no transport".to_owned(),
                false => keys.join(" and "),
            };
            wrong.push(Wrong::new("", value, TRANSPORTS, "bytes come one way"));
        }
        for (key, transport) in &stated {
            if let Transport::Tcp(a)
            | Transport::TcpListen(a)
            | Transport::Udp(a, _)
            | Transport::Mqtt(a, _) = transport
                && !is_address(a)
            {
                let because = "the part behind the last colon is no port";
                wrong.push(Wrong::new(key, format!("{a:?}"), "host:port", because));
            }
        }
        let is = |key: &str| stated.iter().any(|(k, _)| *k == key);
        let companions = [
            ("baud", self.baud.is_some(), "serial", &["serial"][..]),
            ("group", self.group.is_some(), "udp", &["udp"]),
            ("topic", self.topic.is_some(), "mqtt", &["mqtt"]),
            (
                "ntrip",
                self.ntrip.is_some(),
                "serial or tcp",
                &["serial", "tcp"],
            ),
        ];
        for (key, there, with, any) in companions {
            if there && !any.iter().any(|k| is(k)) {
                let because = "the bytes come another way";
                wrong.push(Wrong::new(
                    key,
                    "given",
                    &format!("only with {with}"),
                    because,
                ));
            }
        }
        if is("mqtt") && self.topic.is_none() {
            let because = "a broker has many";
            wrong.push(Wrong::new("topic", "missing", "a topic", because));
        }
        if let Some(group) = &self.group
            && !(group.parse::<std::net::IpAddr>()).is_ok_and(|group| group.is_multicast())
        {
            let expected = "a multicast address, such as 239.0.0.1";
            wrong.push(Wrong::new(
                "group",
                format!("{group:?}"),
                expected,
                "it is a group",
            ));
        }
        if let Some(ntrip) = &self.ntrip
            && Caster::of(&ntrip.url).is_none()
        {
            let value = format!("{:?}", ntrip.url);
            let expected = "http://HOST:PORT/MOUNTPOINT";
            wrong.push(Wrong::new(
                "ntrip.url",
                value,
                expected,
                "that is what a caster is asked for",
            ));
        }
        for (kind, to) in &self.route {
            let key = format!("route.{kind}");
            if Kind::from_name(kind).is_none() {
                let expected = "a kind of reading, such as imu";
                wrong.push(Wrong::new(
                    &key,
                    format!("{kind:?}"),
                    expected,
                    "readings go by kind",
                ));
            } else if !has(to) {
                let because = "vehicle.toml has no such source";
                let value = format!("{to:?}");
                wrong.push(Wrong::new(&key, value, "the name of a source", because));
            }
        }
        if self.clock == Some(ClockOf::Device) && !self.has_device_time() {
            let because = "the decoder's samples carry no time of their own (options.time)";
            wrong.push(Wrong::new("clock", "\"device\"", "\"receive\"", because));
        }
        self.wrong_adapter(source, &mut wrong);
        wrong
    }

    fn wrong_adapter(&self, source: &str, wrong: &mut Vec<Wrong>) {
        let value = format!("{:?}", self.adapter);
        if let Err(error) = Device::find(&self.adapter) {
            wrong.push(Wrong::new(
                "adapter",
                value,
                "the name of a decoder",
                &error.to_string(),
            ));
            return;
        }
        // What a build can't read, it may still replay.
        let is_checked = self.adapter != "can" || cfg!(feature = "dbc");
        if self.dbc_file.is_none()
            && is_checked
            && let Ok(name) = Name::from(source)
        {
            let setup = Setup {
                source: name,
                options: self.options.clone(),
            };
            if let Err(error) = device::make(&self.adapter, &setup) {
                let expected = "the decoder's own options";
                wrong.push(Wrong::new(
                    "options",
                    "as given",
                    expected,
                    &error.to_string(),
                ));
            }
        }
    }
}

impl Source {
    /// How it is heard live.
    #[must_use]
    pub fn live(&self) -> Option<&Live> {
        match self {
            Self::Imu(s) => s.live.as_ref(),
            Self::Magnetometer(s) => s.live.as_ref(),
            Self::Height(s) => s.live.as_ref(),
            Self::Wheels(s) => s.live.as_ref(),
            Self::Steering(s) => s.live.as_ref(),
            Self::Gnss(s) => s.live.as_ref(),
            Self::Uwb(s) => s.live.as_ref(),
            Self::Rssi(s) => s.live.as_ref(),
            Self::Landmark(s) => s.live.as_ref(),
            Self::Camera(s) => s.live.as_ref(),
            Self::Portal(s) => s.live.as_ref(),
            Self::Pose(s) => s.live.as_ref(),
        }
    }
}

/// A caster's address, and the path that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caster {
    /// `host:port`.
    pub address: String,
    /// `/MOUNTPOINT`.
    pub path: String,
}

impl Caster {
    /// From a URL; the port is 2101 where it isn't stated.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let (host, mount) = rest.split_once('/')?;
        let address = match host.rsplit_once(':') {
            Some(_) if is_address(host) => host.to_owned(),
            Some(_) => return None,
            None => format!("{host}:2101"),
        };
        let sound = !mount.is_empty() && mount.bytes().all(|b| b.is_ascii_graphic());
        (sound && !host.is_empty()).then(|| Self {
            address,
            path: format!("/{mount}"),
        })
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests;
