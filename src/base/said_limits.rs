//! Every bound of what a message can be beside a text, each with a name.

use core::time::Duration;

use crate::base::limits::{
    GROUP_MAX, HISTORY_PAGE_BYTES, LINE_MAX, NAME_MAX, PADDING_BUCKETS, PAGE_BYTES_MAX, TEXT_MAX, VALUE_MAX,
};

const HOUR: u64 = 60 * 60;

/// The largest encoded thing that is said.
pub const SAID_MAX: usize = TEXT_MAX;
/// The longest reaction in bytes: families and flags are emoji of up to 35.
pub const EMOJI_MAX: usize = 64;
/// How often a person may say something new of one message; also how often one is edited.
pub const REVISIONS_MAX: u32 = 1_000;
/// How long after it was sent a message's author can edit it.
pub const EDIT_LIFE: Duration = Duration::from_secs(24 * HOUR);
/// How long after it was sent a message's author can take it back.
pub const DELETION_LIFE: Duration = Duration::from_secs(48 * HOUR);
/// Screens of a form.
pub const FORM_SCREENS_MAX: usize = 16;
/// Fields of a form, on all its screens together.
pub const FORM_FIELDS_MAX: usize = 40;
/// The longest id of a field.
pub const FIELD_ID_MAX: usize = 64;
/// The longest label of a field.
pub const FIELD_LABEL_MAX: usize = 240;
/// The longest hint about one.
pub const FIELD_HINT_MAX: usize = 288;
/// Options of one field.
pub const FIELD_OPTIONS_MAX: usize = 100;
/// Options that are named where somebody is told which there are.
pub const FIELD_OPTIONS_NAMED: usize = 8;
/// The longest line that a field takes.
pub const FIELD_LINE_MAX: usize = 512;
/// The longest text that a field takes.
pub const FIELD_TEXT_MAX: usize = 4 * 1024;
/// The longest number.
pub const FIELD_NUMBER_MAX: usize = 24;
/// Digits of a number, before its point and behind it.
pub const FIELD_DIGITS_MAX: usize = 15;
/// The longest e-mail address.
pub const FIELD_EMAIL_MAX: usize = 254;
/// The longest telephone number.
pub const FIELD_PHONE_MAX: usize = 32;
/// The longest token that comes back with an answer.
pub const FORM_TOKEN_MAX: usize = 256;
/// What else comes back with an answer, and how many bytes all of it has, with its ids.
pub const FORM_KNOWN_MAX: usize = 16;
/// See [`FORM_KNOWN_MAX`].
pub const FORM_KNOWN_BYTES_MAX: usize = 1_024;
/// The longest word about why an answer doesn't fit its form.
pub const MISFIT_MAX: usize = 512;
/// Messages of one conversation that aren't here and that something is known of already; what comes then is dropped.
pub const EARLY_MAX: usize = 256;
/// How many entries are looked at for a message that is named by the beginning of its id.
pub const LOOK_BACK: usize = 10_000;
/// Devices of a contact that don't speak for it any more and of which something is kept.
pub const FORMER_DEVICES_MAX: usize = 256;
/// Ten-millionths of a degree.
pub const DEGREE: i32 = 10_000_000;
/// The longest name of a place, and the longest address of one, in bytes.
pub const PLACE_NAME_MAX: usize = 256;
/// See [`PLACE_NAME_MAX`].
pub const PLACE_ADDRESS_MAX: usize = 512;
/// Telephone numbers, and e-mail addresses, on a contact's card.
pub const CARD_LINES_MAX: usize = 4;
/// The longest of them.
pub const CARD_LINE_MAX: usize = 128;
/// The longest text of a menu in bytes.
pub const MENU_TEXT_MAX: usize = 4 * 1024;
/// The longest header, and the longest footer, of a menu.
pub const MENU_EDGE_MAX: usize = 240;
/// Rows of a menu, in all its sections together.
pub const MENU_ROWS_MAX: usize = 10;
/// The longest id of a row.
pub const ROW_ID_MAX: usize = 256;
/// The longest title of a row, a section or a link.
pub const ROW_TITLE_MAX: usize = 96;
/// The longest description of a row.
pub const ROW_ABOUT_MAX: usize = 288;
/// The longest link of a menu.
pub const LINK_MAX: usize = 1_024;
/// Things in an offer, on all its shelves together, and in an order.
pub const OFFER_ITEMS_MAX: usize = 30;
/// Shelves of an offer.
pub const SHELVES_MAX: usize = 10;
/// The longest id of a thing in an offer.
pub const WARE_ID_MAX: usize = 64;
/// The longest description of one.
pub const WARE_ABOUT_MAX: usize = 1_024;
/// To how much descriptions are cut where they would have no room otherwise.
pub const WARE_ABOUT_SHORT: usize = 120;
/// The most that is ordered of one thing.
pub const QUANTITY_MAX: u32 = 99_999;
/// The longest text of an order.
pub const ORDER_TEXT_MAX: usize = 2 * 1024;
/// The longest name by which a business calls an order.
pub const ORDER_REFERENCE_MAX: usize = 64;
/// The longest word about why an order stands as it does, or about what is added to a bill.
pub const BILL_ABOUT_MAX: usize = 512;
/// Messages whose places one row holds, of those that were named at one time: as many as one batch files.
pub const NAMES_TOGETHER_MAX: usize = GROUP_MAX;
/// How much of a message is shown where another one answers it, in characters.
pub const QUOTE_MAX: usize = 120;

const _: () = {
    let edges = NAME_MAX + LINE_MAX + 64;
    assert!(
        edges + 2 * CARD_LINES_MAX * (CARD_LINE_MAX + 2) + LINE_MAX < SAID_MAX,
        "a full card can be said"
    );
    assert!(PLACE_NAME_MAX + PLACE_ADDRESS_MAX + 32 < SAID_MAX, "a full place can be said");
    assert!(MENU_TEXT_MAX + 2 * MENU_EDGE_MAX + LINK_MAX < SAID_MAX, "a menu has room for rows");
    let things = OFFER_ITEMS_MAX * (WARE_ID_MAX + NAME_MAX + 32);
    assert!(
        things + MENU_TEXT_MAX + 2 * MENU_EDGE_MAX + SHELVES_MAX * (ROW_TITLE_MAX + 8) < SAID_MAX,
        "a full offer can be said, without descriptions and pictures"
    );
    assert!(things + ORDER_TEXT_MAX + 64 < SAID_MAX, "a full order can be said");
    assert!(WARE_ABOUT_SHORT < WARE_ABOUT_MAX);
    assert!(
        MENU_TEXT_MAX
            + 2 * MENU_EDGE_MAX
            + FORM_TOKEN_MAX
            + FORM_FIELDS_MAX * (FIELD_ID_MAX + ROW_TITLE_MAX + 8)
            < SAID_MAX,
        "a form has room for all its fields, with short labels"
    );
    assert!(
        FIELD_TEXT_MAX + FIELD_LABEL_MAX + FIELD_ID_MAX + 64 < SAID_MAX,
        "the longest text of a field can be said"
    );
    assert!(
        FORM_TOKEN_MAX + FORM_KNOWN_BYTES_MAX + 2 * FORM_KNOWN_MAX < 2_048 - 512 && MISFIT_MAX < 1_024,
        "an answer fits a page with what comes back with it"
    );
    assert!(
        SAID_MAX + 1_024 + 1_024 + 512 < PADDING_BUCKETS[PADDING_BUCKETS.len() - 1],
        "the largest thing said fits a content, by template, and a copy of it too"
    );
    assert!(SAID_MAX + 2_048 < VALUE_MAX && PADDING_BUCKETS[PADDING_BUCKETS.len() - 1] + 2_048 < VALUE_MAX);
    assert!(NAMES_TOGETHER_MAX * 28 + 8 < VALUE_MAX, "the names of one time fit a value");
    assert!(FORMER_DEVICES_MAX * 33 + 8 < VALUE_MAX, "former devices fit a value");
    assert!(HISTORY_PAGE_BYTES < PAGE_BYTES_MAX, "what another device tells fits the pages here");
};
