//! Every bound of the Cloud-API-compatible surface, as its contract has them.

use core::time::Duration;

const MEBIBYTE: u64 = 1024 * 1024;

// What is sent, in characters.

/// The longest text.
pub const TEXT_CHARS_MAX: usize = 4_096;
/// What a program may have given back with each status of a message.
pub const OPAQUE_CHARS_MAX: usize = 512;

/// The text of a menu.
pub const BODY_CHARS_MAX: usize = 1_024;
/// The text above a list.
pub const LIST_BODY_CHARS_MAX: usize = 4_096;
/// What stands above a menu's text, and what stands below.
pub const EDGE_CHARS_MAX: usize = 60;
/// Buttons of a menu.
pub const BUTTONS_MAX: usize = 3;
/// The longest title of a button.
pub const BUTTON_TITLE_MAX: usize = 20;
/// The longest id of one.
pub const BUTTON_ID_MAX: usize = 256;
/// Rows of a list, and its sections.
pub const ROWS_MAX: usize = 10;
/// The longest title of a row or a section.
pub const ROW_TITLE_MAX: usize = 24;
/// The longest id of a row.
pub const ROW_ID_MAX: usize = 200;
/// The longest description of one.
pub const ROW_ABOUT_MAX: usize = 72;

/// Products of a list of them.
pub const PRODUCTS_MAX: usize = 30;

/// What opens a flow.
pub const FLOW_BUTTON_CHARS_MAX: usize = 30;
/// Mistakes of a flow's document that are told at once.
pub const FLOW_MISTAKES_MAX: usize = 32;
/// Components of one screen of a flow that are looked at.
pub const FLOW_COMPONENTS_MAX: usize = 100;

/// What a program calls an order.
pub const REFERENCE_CHARS_MAX: usize = 35;
/// Why an order stands as it does.
pub const ORDER_ABOUT_CHARS_MAX: usize = 120;

// Files, in bytes.

/// A picture.
pub const IMAGE_BYTES_MAX: u64 = 5 * MEBIBYTE;
/// Sound, and moving pictures.
pub const PLAYED_BYTES_MAX: u64 = 16 * MEBIBYTE;
/// Anything else.
pub const DOCUMENT_BYTES_MAX: u64 = 100 * MEBIBYTE;
/// A sticker.
pub const STICKER_BYTES_MAX: u64 = 500 * 1024;
/// The longest text under a file, in characters.
pub const CAPTION_CHARS_MAX: usize = 1_024;
/// What an upload says beside the file: one field, and the head of one part.
pub const FORM_FIELD_MAX: usize = 4 * 1024;
/// How many parts an upload has.
pub const FORM_PARTS_MAX: usize = 16;
/// How long an upload or a download may stand still.
pub const MEDIA_PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take in all.
pub const MEDIA_TIME_MAX: Duration = Duration::from_secs(15 * 60);
/// How often a file that is still to come is looked for, while somebody waits for it.
pub const MEDIA_LOOK_INTERVAL: Duration = Duration::from_millis(100);

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
        PRODUCTS_MAX == super::said_limits::OFFER_ITEMS_MAX && ROWS_MAX == super::said_limits::SHELVES_MAX,
        "the longest list of products can be offered"
    );
    assert!(
        SENT_LIFE.as_secs() > super::limits::MESSAGE_LIFE.as_secs(),
        "what a status is to give back is there as long as there are statuses"
    );
};
