//! Why a rail can't carry a payment.

use crate::domain::billing::rail::lightning::LightningError;

/// Why a rail can't carry a payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unusable {
    /// The rail has a currency of its own.
    #[error("{0} pays in {1} only")]
    Currency(&'static str, &'static str),
    /// Something about the payee.
    #[error("{0}")]
    Account(&'static str),
    /// Something about a BOLT11 invoice.
    #[error(transparent)]
    Lightning(#[from] LightningError),
}
