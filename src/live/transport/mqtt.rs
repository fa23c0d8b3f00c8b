//! MQTT: the messages of a topic.

use std::time::Duration;

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS, SubscribeReasonCode};

use super::{End, Fault};
use crate::live::link::Link;

/// A broker that is silent for longer is asked, and then given up.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Requests that wait in the client.
const REQUESTS: usize = 16;
/// The largest message \[bytes\].
const MESSAGE_BYTES: usize = 1 << 20;

/// Subscribes, and receives until the broker is gone.
pub(super) async fn session(broker: &str, topic: &str, link: &Link) -> Result<End, Fault> {
    let what = format!("mqtt {broker}");
    let (host, port) = broker.rsplit_once(':').unwrap_or((broker, ""));
    let port = port.parse().unwrap_or(1883);
    // Two clients with one name throw each other out.
    let name = format!("wayfix-{}-{}", std::process::id(), link.source());
    let mut options = MqttOptions::new(name, host, port);
    options.set_keep_alive(KEEP_ALIVE);
    options.set_max_packet_size(MESSAGE_BYTES, MESSAGE_BYTES);
    let (client, mut events) = AsyncClient::new(options, REQUESTS);
    let asked = client.subscribe(topic, QoS::AtLeastOnce).await;
    asked.map_err(|error| Fault(format!("{what} {topic}: {error}")))?;
    loop {
        let event = events.poll().await.map_err(|error| {
            Fault(format!(
                "{what}: {error}: is the broker running, and is this its port?"
            ))
        })?;
        match event {
            Event::Incoming(Packet::SubAck(answer)) => {
                if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                    let hint = "the broker refuses the topic; may this client read it?";
                    return Err(Fault(format!("{what} {topic}: {hint}")));
                }
                link.opened();
            }
            Event::Incoming(Packet::Publish(message)) => link.received_message(&message.payload),
            _ => {}
        }
    }
}
