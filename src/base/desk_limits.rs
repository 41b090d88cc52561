//! Every bound of a business's front desk: the inbox, quick replies, templates, the catalog, bots.

use core::time::Duration;

use crate::base::consent_limits::{ANSWERS_MAX, TEMPLATE_NAME_MAX, TEMPLATE_VARIABLES_MAX};
use crate::base::limits::{TEXT_MAX, VALUE_MAX};
use crate::base::said_limits::{WARE_ABOUT_MAX, WARE_ID_MAX};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

// The inbox.

/// Labels of one conversation.
pub const LABELS_MAX: usize = 8;
/// The longest label or name of an agent.
pub const DESK_NAME_MAX: usize = 40;
/// Notes on one conversation.
pub const NOTES_MAX: u64 = 1_000;
/// The longest note.
pub const NOTE_MAX: usize = 2 * 1024;
/// Conversations that are looked at for one page of a list.
pub const DESK_LOOK_MAX: usize = 2_048;
/// Conversations that are read at once for it.
pub const DESK_READ: usize = 128;

// Texts that are kept.

/// Quick replies.
pub const QUICK_MAX: usize = 500;
/// The longest text of one.
pub const QUICK_TEXT_MAX: usize = 4 * 1024;
/// Templates.
pub const TEMPLATES_KEPT_MAX: usize = 250;
/// Versions of one template that are kept.
pub const TEMPLATE_VERSIONS_MAX: usize = 8;
/// Languages of one template.
pub const TEMPLATE_LANGUAGES_MAX: usize = 16;
/// The longest body of a template.
pub const TEMPLATE_BODY_MAX: usize = 1_024;
/// The longest header or footer of a template.
pub const TEMPLATE_EDGE_MAX: usize = 60;
/// Buttons of a template.
pub const TEMPLATE_BUTTONS_MAX: usize = 10;
/// The longest title of a button.
pub const TITLE_MAX: usize = 40;
/// The longest number as a template's variable.
pub const NUMBER_MAX: usize = 24;
/// Things in the catalog.
pub const CATALOG_MAX: usize = 1_000;
/// The longest description of one.
pub const ITEM_ABOUT_MAX: usize = WARE_ABOUT_MAX;
/// Forms.
pub const FORMS_MAX: usize = 250;
/// The longest text that a form was made of.
pub const FORM_SOURCE_MAX: usize = 28 * 1024;

// Hours, and what is said by itself.

/// The longest opening hours.
pub const HOURS_MAX: usize = 200;
/// Spans of opening in one day.
pub const SPANS_MAX: usize = 8;
/// The longest name of a time zone.
pub const ZONE_MAX: usize = 64;
/// The longest greeting, away message or other text that is said by itself.
pub const RECEPTION_TEXT_MAX: usize = 2 * 1024;
/// The longest silence after which a customer is greeted again, in days.
pub const GREETING_DAYS_MAX: u32 = 3_650;
/// In how long a span how much is said by itself to one customer at most. Then a person has to look.
pub const AUTOMATIC_SPANS: [(Duration, u32); 2] =
    [(Duration::from_secs(HOUR), 30), (Duration::from_secs(DAY), 100)];
/// The oldest message, by its sender's clock, that is answered by itself.
pub const AUTOMATIC_AGE_MAX: Duration = Duration::from_secs(3 * DAY);

// Bots.

/// The largest bot, encoded.
pub const BOT_MAX: usize = 24 * 1024;
/// Nodes of one.
pub const BOT_NODES_MAX: usize = 128;
/// The longest name of a node.
pub const BOT_NAME_MAX: usize = 40;
/// Options of a node.
pub const BOT_OPTIONS_MAX: usize = 10;
/// Words under which an option, a keyword or a person is found.
pub const BOT_WORDS_MAX: usize = 32;
/// Keywords of a bot.
pub const BOT_KEYWORDS_MAX: usize = 128;
/// The longest text of a node.
pub const BOT_TEXT_MAX: usize = 1_024;
/// Nodes that follow one another without the customer's word.
pub const BOT_FOLLOW_MAX: usize = 4;
/// How long a bot remembers where a customer is, unless its file says otherwise, in minutes.
pub const BOT_PATIENCE_MINUTES: u32 = 60;
/// The longest such time.
pub const BOT_PATIENCE_MINUTES_MAX: u32 = 30 * 24 * 60;
/// Misunderstandings in a row after which a bot hands over to a person, unless its file says otherwise.
pub const BOT_MISSES: u32 = 3;
/// The most that a file may say.
pub const BOT_MISSES_MAX: u32 = 20;
/// How long a bot is silent after it handed over, unless its file says otherwise, in hours.
pub const BOT_SILENCE_HOURS: u32 = 12;
/// The longest such time.
pub const BOT_SILENCE_HOURS_MAX: u32 = 30 * 24;

const _: () = {
    assert!(
        (BOT_TEXT_MAX + BOT_OPTIONS_MAX * (TITLE_MAX + 8)) * BOT_FOLLOW_MAX + RECEPTION_TEXT_MAX < TEXT_MAX,
        "the longest answer of a bot is a text"
    );
    assert!(
        TEMPLATE_BODY_MAX + 2 * TEMPLATE_EDGE_MAX + TEMPLATE_BUTTONS_MAX * TITLE_MAX
            <= VALUE_MAX / (TEMPLATE_LANGUAGES_MAX + 1),
        "a template in all its languages fits a value"
    );
    assert!(TEMPLATE_VARIABLES_MAX * (TEMPLATE_NAME_MAX + 4) < VALUE_MAX / (TEMPLATE_LANGUAGES_MAX + 1));
    assert!(DESK_NAME_MAX <= WARE_ID_MAX, "what is sold can be offered");
    assert!(
        FORM_SOURCE_MAX + 1_024 < VALUE_MAX && TEXT_MAX + 1_024 < VALUE_MAX,
        "a form and its source fit a value each"
    );
    assert!(BOT_MAX < VALUE_MAX && QUICK_TEXT_MAX < TEXT_MAX && RECEPTION_TEXT_MAX < TEXT_MAX);
    assert!(
        AUTOMATIC_SPANS[0].1 as usize * 2 < ANSWERS_MAX,
        "what is said by itself leaves room for a person's answers"
    );
};
