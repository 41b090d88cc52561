//! How facts about the node are written, in the API and on the command line alike.

use crate::base::kind::AccountKind;

/// `person` or `business`.
pub(in crate::ui) const fn kind_word(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Person => "person",
        AccountKind::Business => "business",
    }
}

/// Addresses that others can dial: with the peer id at the end.
pub(in crate::ui) fn dialable(addresses: &[String], peer: Option<&str>) -> Vec<String> {
    let whole = |address: &String| match peer {
        Some(peer) if !address.contains("/p2p/") => format!("{address}/p2p/{peer}"),
        _ => address.clone(),
    };
    addresses.iter().map(whole).collect()
}
