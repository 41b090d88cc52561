//! Every bound of the Cloud-API-compatible surface, as its contract has them.

use core::time::Duration;

// What is sent, in characters.

/// The longest text.
pub const TEXT_CHARS_MAX: usize = 4_096;
/// What a program may have given back with each status of a message.
pub const OPAQUE_CHARS_MAX: usize = 512;

// The business's profile, in characters.

/// The line about the business that isn't published.
pub const ABOUT_CHARS_MAX: usize = 139;
/// Its postal address.
pub const ADDRESS_CHARS_MAX: usize = 256;
/// What is published of it.
pub const DESCRIPTION_CHARS_MAX: usize = 256;
/// Its e-mail address.
pub const EMAIL_CHARS_MAX: usize = 128;
/// One website.
pub const WEBSITE_CHARS_MAX: usize = 256;
/// How many there may be.
pub const WEBSITES_MAX: usize = 2;

// Lists.

/// How many things a page has unless the caller says otherwise.
pub const PAGE_DEFAULT: usize = 25;
/// How many it may have.
pub const PAGE_MAX: usize = 100;
/// People who are blocked or unblocked with one request.
pub const BLOCKED_AT_ONCE: usize = 100;
/// Fields that a caller may name.
pub const FIELDS_MAX: usize = 64;

// Webhooks.

/// The longest word by which a receiver knows that it was meant.
pub const VERIFY_TOKEN_MAX: usize = 512;
/// Digits of a challenge that a receiver has to give back.
pub const CHALLENGE_DIGITS: u32 = 10;
/// Messages of which one event can tell how far they got; of more the latest are told.
pub const STATUSES_MAX: usize = 500;

// What is kept of messages that were sent.

/// Messages of one conversation of which something is kept for their statuses; the oldest goes first.
pub const SENT_MAX: usize = 1_000;
/// How long it is kept: longer than a message lives.
pub const SENT_LIFE: Duration = Duration::from_secs(32 * 24 * 60 * 60);
/// Messages that are forgotten where one is kept.
pub const SENT_SWEEP: usize = 8;

const _: () = {
    assert!(
        SENT_LIFE.as_secs() > super::limits::MESSAGE_LIFE.as_secs(),
        "what a status is to give back is there as long as there are statuses"
    );
};
