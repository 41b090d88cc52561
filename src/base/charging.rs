//! Every bound of charging, each with a name.

use core::time::Duration;

use crate::base::limits::PADDING_BUCKETS;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The longest id of a plan.
pub const PLAN_ID_MAX: usize = 32;
/// The largest signed billing event.
pub const EVENT_MAX: usize = 4 * 1024;
/// Bytes of a receipt's second signature, a JWS in compact form with the issuer's log in its header.
pub const JWS_MAX: usize = 8 * 1024;
/// Bytes of a reason for a credit note, and of a challenge.
pub const REASON_MAX: usize = 140;
/// Bytes of a payer's evidence.
pub const EVIDENCE_MAX: usize = 256;
/// Bytes of a payee's account: the longest is a BOLT11 invoice.
pub const PAYEE_MAX: usize = 1_024;
/// Bytes of a payee's account in a profile, or by a rail whose account is no invoice.
pub const PAYEE_ACCOUNT_MAX: usize = 140;
/// Between the announcement of another price and its effect.
pub const PRICE_NOTICE: Duration = Duration::from_secs(30 * DAY);
/// How old a presentation of a receipt may be.
pub const PRESENTATION_LIFE: Duration = Duration::from_secs(10 * MINUTE);
/// How old the moment of a plan change may be when it is agreed to.
pub const CHANGE_AGE_MAX: Duration = Duration::from_secs(DAY);
/// How far ahead a pause may end.
pub const PAUSE_MAX: Duration = Duration::from_secs(366 * DAY);
/// Receipts of operators that a profile carries.
pub const LISTINGS_MAX: usize = 2;
/// Nodes that one receipt gives a place with a relay to.
pub const PLACES_PER_RECEIPT: usize = 8;
/// Nodes that a relay keeps places for by receipt.
pub const PLACES_MAX: usize = 4_096;
/// Places with relays that a node pays for.
pub const PAID_PLACES_MAX: usize = 16;
/// After which a receipt is shown again to a relay that didn't answer.
pub const SHOWING_PAUSE: Duration = Duration::from_secs(10 * MINUTE);
/// An unpaid first invoice expires after this.
pub const INVOICE_LIFE: Duration = Duration::from_secs(23 * HOUR);
/// How long before a paid period ends the next one's invoice goes out.
pub const RENEWAL_NOTICE: Duration = Duration::from_secs(7 * DAY);
/// The longest trial, grace and hold, in days.
pub const PLAN_DAYS_MAX: u32 = 366;
/// Rails that an invoice offers.
pub const RAILS_MAX: usize = 8;
/// Taxes that a receipt names.
pub const TAXES_MAX: usize = 4;
/// How far ahead a subscription can be paid.
pub const PAID_AHEAD_MAX: Duration = Duration::from_secs(3 * 366 * DAY);
/// Events of one subscription.
pub const HISTORY_MAX: usize = 16_384;
/// Events that the other side of a subscription may say: some fifty years of monthly invoices, offers and receipts.
pub const SAID_MAX: usize = 2_048;
/// Subscriptions, over or not, of one subscriber with one business.
pub const SUBSCRIPTIONS_MAX: usize = 64;
/// Bytes of the key under which a payment provider tells of a payment.
pub const NOTICE_KEY_MAX: usize = 140;
/// Bytes of the text whose hash is a payment's evidence.
pub const EVIDENCE_TEXT_MAX: usize = 4 * 1024;
/// Fewer digits of a receipt's id name none.
pub const RECEIPT_PREFIX_LEAST: usize = 8;
/// Bytes of a line of a ledger's file: the first one has the logs of all customers.
pub const LEDGER_LINE_MAX: usize = 256 * 1024 * 1024;
/// Bytes of any other line: an event's in hexadecimal, with its link.
pub const LEDGER_EVENT_LINE_MAX: usize = 2 * (EVENT_MAX + JWS_MAX + 128) + 256;
/// Events of a ledger in one answer.
pub const LEDGER_PAGE: usize = 1_024;
/// Events of a ledger that are verified at once, by all cores.
pub const AUDIT_PART: usize = 4_096;
/// Signatures by one key after which a table of its multiples pays, in an audit.
pub const TABLE_AFTER: u32 = 512;
/// Parsed keys that an audit keeps for each core.
pub const KEYS_KEPT: usize = 16_384;
/// Keys of which an audit keeps such a table, of 120 KiB each.
pub const TABLES_MAX: usize = 32;

const _: () = {
    assert!(
        EVENT_MAX + JWS_MAX + 1_024 < PADDING_BUCKETS[PADDING_BUCKETS.len() - 1],
        "a receipt with both signatures fits a content"
    );
    // A word of the subscriber is answered by two of the business at most: an agreement and an invoice.
    assert!(
        4 * SAID_MAX <= HISTORY_MAX,
        "whoever floods a subscription leaves room for what the other side says"
    );
};
