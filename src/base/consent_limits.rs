//! Every bound of consent and of what strangers may cost, each with a name.

use core::time::Duration;

use crate::base::limits::{FIRST_FLIGHT_LEN, PADDING_BUCKETS, STRANGER_ENTRIES_MAX, TEXT_MAX, VALUE_MAX};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// The largest signed consent.
pub const CONSENT_MAX: usize = 192;
/// How long a consent holds at most.
pub const CONSENT_LIFE_MAX: Duration = Duration::from_secs(2 * 366 * DAY);
/// Days that a consent holds unless its person says otherwise.
pub const CONSENT_DAYS: u32 = 365;
/// Consents between one person and one business that are kept: the newest of each topic, and the last before them.
pub const CONSENTS_MAX: usize = 64;
/// How long after a person's message arrived a business may answer it without a consent.
pub const SERVICE_WINDOW: Duration = Duration::from_secs(24 * HOUR);
/// How long after that an answer which was under way is still taken.
pub const ANSWER_LIFE: Duration = Duration::from_secs(30 * DAY);
/// Answers to one message of a person.
pub const ANSWERS_MAX: usize = 64;
/// Messages to one business that a person's node remembers, so that they can be answered; by their numbers.
pub const OPENINGS_MAX: u64 = 4_096;
/// Messages of one customer that a business's node remembers to answer.
pub const WINDOWS_MAX: usize = 8;
/// The span in which texts by template are counted, but for marketing.
pub const TEMPLATES_SPAN: Duration = Duration::from_secs(24 * HOUR);
/// Texts by templates of one category from one business in that span.
pub const TEMPLATES_MAX: usize = 24;
/// The span in which marketing is counted.
pub const MARKETING_SPAN: Duration = Duration::from_secs(30 * DAY);
/// Texts of marketing from one business in that span.
pub const MARKETING_MAX: usize = 4;
/// The least time between two of them.
pub const MARKETING_APART: Duration = Duration::from_secs(6 * HOUR);
/// Texts of one business that wait for the end of a person's quiet hours.
pub const WAITING_MAX: usize = 32;
/// Runs of dropped contents that one acknowledgement names.
pub const DECLINED_RUNS_MAX: usize = 64;
/// The largest encoded reference to a template.
pub const TEMPLATE_MAX: usize = 1_024;
/// The longest name of a template or of a variable in one.
pub const TEMPLATE_NAME_MAX: usize = 64;
/// Variables of a template.
pub const TEMPLATE_VARIABLES_MAX: usize = 16;
/// The longest value of a variable.
pub const TEMPLATE_VALUE_MAX: usize = 256;
/// Frames of a stranger that are opened before the person admits them.
pub const STRANGER_FRAMES_MAX: u32 = 64;
/// Bytes of these frames.
pub const STRANGER_BYTES_MAX: u32 = 128 * 1024;
/// Newcomers that a business takes in at once.
pub const NEWCOMERS_BURST: u32 = 2_048;
/// After how long it takes one more.
pub const NEWCOMERS_PACE: Duration = Duration::from_millis(500);
/// The largest signed report.
pub const REPORT_MAX: usize = 768;
/// The longest note in a report.
pub const REPORT_NOTE_MAX: usize = 500;
/// Reports about one contact that are kept.
pub const REPORTS_MAX: usize = 8;
/// The largest file of consents.
pub const CONSENT_FILE_MAX: u64 = 1024 * 1024;

const _: () = {
    assert!(
        TEXT_MAX + TEMPLATE_MAX + 512 < PADDING_BUCKETS[PADDING_BUCKETS.len() - 1],
        "the longest text by template fits the largest bucket"
    );
    assert!(
        FIRST_FLIGHT_LEN < STRANGER_BYTES_MAX as usize && STRANGER_ENTRIES_MAX < STRANGER_FRAMES_MAX as u64,
        "a stranger who knocks once is heard"
    );
    assert!(WINDOWS_MAX * (48 + ANSWERS_MAX * 16) < VALUE_MAX, "a customer's windows fit a value");
};
