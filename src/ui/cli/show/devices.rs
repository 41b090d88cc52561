//! The devices of an identity in words.

use serde_json::Value;

use crate::ui::cli::show::words::{list, table, text};

/// A device that was let in.
pub(in crate::ui::cli) fn linked(value: &Value) -> String {
    format!(
        "linked {}: it is given contacts and history while both devices run; it must show the address {}",
        text(value, "device"),
        text(value, "address")
    )
}

/// All devices.
pub(in crate::ui::cli) fn devices(value: &Value) -> String {
    let row = |device: &Value| {
        let what = match (device["this_device"] == true, device["catching_up"] == true) {
            (true, _) => "this device",
            (false, true) => "is being given contacts and history",
            (false, false) => "",
        };
        let address = list(&device["addresses"]).first().and_then(Value::as_str).unwrap_or_default();
        vec![text(device, "id").to_owned(), what.to_owned(), address.to_owned()]
    };
    let rows = list(value).iter().map(row).collect();
    table(&["DEVICE", "", "ADDRESS"], rows, "no devices")
}
