//! CAN frames through a pair of sockets: the kernel's frame layout, from a datagram to a line. A
//! virtual interface where the kernel has one.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use socketcan::{CanFrame, CanSocket, Frame, Socket};
use wayfix::live::clock::Clock;
use wayfix::live::inbox::{Inbox, Taken};
use wayfix::live::link::{Health, Link};
use wayfix::live::transport::can::receive;

use crate::harness::raw_bytes;

fn kernel_frame(id: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_ne_bytes().to_vec();
    bytes.extend([data.len() as u8, 0, 0, 0]);
    bytes.extend(data);
    bytes.resize(16, 0);
    bytes
}

#[tokio::test]
async fn frames_over_a_socket_pair() {
    println!("over a socket pair: the frame layer, without a CAN interface");
    let (bus, interface) = UnixDatagram::pair().unwrap();
    let inbox = Arc::new(Inbox::new(1));
    let health: Arc<Health> = Arc::default();
    let (link, _outgoing) = Link::new(
        "can",
        0,
        Clock::start(),
        Arc::clone(&inbox),
        Arc::clone(&health),
    );
    let task = tokio::spawn(async move { receive(interface, &link).await });
    bus.send(&kernel_frame(0x25, &[0x00, 0x10])).unwrap();
    bus.send(&kernel_frame(1 << 29 | 4, &[0; 8])).unwrap();
    bus.send(&kernel_frame(1 << 31 | 0x18FE_F100, &[7]))
        .unwrap();
    let mut lines = Vec::new();
    while lines.len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if let Taken::Chunk { bytes, .. } = inbox.take(Duration::ZERO) {
            lines.push(String::from_utf8(bytes).unwrap());
        }
    }
    assert!(lines[0].ends_with("can0 025#0010\n"), "{lines:?}");
    assert!(lines[1].ends_with("can0 18FEF100#07\n"), "{lines:?}");
    assert!(health.is_open());
    task.abort();
}

#[test]
fn a_virtual_interface() {
    let has = Command::new("ip").args(["link", "show", "vcan0"]).output();
    if !has.is_ok_and(|o| o.status.success()) {
        println!(
            "skipped: this kernel has no vcan0 (modprobe vcan; ip link add vcan0 type vcan; ip link set vcan0 up), or see scripts/vcan.sh"
        );
        return;
    }
    let dbc = "VERSION \"\"\nBU_: ECU\nBO_ 37 Steer: 8 ECU\n SG_ Angle : 3|12@0- (1.5,0) [-600|600] \"deg\" ECU\n";
    let scratch = crate::support::Scratch::new("live-vcan");
    std::fs::write(scratch.0.join("bus.dbc"), dbc).unwrap();
    std::fs::write(scratch.0.join("site.toml"), "").unwrap();
    let vehicle = "[source.steering]\nkind = \"steering\"\n[source.steering.live]\nadapter = \"can\"\ncan = \"vcan0\"\ndbc_file = \"bus.dbc\"\noptions = { steering = \"Angle\" }\n";
    std::fs::write(scratch.0.join("vehicle.toml"), vehicle).unwrap();
    let live = crate::harness::Live::start_in(scratch, &[], |_| ());
    let bus = CanSocket::open("vcan0").unwrap();
    let send = |id| {
        let frame = CanFrame::from_raw_id(id, &[0, 0x10, 0, 0, 0, 0, 0, 0]);
        bus.write_frame(&frame.unwrap()).unwrap();
    };
    // A frame of nobody's is ignored, and tells when it listens.
    live.wait("steering", "listening", |s| {
        send(0x26);
        s["ignored"].as_u64() > Some(0)
    });
    for _ in 0..20 {
        send(0x25);
        std::thread::sleep(Duration::from_millis(5));
    }
    let source = live.wait_samples("steering", 20);
    assert_eq!(
        (&source["samples"], &source["malformed"]),
        (&20.into(), &0.into()),
        "{source:#}"
    );
    let stopped = live.stop();
    let raw = raw_bytes(&stopped.scratch, "out/log.mcap", "steering");
    let raw = String::from_utf8(raw).unwrap();
    assert_eq!(
        raw.matches("can0 025#0010000000000000\n").count(),
        20,
        "{raw}"
    );
    println!("over the kernel's vcan0");
}
