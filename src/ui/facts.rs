//! How facts about the node are written, in the API and on the command line alike.

use crate::base::kind::AccountKind;
use crate::domain::billing::export::Refusal;
use crate::wire::billing::Credit;

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

/// Why a receipt file proves nothing, as a word for programs.
pub(in crate::ui) const fn receipt_refusal_word(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed => "malformed",
        Refusal::Signature => "tampered",
        Refusal::Log(_) => "log",
        Refusal::Signer => "signer",
        Refusal::Issuer { .. } => "other_issuer",
        Refusal::Subject { .. } => "other_subject",
        Refusal::Notes => "credit_notes",
        Refusal::Credited { credit: Credit::Refund, .. } => "refunded",
        Refusal::Credited { credit: Credit::Revoke, .. } => "revoked",
        Refusal::NotShown => "not_shown",
        Refusal::NotYetValid { .. } => "not_yet_valid",
        Refusal::Expired { .. } => "expired",
    }
}
