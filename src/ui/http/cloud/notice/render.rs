//! From one event of the log to what a webhook is sent for it: nothing, one letter, or several.

use serde::Deserialize;
use serde_json::json;

use crate::base::cloud_limits as limits;
use crate::base::id::{AccountId, FileId};
use crate::base::time::Time;
use crate::domain::chat::delivery::State;
use crate::domain::chat::timeline::{self, Body, Entry, From, Notice};
use crate::domain::files::kept;
use crate::domain::identity::contact::Contact;
use crate::domain::identity::{address, moved};
use crate::engine::file_view;
use crate::store::table::Reader as Rows;
use crate::ui::http::api::Api;
use crate::ui::http::cloud::account::Account;
use crate::ui::http::cloud::business::APP_NAME;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::later::Failed;
use crate::ui::http::cloud::media_hash;
use crate::ui::http::cloud::notice::envelope::{body, flat, seconds};
use crate::ui::http::cloud::notice::inbound::{self, Talk};
use crate::ui::http::cloud::notice::status::{self, Status};
use crate::ui::http::cloud::notice::told::{self, Mark};
use crate::ui::http::cloud::party::{Party, alias_of};
use crate::ui::http::cloud::sent::{self, Sent};
use crate::ui::http::cloud::template_form;
use crate::ui::http::cloud::user_id;
use crate::ui::http::error::ApiError;
use crate::wire::consent::Topic;

/// What is sent for an event.
#[derive(Debug, Default)]
pub(in crate::ui::http) struct Rendered {
    /// Letters in order, each with the field that it is of.
    pub(in crate::ui::http) letters: Vec<(&'static str, String)>,
    /// What holds once all of them were brought.
    pub(in crate::ui::http) mark: Option<Mark>,
}

impl Rendered {
    fn one(field: &'static str, body: String) -> Self {
        Self { letters: vec![(field, body)], mark: None }
    }
}

/// To whom it is rendered.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui::http) struct Reader<'a> {
    /// The webhook's id.
    pub(in crate::ui::http) webhook: &'a [u8; 8],
    /// Since when it is told.
    pub(in crate::ui::http) since: Time,
    /// Which fields it wants; all where none is named.
    pub(in crate::ui::http) fields: &'a [String],
}

/// The events of the node that something follows from here.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Known {
    Entry {
        with: String,
        entry: Place,
    },
    Changed {
        with: String,
        by: String,
        entry: Place,
    },
    File {
        with: String,
        file: FileId,
    },
    Delivery {
        with: String,
        seq: u64,
        state: State,
    },
    Consent {
        with: String,
        topic: Topic,
        granted: bool,
    },
    Gap {},
    #[serde(rename = "cloud_failed")]
    Failed(Failed),
    #[serde(rename = "cloud_template")]
    Template {
        name: String,
        language: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Place {
    position: u64,
}

/// What a webhook is sent for an event that happened at `at`.
pub(in crate::ui::http) async fn render(
    api: &Api,
    reader: Reader<'_>,
    at: Time,
    json: &str,
) -> Result<Rendered, ApiError> {
    let Ok(known) = serde_json::from_str(json) else { return Ok(Rendered::default()) };
    let account = api.cloud().get().await?;
    let mut rendered = match known {
        Known::Other => Rendered::default(),
        Known::Gap {} => gap(api, &account),
        Known::Template { name, language } => approved(api, &account, &name, &language),
        Known::Failed(failed) => refused(&account, at, &failed),
        Known::Consent { with, topic, granted } => match about(api, &with).await? {
            Some(about) if topic == Topic::Marketing => preference(&account, &about, granted, at),
            _ => Rendered::default(),
        },
        Known::Entry { with, entry } => match about(api, &with).await? {
            Some(about) => said(api, &account, &about, entry.position, at).await?,
            None => Rendered::default(),
        },
        Known::Changed { with, by, entry } => match about(api, &with).await? {
            Some(about) if by == "in" => changed(api, &account, &about, entry.position, at).await?,
            _ => Rendered::default(),
        },
        Known::File { with, file } => match about(api, &with).await? {
            Some(about) => came(api, &account, &about, file).await?,
            None => Rendered::default(),
        },
        Known::Delivery { with, seq, state } => match about(api, &with).await? {
            Some(about) => moved_on(api, &account, &about, reader, (seq, state), at).await?,
            None => Rendered::default(),
        },
    };
    let wanted = reader.fields;
    rendered.letters.retain(|(field, _)| wanted.is_empty() || wanted.iter().any(|one| one == field));
    Ok(rendered)
}

async fn about(api: &Api, with: &str) -> Result<Option<Talk>, ApiError> {
    let Ok(account) = address::decode(with) else { return Ok(None) };
    let contact = api.view(move |rows| moved::contact(rows, &account)).await?;
    let Some(contact) = contact.filter(|contact| !contact.is_ourselves()) else { return Ok(None) };
    let alias = alias_of(api, &contact).await?;
    Ok(Some(Talk { party: Party::new(&contact, alias), contact: Contact::clone(&contact), alias }))
}

/// A conversation has something new: of the contact, of the conversation itself, or that a message of ours was given up.
async fn said(
    api: &Api,
    account: &Account,
    about: &Talk,
    position: u64,
    at: Time,
) -> Result<Rendered, ApiError> {
    let thread = about.contact.thread;
    let look = move |rows: &Rows<'_>| {
        let entry = entry_at(rows, &thread, position)?;
        let sent = sent::of(rows, &thread, position);
        let is_waited_for = file_of(&entry).is_some_and(|file| {
            let file = file_view::file(rows, &file);
            file.is_some_and(|file| file.state == WAITING || file.since > entry.at)
        });
        Some((entry, sent, is_waited_for))
    };
    let Some((entry, sent, is_waited_for)) = api.view(look).await? else { return Ok(Rendered::default()) };
    if let Body::Notice(notice) = entry.body {
        return Ok(noticed(account, about, notice, (&about.wamid(&entry), at)));
    }
    match (entry.from, entry.failed) {
        // It is told when its file is here, or won't be, which is an event of its own: whoever is told of it asks for the
        // file at once.
        (From::Them { .. }, _) if is_waited_for => Ok(Rendered::default()),
        (From::Them { .. }, _) => heard(api, account, about, entry).await,
        (From::Us { .. }, Some(cause)) => {
            let (code, words) = Code::of(cause, sent.category.is_some());
            let (error, wamid) = (Graph::new(code, words), about.wamid(&entry));
            let status = (wamid.as_str(), Status::Failed);
            Ok(told_of(account, about, status::document(status, at, &about.party, &sent, Some(&error))))
        }
        _ => Ok(Rendered::default()),
    }
}

/// How a file stands that is being fetched.
const WAITING: &str = "waiting";

fn entry_at(rows: &Rows<'_>, thread: &AccountId, position: u64) -> Option<Entry> {
    timeline::since(rows, thread, position, 1).pop().filter(|entry| entry.position == position)
}

fn file_of(entry: &Entry) -> Option<FileId> {
    match &entry.body {
        Body::Said(said) => said.file().map(|file| file.opening.id()),
        _ => None,
    }
}

/// The contact said something.
async fn heard(api: &Api, account: &Account, about: &Talk, entry: Entry) -> Result<Rendered, ApiError> {
    let sha256 = match file_of(&entry) {
        Some(file) => media_hash::of(api, file).await?,
        None => None,
    };
    let (talk, of) = (about.clone(), account.clone());
    let look = move |rows: &Rows<'_>| inbound::message(rows, (&talk, &of), &entry, sha256.as_deref());
    let message = api.view(look).await?;
    let letter = |message| body(account, "messages", &about.party, ("messages", message));
    Ok(message.map_or_else(Rendered::default, |message| Rendered::one("messages", letter(message))))
}

/// The contact changed a message that was there.
async fn changed(
    api: &Api,
    account: &Account,
    about: &Talk,
    position: u64,
    at: Time,
) -> Result<Rendered, ApiError> {
    let thread = about.contact.thread;
    let entry = api.view(move |rows| entry_at(rows, &thread, position)).await?;
    let message = entry.and_then(|entry| inbound::change(about, &entry, at));
    let letter = |message| body(account, "messages", &about.party, ("messages", message));
    Ok(message.map_or_else(Rendered::default, |message| Rendered::one("messages", letter(message))))
}

/// A file is here, or isn't going to be: the messages of the contact that carry it are told now.
async fn came(api: &Api, account: &Account, about: &Talk, file: FileId) -> Result<Rendered, ApiError> {
    let thread = about.contact.thread;
    let look = move |rows: &Rows<'_>| -> Vec<Entry> {
        let since = file_view::file(rows, &file).map_or(Time::EPOCH, |file| file.since);
        let places = kept::places(rows, &file, &thread).into_iter();
        let entries = places.filter_map(|position| entry_at(rows, &thread, position));
        // What came since then is told already.
        let waited = entries.filter(|entry| matches!(entry.from, From::Them { .. }) && entry.at < since);
        waited.take(limits::STATUSES_MAX).collect()
    };
    let mut rendered = Rendered::default();
    for entry in api.view(look).await? {
        rendered.letters.extend(heard(api, account, about, entry).await?.letters);
    }
    Ok(rendered)
}

fn told_of(account: &Account, about: &Talk, status: serde_json::Value) -> Rendered {
    Rendered::one("messages", body(account, "messages", &about.party, ("statuses", status)))
}

/// What we said got further.
async fn moved_on(
    api: &Api,
    account: &Account,
    about: &Talk,
    reader: Reader<'_>,
    how_far: (u64, State),
    at: Time,
) -> Result<Rendered, ApiError> {
    let (thread, alias, since) = (about.contact.thread, about.alias, reader.since);
    let webhook = *reader.webhook;
    let look = move |rows: &Rows<'_>| {
        let told = told::of(rows, &webhook, alias);
        let (news, next) = status::news(rows, &thread, how_far, told, since);
        let kept =
            |(entry, status): (Entry, Status)| (sent::of(rows, &thread, entry.position), entry, status);
        (news.into_iter().map(kept).collect::<Vec<(Sent, Entry, Status)>>(), (next != told).then_some(next))
    };
    let (news, next) = api.view(look).await?;
    let letter = |(sent, entry, status): (Sent, Entry, Status)| {
        let wamid = about.wamid(&entry);
        let status = status::document((&wamid, status), at, &about.party, &sent, None);
        ("messages", body(account, "messages", &about.party, ("statuses", status)))
    };
    let mark = next.map(|next| Mark::new(alias, next));
    Ok(Rendered { letters: news.into_iter().map(letter).collect(), mark })
}

/// Something happened to the conversation itself: what of it a program has to know.
pub(super) fn noticed(
    account: &Account,
    about: &Talk,
    notice: Notice,
    (wamid, at): (&str, Time),
) -> Rendered {
    let Party { name, wa_id, user_id } = &about.party;
    match (notice, about.contact.former) {
        (Notice::IdentityRotated, Some(former)) => {
            let update = json!({
                "wa_id": wa_id,
                "detail": format!("{name} has another identity key, by the word of both keys"),
                "user_id": { "previous": user_id::encode(&former), "current": user_id },
                "timestamp": seconds(at),
            });
            let field = "user_id_update";
            Rendered::one(field, body(account, field, &about.party, (field, update)))
        }
        (Notice::IdentityRestored | Notice::LogsContradict, _) => {
            let words = if notice == Notice::IdentityRestored {
                "restored their identity from its recovery phrase"
            } else {
                "has two logs of devices that contradict each other"
            };
            let message = json!({
                "from": wa_id,
                "from_user_id": user_id,
                "id": wamid,
                "timestamp": seconds(at),
                "type": "system",
                "system": {
                    "type": "customer_identity_changed",
                    "body": format!("{name} {words}"),
                    "identity": user_id,
                    "wa_id": wa_id,
                    "user_id": user_id,
                    "customer": wa_id,
                },
            });
            Rendered::one("messages", body(account, "messages", &about.party, ("messages", message)))
        }
        _ => Rendered::default(),
    }
}

/// A customer says whether offers may come.
pub(super) fn preference(account: &Account, about: &Talk, granted: bool, at: Time) -> Rendered {
    let value = if granted { "resume" } else { "stop" };
    let preference = json!({
        "wa_id": about.party.wa_id,
        "user_id": about.party.user_id,
        "detail": format!("User requested to {value} marketing messages"),
        "category": "marketing_messages",
        "value": value,
        "timestamp": at.as_secs(),
    });
    let field = "user_preferences";
    Rendered::one(field, body(account, field, &about.party, (field, preference)))
}

/// What was accepted and failed at once.
fn refused(account: &Account, at: Time, failed: &Failed) -> Rendered {
    let (party, error) = (failed.party(), failed.error());
    let status = (failed.wamid.as_str(), Status::Failed);
    let status = status::document(status, at, &party, &failed.sent(), Some(&error));
    Rendered::one("messages", body(account, "messages", &party, ("statuses", status)))
}

/// A template can be used: it can as soon as it is there.
fn approved(api: &Api, account: &Account, name: &str, language: &str) -> Rendered {
    let field = "message_template_status_update";
    let update = json!({
        "event": "APPROVED",
        "message_template_id": template_form::id(name, language),
        "message_template_name": name,
        "message_template_language": template_form::shown_language(language),
        "reason": "NONE",
    });
    Rendered::one(field, flat(account, field, &ourselves(api, account), update))
}

/// The business itself, where something is about nobody else.
fn ourselves(api: &Api, account: &Account) -> Party {
    let user_id = user_id::encode(&api.node().account());
    Party { name: APP_NAME.to_owned(), wa_id: account.number(), user_id }
}

/// The log no longer has what happened: whoever reads on should look again.
fn gap(api: &Api, account: &Account) -> Rendered {
    let party = ourselves(api, account);
    let words = "Some of what happened is no longer in the log: look at the conversations again";
    let error = Graph::new(Code::Internal, words).later();
    Rendered::one("messages", body(account, "messages", &party, ("errors", error)))
}
