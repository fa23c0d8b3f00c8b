//! Bluetooth LE: advertisements of beacons, each as a line of JSON for the adapter `ble`.

use btleplug::api::{Central, CentralEvent, Manager as _, Peripheral as _, ScanFilter};
use btleplug::platform::{Adapter, Manager, PeripheralId};
use futures_util::StreamExt;
use wayfix_sensors::ble::Advertisement;

use super::{End, Fault};
use crate::live::link::Link;

/// What radios give where they measured nothing.
const NOT_MEASURED_DBM: i16 = 127;

/// Scans until the radio is gone.
pub(super) async fn session(name: &str, link: &Link) -> Result<End, Fault> {
    let fault = |hint: &str| {
        let what = format!("ble {name}");
        let hint = hint.to_owned();
        move |error: btleplug::Error| Fault(format!("{what}: {error}: {hint}"))
    };
    let service = "is the Bluetooth service running (bluetoothd), and may this user use it?";
    let manager = Manager::new().await.map_err(fault(service))?;
    let adapters = manager.adapters().await.map_err(fault(service))?;
    let adapter = pick(adapters, name).await?;
    let mut events = adapter.events().await.map_err(fault(service))?;
    let off = "is the radio switched on? (bluetoothctl power on)";
    adapter
        .start_scan(ScanFilter::default())
        .await
        .map_err(fault(off))?;
    link.opened();
    while let Some(event) = events.next().await {
        // Every advertisement brings a new strength; the other events bring what it says.
        let (id, rssi_dbm) = match event {
            CentralEvent::RssiUpdate { id, rssi } => (id, Some(rssi)),
            CentralEvent::DeviceDiscovered(id) => (id, None),
            _ => continue,
        };
        if let Some(heard) = advertisement(&adapter, &id, rssi_dbm).await {
            link.received(heard.to_line().as_bytes());
        }
    }
    Ok(End::Closed)
}

async fn pick(adapters: Vec<Adapter>, name: &str) -> Result<Adapter, Fault> {
    let mut found = Vec::new();
    for adapter in adapters {
        let info = adapter.adapter_info().await.unwrap_or_default();
        if name == "any" || info.split_whitespace().next() == Some(name) {
            return Ok(adapter);
        }
        found.push(info);
    }
    let there = match found.is_empty() {
        true => "this computer has none".to_owned(),
        false => format!("there are {}", found.join(", ")),
    };
    Err(Fault(format!(
        "ble {name}: no such Bluetooth adapter: {there}"
    )))
}

async fn advertisement(
    adapter: &Adapter,
    id: &PeripheralId,
    rssi_dbm: Option<i16>,
) -> Option<Advertisement> {
    let peripheral = adapter.peripheral(id).await.ok()?;
    let properties = peripheral.properties().await.ok()??;
    let mut manufacturer: Vec<_> = properties.manufacturer_data.into_iter().collect();
    manufacturer.sort_unstable();
    let service = properties.service_data.into_iter();
    let mut service: Vec<_> = service.map(|(id, data)| (id.to_string(), data)).collect();
    service.sort_unstable();
    if manufacturer.is_empty() && service.is_empty() {
        // What it is has not been told yet.
        rssi_dbm?;
    }
    Some(Advertisement {
        address: properties.address.to_string(),
        rssi_dbm: rssi_dbm.or(properties.rssi).unwrap_or(NOT_MEASURED_DBM),
        tx_power_dbm: properties.tx_power_level,
        manufacturer: manufacturer.into(),
        service: service.into(),
    })
}
