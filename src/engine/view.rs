//! Pure queries: what the screens show, read from the store.

use std::sync::Arc;

use serde::Serialize;

use crate::base::id::{AccountId, MessageId};
use crate::base::time::Time;
use crate::domain::chat::changes::Named;
use crate::domain::chat::conversation::{self, CONVERSATIONS, Conversation};
use crate::domain::chat::delivery::{State, state_at};
use crate::domain::chat::outbox::OUTBOX;
use crate::domain::chat::timeline::{self, Cause, Entry, From};
use crate::domain::identity::address;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::identity::safety_number::SafetyNumber;
use crate::domain::identity::verification::Verification;
use crate::domain::identity::{moved, own};
use crate::engine::body_view::{
    BodyView, QuoteView, ReactionView, direction, quote_view, reactions, whole_body_view, words as words_of,
};
use crate::store::table::Rows;
use crate::wire::plan::Plan;
use crate::wire::rail::Payee;
use crate::wire::record::Profile;

/// One contact.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct ContactView {
    /// Their address.
    pub address: String,
    /// What they are called here.
    pub name: String,
    /// Whether they are a business.
    pub business: bool,
    /// How they stand.
    pub standing: Standing,
    /// The address of ours that they know; towards a business another one than towards people.
    pub we_are: String,
    /// How many devices they have, as far as is known.
    pub devices: usize,
    /// Since when we know them.
    pub added_at: Time,
    /// Whether a person compared their safety number; `changed` where their key is another since.
    pub verification: &'static str,
    /// When they did, or since when it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_at: Option<Time>,
    /// The address that they had before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former_address: Option<String>,
    /// Since when two logs of theirs contradict each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forked_at: Option<Time>,
}

/// The safety number that we and a contact compare.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct SafetyNumberView {
    /// Their address.
    pub address: String,
    /// What they are called here.
    pub name: String,
    /// Sixty digits, the same on both sides.
    pub digits: String,
    /// What our QR code says.
    pub code: String,
    /// See [`ContactView::verification`].
    pub verification: &'static str,
}

/// A conversation in a list.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct ConversationView {
    /// With whom.
    pub address: String,
    /// What they are called here.
    pub name: String,
    /// How they stand.
    pub standing: Standing,
    /// Whether their key is another than the one that was compared, so that nothing goes out until the person decides.
    pub key_changed: bool,
    /// Entries of theirs that nobody saw yet.
    pub unread: u64,
    /// Our messages that no device of theirs acknowledged yet.
    pub unsettled: u64,
    /// When the last entry was filed.
    pub last_at: Time,
    /// The last entry.
    pub last: Option<EntryView>,
}

/// One line of a conversation.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct EntryView {
    /// Its place, from 0.
    pub position: u64,
    /// The message's id.
    pub id: MessageId,
    /// `out` for ours, `in` for theirs.
    pub direction: &'static str,
    /// The sender's sequence number.
    pub seq: u64,
    /// When it was sent, by the sender's clock.
    pub sent_at: Time,
    /// When it was filed here.
    pub at: Time,
    /// What was said.
    #[serde(flatten)]
    pub body: BodyView,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<QuoteView>,
    /// When it was edited last, by its author's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
    /// What is felt about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionView>,
    /// Why our last reaction to it, edit or deletion of it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<Cause>,
    /// How far it got; ours only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Why it was given up; ours only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// It came after the contact's key changed, and nobody has compared the new one yet; theirs only.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub key_changed: bool,
}

/// All contacts, by name.
pub fn contacts(rows: &impl Rows) -> Vec<ContactView> {
    let mut contacts: Vec<ContactView> = others(rows).map(|contact| contact_view(rows, &contact)).collect();
    contacts.sort_by(|one, other| (&one.name, &one.address).cmp(&(&other.name, &other.address)));
    contacts
}

/// All contacts; our own other devices are none.
fn others(rows: &impl Rows) -> impl Iterator<Item = Arc<Contact>> {
    let all = rows.scan(&CONTACTS, &CONTACTS.all()).into_iter().map(|(_, contact)| contact);
    all.filter(|contact| !contact.is_ourselves())
}

/// One contact.
pub fn contact(rows: &impl Rows, account: &AccountId) -> Option<ContactView> {
    rows.row(&CONTACTS, account.as_bytes()).map(|contact| contact_view(rows, &contact))
}

/// The safety number of a contact. Takes some milliseconds.
pub fn safety_number(rows: &impl Rows, account: &AccountId) -> Option<(SafetyNumber, SafetyNumberView)> {
    let contact = rows.row(&CONTACTS, account.as_bytes())?;
    let number = SafetyNumber::of(&own::current(rows, &contact.own), &contact.account);
    let view = SafetyNumberView {
        address: address::encode(&contact.account),
        name: contact.name.clone(),
        digits: number.digits(),
        code: number.qr(),
        verification: verification_of(contact.verification).0,
    };
    Some((number, view))
}

/// The contact that a person means by a name, an address or the beginning of one; an error says how many fit.
pub fn resolve(rows: &impl Rows, text: &str) -> Result<AccountId, usize> {
    let folded = text.to_lowercase();
    let contacts: Vec<_> = others(rows).collect();
    let fitting = |fits: &dyn Fn(&Contact) -> bool| -> Vec<AccountId> {
        contacts.iter().filter(|contact| fits(contact)).map(|contact| contact.account).collect()
    };
    // What begins like an address means an address only: a contact could call itself by somebody else's.
    let found = if folded.starts_with(address::BEGINNING) && folded.len() >= ADDRESS_PREFIX_LEAST {
        fitting(&|contact| address::encode(&contact.account).starts_with(&folded))
    } else {
        fitting(&|contact| contact.name.to_lowercase() == folded)
    };
    match found.as_slice() {
        [one] => Ok(*one),
        _ => Err(found.len()),
    }
}

/// Fewer characters of an address name nobody: `sig1` and eight more.
const ADDRESS_PREFIX_LEAST: usize = 12;

/// All conversations, the latest first.
pub fn conversations(rows: &impl Rows) -> Vec<ConversationView> {
    let mut all: Vec<_> =
        rows.scan(&CONVERSATIONS, &CONVERSATIONS.all()).into_iter().map(|(_, row)| row).collect();
    all.sort_by_key(|row| core::cmp::Reverse(row.last_at));
    all.into_iter().filter_map(|row| conversation_view(rows, &row)).collect()
}

/// At most `limit` entries before `position` (the end, where none is given), oldest first.
pub fn history(rows: &impl Rows, with: &AccountId, before: Option<u64>, limit: usize) -> Vec<EntryView> {
    let Some(contact) = moved::contact(rows, with) else { return Vec::new() };
    show(rows, &contact, timeline::before(rows, &contact.thread, before.unwrap_or(u64::MAX), limit))
}

/// At most `limit` entries from `position` on, oldest first.
pub fn since(rows: &impl Rows, with: &AccountId, position: u64, limit: usize) -> Vec<EntryView> {
    let Some(contact) = moved::contact(rows, with) else { return Vec::new() };
    show(rows, &contact, timeline::since(rows, &contact.thread, position, limit))
}

/// At most `limit` entries before `before` whose text has every word of `words`, latest first; and where to go on.
pub fn search(
    rows: &impl Rows,
    with: &AccountId,
    words: &str,
    before: Option<u64>,
    limit: usize,
) -> (Vec<EntryView>, Option<u64>) {
    let Some(contact) = moved::contact(rows, with) else { return (Vec::new(), None) };
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let mut edge = before.unwrap_or(u64::MAX);
    let mut found = Vec::new();
    while found.len() < limit {
        let page = timeline::before(rows, &contact.thread, edge, SEARCH_PAGE);
        let Some(first) = page.first() else { return (show(rows, &contact, found), None) };
        edge = first.position;
        found.extend(page.into_iter().rev().filter(|entry| has_words(entry, &words)));
    }
    found.truncate(limit);
    let next = found.last().map(|entry: &Entry| entry.position);
    (show(rows, &contact, found), next)
}

const SEARCH_PAGE: usize = 256;

/// The messages whose ids begin with these hexadecimal digits, as they are named; more than one where they are too few.
pub fn messages(rows: &impl Rows, with: &AccountId, beginning: &str) -> Vec<(Named, EntryView)> {
    let Some(contact) = moved::contact(rows, with) else { return Vec::new() };
    let entries = conversation::fitting(rows, &contact.thread, beginning).into_iter();
    entries.filter_map(|one| Some((one.name()?, entry(rows, &contact, &one)))).collect()
}

/// How an entry is shown.
pub fn entry(rows: &impl Rows, contact: &Contact, entry: &Entry) -> EntryView {
    entry_with(rows, contact, entry, |seq| state_at(rows, contact.devices(), seq))
}

/// The same for an entry that has just been filed: what is ours of it can't have got anywhere yet.
pub(super) fn fresh_entry(rows: &impl Rows, contact: &Contact, entry: &Entry) -> EntryView {
    entry_with(rows, contact, entry, |_| State::Queued)
}

fn entry_with(
    rows: &impl Rows,
    contact: &Contact,
    entry: &Entry,
    state: impl FnOnce(u64) -> State,
) -> EntryView {
    let (seq, state) = match entry.from {
        From::Us { seq } => (seq, Some(state(seq))),
        // How far it got, only that device knows.
        From::Own { seq, .. } | From::Them { seq, .. } => (seq, None),
    };
    let direction = direction(entry.from.side());
    EntryView {
        position: entry.position,
        id: entry.id,
        direction,
        seq,
        sent_at: entry.sent_at,
        at: entry.at,
        body: whole_body_view(rows, &contact.thread, entry),
        reply_to: entry.reply.map(|reply| quote_view(rows, &contact.thread, reply)),
        edited_at: entry.changes.edit.map(|edit| edit.at),
        reactions: reactions(&entry.changes),
        unchanged: entry.unchanged,
        state: if entry.failed.is_some() { Some(State::Failed) } else { state },
        cause: entry.failed,
        key_changed: direction == "in" && contact.verification.is_changed_by(entry.at),
    }
}

/// How many of our contents no device of the contact acknowledged yet.
pub fn unsettled(rows: &impl Rows, contact: &Contact) -> u64 {
    let waiting = rows.scan(&OUTBOX, &OUTBOX.of(contact.account.as_bytes()).from(1)).len();
    let devices =
        contact.devices().map(|device| rows.scan(&OUTBOX, &OUTBOX.of(device.as_bytes()).from(1)).len());
    (waiting + devices.min().unwrap_or(0)) as u64
}

fn conversation_view(rows: &impl Rows, row: &Conversation) -> Option<ConversationView> {
    let contact = rows.row(&CONTACTS, row.with.as_bytes())?;
    let last = timeline::before(rows, &contact.thread, u64::MAX, 1).pop();
    Some(ConversationView {
        address: address::encode(&row.with),
        name: contact.name.clone(),
        standing: contact.standing,
        key_changed: contact.verification.needs_decision(),
        unread: row.unread,
        unsettled: unsettled(rows, &contact),
        last_at: row.last_at,
        last: last.map(|last| entry(rows, &contact, &last)),
    })
}

fn show(rows: &impl Rows, contact: &Contact, entries: Vec<Entry>) -> Vec<EntryView> {
    entries.iter().map(|one| entry(rows, contact, one)).collect()
}

fn has_words(entry: &Entry, words: &[String]) -> bool {
    let text = words_of(&entry.body).map(|text| text.to_lowercase());
    text.is_some_and(|text| words.iter().all(|word| text.contains(word)))
}

const fn verification_of(verification: Verification) -> (&'static str, Option<Time>) {
    match verification {
        Verification::Unverified => ("unverified", None),
        Verification::Verified { at, .. } => ("verified", Some(at)),
        Verification::Changed { at, .. } => ("changed", Some(at)),
    }
}

fn contact_view(rows: &impl Rows, contact: &Contact) -> ContactView {
    let (verification, verification_at) = verification_of(contact.verification);
    ContactView {
        address: address::encode(&contact.account),
        name: contact.name.clone(),
        business: contact.business,
        standing: contact.standing,
        we_are: address::encode(&own::current(rows, &contact.own)),
        devices: contact.devices().count(),
        added_at: contact.added_at,
        verification,
        verification_at,
        former_address: contact.former.as_ref().map(address::encode),
        forked_at: contact.forked_at,
    }
}

/// A business's profile, without the parts that only machines read.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "each field is documented at the profile itself")]
pub struct ProfileView {
    pub name: String,
    pub about: String,
    pub categories: Vec<String>,
    pub country: String,
    pub region: String,
    pub languages: Vec<String>,
    pub website: String,
    pub hours: String,
    pub plans: Vec<Plan>,
    pub payees: Vec<Payee>,
    pub seq: u64,
    pub issued: Time,
    pub expires: Time,
}

impl ProfileView {
    /// What a person is shown of a profile.
    pub fn of(profile: &Profile) -> Self {
        let profile = profile.clone();
        Self {
            name: profile.name,
            about: profile.about,
            categories: profile.categories,
            country: profile.country,
            region: profile.region,
            languages: profile.languages,
            website: profile.website,
            hours: profile.hours,
            plans: profile.plans,
            payees: profile.payees,
            seq: profile.seq,
            issued: profile.issued,
            expires: profile.expires,
        }
    }
}
