//! The setup's names to places in messages, by a DBC file.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use can_dbc::{
    ByteOrder, Dbc, Message, MessageId, MultiplexIndicator, NumericValue, SignalExtendedValueType,
    ValueType,
};

use super::bus::{Bound, Bus, Kind, Options};
use super::signal::{Format, Signal};
use crate::counter::Sequence;

/// A bus that gives what `options` name.
pub(super) fn bus(options: &Options) -> Result<Bus, String> {
    if options.dbc.trim().is_empty() {
        return Err("dbc: no text of a DBC file".into());
    }
    let dbc = Dbc::try_from(options.dbc.as_str()).map_err(|e| {
        let text = e.to_string();
        format!("dbc: {}", text.lines().next().unwrap_or_default())
    })?;
    if !(options.together_s >= 0.0 && options.together_s < 3600.0) {
        return Err("together_s: a time from 0 to an hour".into());
    }
    if options.ticks.len() > 4 || options.speeds.len() > 4 {
        return Err("ticks, speeds: at most four wheels".into());
    }
    if options.steering_ticks.is_some() && options.ticks.is_empty() {
        return Err("steering_ticks: given with wheel counters only, and `ticks` is empty".into());
    }
    if options.yaw_rate.is_some() && options.forward_speed.is_none() {
        return Err("yaw_rate: given with a speed only, and `forward_speed` is missing".into());
    }
    let mut all = All {
        dbc: &dbc,
        bus: Bus::new(options),
    };
    let speed = Unit {
        key: "speed_unit",
        stated: options.speed_unit.as_deref(),
        known: &[
            (&["m/s", "mps"], 1.0),
            (&["km/h", "kmh", "kph", "kmph"], 1.0 / 3.6),
            (&["mph", "mi/h"], 0.447_04),
        ],
    };
    let angle = Unit {
        key: "angle_unit",
        stated: options.angle_unit.as_deref(),
        known: &[(&["rad"], 1.0), (&["deg", "°", "degree", "degrees"], DEG)],
    };
    let rate = Unit {
        key: "rate_unit",
        stated: options.rate_unit.as_deref(),
        known: &[
            (&["rad/s"], 1.0),
            (&["deg/s", "°/s", "degree/s", "degrees/s"], DEG),
        ],
    };
    let counts = Unit {
        key: "",
        stated: None,
        known: &[],
    };
    let with = |unit| move |name: &String| (name.clone(), unit);

    let mut ticks: Vec<_> = options.ticks.iter().map(with(&counts)).collect();
    ticks.extend(options.steering_ticks.iter().map(with(&counts)));
    let steering = options.steering_ticks.is_some();
    all.reading(Kind::Ticks { steering }, &ticks)?;
    let speeds: Vec<_> = options.speeds.iter().map(with(&speed)).collect();
    all.reading(Kind::Speeds, &speeds)?;
    let steering: Vec<_> = options.steering.iter().map(with(&angle)).collect();
    all.reading(Kind::Steering, &steering)?;
    let mut twist: Vec<_> = options.forward_speed.iter().map(with(&speed)).collect();
    twist.extend(options.yaw_rate.iter().map(with(&rate)));
    all.reading(Kind::Twist, &twist)?;

    if [&ticks, &speeds, &steering, &twist]
        .iter()
        .all(|names| names.is_empty())
    {
        return Err("no signal is named: ticks, speeds, steering or forward_speed".into());
    }
    for name in &options.counters {
        let (message, signal) = all.find(name)?;
        let found = all.signal(message, signal)?;
        let key = all.key(message);
        all.bus.message(key).counter = Some((found, Sequence::new(found.size as u32)));
    }
    Ok(all.bus)
}

const DEG: f64 = core::f64::consts::PI / 180.0;

/// A unit by the words for it.
#[derive(Clone, Copy)]
struct Unit<'a> {
    key: &'a str,
    stated: Option<&'a str>,
    known: &'a [(&'a [&'a str], f64)],
}

impl Unit<'_> {
    fn scale(&self, signal: &can_dbc::Signal) -> Result<f64, String> {
        if self.known.is_empty() {
            return Ok(1.0);
        }
        let unit = self
            .stated
            .unwrap_or(signal.unit.as_str())
            .trim()
            .to_lowercase();
        let found = self
            .known
            .iter()
            .find(|(words, _)| words.contains(&unit.as_str()));
        found.map(|(_, scale)| *scale).ok_or_else(|| {
            let words: Vec<&str> = self
                .known
                .iter()
                .filter_map(|(w, _)| w.first().copied())
                .collect();
            format!(
                "{}: the unit `{unit}` is none of {}; state it as `{}`",
                signal.name,
                words.join(", "),
                self.key
            )
        })
    }
}

struct All<'a> {
    dbc: &'a Dbc,
    bus: Bus,
}

impl<'a> All<'a> {
    /// A reading of these signals in this order; none where there are none.
    fn reading(&mut self, kind: Kind, names: &[(String, &Unit<'_>)]) -> Result<(), String> {
        if names.is_empty() {
            return Ok(());
        }
        let reading = self.bus.add_reading(kind, names.len());
        for (place, (name, unit)) in names.iter().enumerate() {
            let (message, signal) = self.find(name)?;
            let sense = if name.trim().starts_with('-') {
                -1.0
            } else {
                1.0
            };
            let bound = Bound {
                signal: self.signal(message, signal)?,
                only_if: self.switch(message, signal)?,
                scale: sense * unit.scale(signal)?,
                reading,
                place,
            };
            let key = self.key(message);
            self.bus.message(key).bound.push(bound);
        }
        Ok(())
    }

    fn key(&self, message: &Message) -> u32 {
        match message.id {
            MessageId::Standard(id) => self.bus.key(u32::from(id), false),
            MessageId::Extended(id) => self.bus.key(id, true),
        }
    }

    /// `[-][Message.]Signal`.
    fn find(&self, name: &str) -> Result<(&'a Message, &'a can_dbc::Signal), String> {
        let name = name.trim().trim_start_matches('-');
        let (message, signal) = match name.split_once('.') {
            Some((message, signal)) => (Some(message), signal),
            None => (None, name),
        };
        let mut found = self
            .dbc
            .messages
            .iter()
            .filter(|m| message.is_none_or(|wanted| m.name == wanted))
            .flat_map(|m| m.signals.iter().map(move |s| (m, s)))
            .filter(|(_, s)| s.name == signal);
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(format!("signal `{name}` is not in the DBC")),
            (Some((a, _)), Some((b, _))) => Err(format!(
                "signal `{name}` is in several messages: say `{}.{signal}` or `{}.{signal}`",
                a.name, b.name
            )),
        }
    }

    fn signal(&self, message: &Message, signal: &can_dbc::Signal) -> Result<Signal, String> {
        let size = signal.size as usize;
        if !(1..=64).contains(&signal.size) || signal.start_bit >= 512 {
            return Err(format!("signal `{}` has {} bits", signal.name, signal.size));
        }
        let kind = self
            .dbc
            .signal_extended_value_type_list
            .iter()
            .find(|e| e.message_id == message.id && e.signal_name == signal.name)
            .map(|e| e.signal_extended_value_type);
        let format = match (kind, signal.value_type, size) {
            (Some(SignalExtendedValueType::IEEEfloat32Bit), _, 32) => Format::Single,
            (Some(SignalExtendedValueType::IEEEdouble64bit), _, 64) => Format::Double,
            (_, ValueType::Signed, _) => Format::Signed,
            (_, ValueType::Unsigned, _) => Format::Unsigned,
        };
        let [low, high] = [&signal.min, &signal.max].map(number);
        Ok(Signal {
            start: signal.start_bit as usize,
            size,
            big_endian: signal.byte_order == ByteOrder::BigEndian,
            format,
            factor: signal.factor,
            offset: signal.offset,
            // [0|0] is how a DBC says that it states none.
            range: (low < high).then_some([low, high]),
        })
    }

    /// The switch that a multiplexed signal hangs on.
    fn switch(
        &self,
        message: &Message,
        signal: &can_dbc::Signal,
    ) -> Result<Option<(Signal, u64)>, String> {
        let value = match signal.multiplexer_indicator {
            MultiplexIndicator::Plain | MultiplexIndicator::Multiplexor => return Ok(None),
            MultiplexIndicator::MultiplexedSignal(value)
            | MultiplexIndicator::MultiplexorAndMultiplexedSignal(value) => value,
        };
        let nested = self
            .dbc
            .extended_multiplex
            .iter()
            .any(|e| e.message_id == message.id && e.signal_name == signal.name);
        let mut switches = message
            .signals
            .iter()
            .filter(|s| s.multiplexer_indicator == MultiplexIndicator::Multiplexor);
        match (switches.next(), switches.next(), nested) {
            (Some(switch), None, false) => Ok(Some((self.signal(message, switch)?, value))),
            _ => Err(format!(
                "signal `{}` hangs on no switch, or on more than one, which is not supported",
                signal.name
            )),
        }
    }
}

fn number(value: &NumericValue) -> f64 {
    match value {
        NumericValue::Uint(v) => *v as f64,
        NumericValue::Int(v) => *v as f64,
        NumericValue::Double(v) => *v,
    }
}

#[cfg(test)]
mod tests;
