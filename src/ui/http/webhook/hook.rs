//! Webhooks as they are kept, and how each does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, watch};

use crate::base::api_limits as limits;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::engine::event::KINDS;
use crate::node::event_log;
use crate::node::handle::Node;
use crate::store::key::TableId;
use crate::store::table::{Rows as _, Table};
use crate::store::tx::Tx;
use crate::ui::http::cloud::notice::field::FIELDS;
use crate::ui::http::cloud::notice::told;
use crate::ui::http::error::ApiError;
use crate::ui::http::short_id::ShortId;
use crate::ui::http::webhook::line::{Dead, Waiting};

/// A webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ui::http) struct Hook {
    pub(in crate::ui::http) url: String,
    /// Kinds of events that are sent; all where none is named.
    pub(in crate::ui::http) kinds: Vec<String>,
    pub(in crate::ui::http) created: Time,
    /// What signs. It must be known to sign, so it is kept as it is, sealed like every row.
    pub(super) secret: Secret<32>,
    /// Every event up to this number was sent, waits in a row of its own, or isn't wanted.
    pub(super) after: u64,
    /// In which form events are sent.
    pub(in crate::ui::http) form: Form,
}

/// In which form a webhook is told what happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(in crate::ui::http) enum Form {
    /// As the events of this API. Kinds are kinds of events.
    #[default]
    Events,
    /// As webhooks of the Cloud-API-compatible surface. Kinds are that API's fields.
    Cloud(Seat),
}

/// Who named a receiver over the Cloud-API-compatible surface.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::ui::http) enum Seat {
    /// The node's person, with the webhooks of this API.
    Person,
    /// A program, for the app.
    App,
    /// A program, for the business account.
    Business,
}

/// A webhook that is to be made.
#[derive(Clone, Debug)]
pub(in crate::ui::http) struct NewHook {
    pub(in crate::ui::http) url: String,
    pub(in crate::ui::http) kinds: Vec<String>,
    pub(in crate::ui::http) form: Form,
    /// What signs; drawn where there is none.
    pub(in crate::ui::http) secret: Option<Secret<32>>,
}

impl Hook {
    /// Whether it is told in the form of the Cloud-API-compatible surface.
    pub(in crate::ui::http) const fn is_cloud(&self) -> bool {
        matches!(self.form, Form::Cloud(_))
    }
}

pub(super) const HOOKS: Table<Hook> = Table::new(TableId::Webhooks, 2);
/// The first number of letters that are in no log.
const OWN_FIRST: u64 = 1 << 62;
pub(super) const WAITING: Table<Waiting> = Table::new(TableId::WebhookWaiting, 1);
pub(super) const DEAD: Table<Dead> = Table::new(TableId::WebhookDead, 1);

/// How a webhook does, since the node started.
#[derive(Clone, Debug, Default, Serialize, schemars::JsonSchema)]
pub(in crate::ui::http) struct Health {
    /// Events that the receiver took.
    pub(in crate::ui::http) delivered: u64,
    /// Attempts that failed.
    pub(in crate::ui::http) failed: u64,
    /// Events that wait to be tried again.
    pub(in crate::ui::http) waiting: usize,
    /// Why the last attempt failed; nothing where it didn't.
    pub(in crate::ui::http) trouble: Option<String>,
}

/// The webhooks of a node. The rows are the truth; what is held here is a copy, and this process alone changes them.
pub(in crate::ui::http) struct Hooks {
    node: Node,
    held: OnceCell<Mutex<BTreeMap<ShortId, Held>>>,
    changes: watch::Sender<u64>,
}

struct Held {
    hook: Hook,
    health: Health,
}

impl Hooks {
    pub(in crate::ui::http) fn new(node: Node) -> Self {
        Self { node, held: OnceCell::new(), changes: watch::channel(0).0 }
    }

    async fn held(&self) -> Result<MutexGuard<'_, BTreeMap<ShortId, Held>>, ApiError> {
        let read = async || -> Result<_, ApiError> {
            let rows = self.node.view(|rows| rows.scan(&HOOKS, &HOOKS.all())).await?;
            let held = rows.into_iter().filter_map(|(key, hook)| {
                let id = ShortId::from_slice(&key.id)?;
                Some((id, Held { hook: (*hook).clone(), health: Health::default() }))
            });
            Ok(Mutex::new(held.collect()))
        };
        let held = self.held.get_or_try_init(read).await?;
        Ok(held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells when webhooks come or go, or one has letters to look at.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Makes a webhook that is told what happens from now on.
    pub(super) async fn add(
        &self,
        rng: &mut (dyn CryptoRng + Send),
        NewHook { url, kinds, form, secret }: NewHook,
    ) -> Result<(ShortId, Hook), ApiError> {
        check_kinds(form, &kinds)?;
        let id = ShortId::random(rng);
        let secret = secret.unwrap_or_else(|| Secret::random(rng));
        let full = self.held().await?.len() >= limits::WEBHOOKS_MAX;
        if full {
            let words = format!("there are {} webhooks already: remove one", limits::WEBHOOKS_MAX);
            return Err(ApiError::new(StatusCode::CONFLICT, "too_many", words));
        }
        self.node.log_events(true);
        let after = self.node.view(|rows| event_log::last(rows)).await?;
        let hook = Hook { url, kinds, created: self.node.now(), secret, after, form };
        let row = hook.clone();
        self.node.write(move |tx| tx.put(&HOOKS, HOOKS.key(id.as_bytes()), row)).await?;
        self.held().await?.insert(id, Held { hook: hook.clone(), health: Health::default() });
        self.changed();
        Ok((id, hook))
    }

    /// Has a program's receiver take a seat, in which there is but one. Where it has it already, what waits for it goes on
    /// waiting.
    pub(in crate::ui::http) async fn reseat(
        &self,
        rng: &mut (dyn CryptoRng + Send),
        seat: Seat,
        wanted: NewHook,
    ) -> Result<(), ApiError> {
        let before = self.seated(seat).await?;
        if let Some((id, _)) =
            before.iter().find(|(_, hook)| hook.url == wanted.url && hook.kinds == wanted.kinds)
        {
            let others = before.iter().filter(|(other, _)| other != id);
            return self.remove_all(others.map(|(other, _)| *other).collect()).await;
        }
        self.add(rng, wanted).await?;
        self.remove_all(before.into_iter().map(|(id, _)| id).collect()).await
    }

    /// Nobody has the seat any more.
    pub(in crate::ui::http) async fn vacate(&self, seat: Seat) -> Result<(), ApiError> {
        let seated = self.seated(seat).await?;
        self.remove_all(seated.into_iter().map(|(id, _)| id).collect()).await
    }

    async fn seated(&self, seat: Seat) -> Result<Vec<(ShortId, Hook)>, ApiError> {
        let hooks = self.list().await?.into_iter().filter(|(_, hook, _)| hook.form == Form::Cloud(seat));
        Ok(hooks.map(|(id, hook, _)| (id, hook)).collect())
    }

    async fn remove_all(&self, ids: Vec<ShortId>) -> Result<(), ApiError> {
        for id in ids {
            self.remove(id).await?;
        }
        Ok(())
    }

    /// Has all webhooks of the Cloud-API-compatible form told something that is in no log. It waits for nothing, and nothing
    /// waits for it.
    pub(in crate::ui::http) async fn tell_cloud(&self, json: String) -> Result<(), ApiError> {
        let hooks = self.list().await?.into_iter().filter(|(_, hook, _)| hook.is_cloud());
        let ids: Vec<ShortId> = hooks.map(|(id, ..)| id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let now = self.node.now();
        let stage = move |tx: &Tx<'_>| {
            for id in ids {
                let waiting = tx.scan(&WAITING, &WAITING.of(id.as_bytes())).len();
                if waiting >= limits::WEBHOOK_WAITING_MAX {
                    continue;
                }
                let own = tx.scan(&WAITING, &WAITING.of(id.as_bytes()).from(OWN_FIRST).reversed().limit(1));
                let last = own.first().and_then(|(key, _)| key.position()).unwrap_or_default();
                let number = (OWN_FIRST + now.as_millis()).max(last + 1);
                let letter = Some((now, json.clone()));
                let waiting = Waiting::fresh(format!("own {number}"), now, letter);
                tx.put(&WAITING, WAITING.key_at(id.as_bytes(), number), waiting);
            }
        };
        self.node.write(stage).await?;
        self.changed();
        Ok(())
    }

    /// Removes a webhook with all that waits for it.
    pub(super) async fn remove(&self, id: ShortId) -> Result<Hook, ApiError> {
        let gone = self.held().await?.remove(&id).ok_or_else(no_webhook)?;
        let delete = move |tx: &Tx<'_>| {
            tx.delete(&HOOKS, HOOKS.key(id.as_bytes()));
            for (key, _) in tx.scan(&WAITING, &WAITING.of(id.as_bytes())) {
                tx.delete(&WAITING, key);
            }
            for (key, _) in tx.scan(&DEAD, &DEAD.of(id.as_bytes())) {
                tx.delete(&DEAD, key);
            }
            told::forget(tx, id.as_bytes());
        };
        self.node.write(delete).await?;
        self.changed();
        Ok(gone.hook)
    }

    /// All webhooks and how they do.
    pub(in crate::ui::http) async fn list(&self) -> Result<Vec<(ShortId, Hook, Health)>, ApiError> {
        let held = self.held().await?;
        Ok(held.iter().map(|(id, held)| (*id, held.hook.clone(), held.health.clone())).collect())
    }

    /// One of them.
    pub(super) async fn get(&self, id: ShortId) -> Result<Hook, ApiError> {
        self.held().await?.get(&id).map(|held| held.hook.clone()).ok_or_else(no_webhook)
    }

    /// Notes how it does; nothing happens where it is gone.
    pub(super) async fn note(&self, id: ShortId, note: impl FnOnce(&mut Health)) {
        if let Ok(mut held) = self.held().await
            && let Some(held) = held.get_mut(&id)
        {
            note(&mut held.health);
        }
    }

    /// Letters that couldn't be delivered, the oldest first, with their numbers.
    pub(super) async fn dead(&self, id: ShortId) -> Result<Vec<(u64, Arc<Dead>)>, ApiError> {
        self.get(id).await?;
        let scan = DEAD.of(id.as_bytes()).limit(limits::WEBHOOK_DEAD_MAX);
        let dead = self.node.view(move |rows| rows.scan(&DEAD, &scan)).await?;
        Ok(dead.into_iter().filter_map(|(key, dead)| Some((key.position()?, dead))).collect())
    }

    /// Has dead letters tried again: one, or as many as may wait. Answers how many.
    pub(super) async fn replay(&self, id: ShortId, number: Option<u64>) -> Result<usize, ApiError> {
        self.get(id).await?;
        let now = self.node.now();
        let revive = move |tx: &Tx<'_>| {
            let room = limits::WEBHOOK_WAITING_MAX
                .saturating_sub(tx.scan(&WAITING, &WAITING.of(id.as_bytes())).len());
            let dead = tx.scan(&DEAD, &DEAD.of(id.as_bytes()));
            let wanted =
                dead.into_iter().filter(|(key, _)| number.is_none_or(|one| key.position() == Some(one)));
            let mut revived = 0;
            for (key, dead) in wanted.take(room) {
                let Some(position) = key.position() else { continue };
                tx.put(
                    &WAITING,
                    WAITING.key_at(id.as_bytes(), position),
                    Waiting::revived(position, &dead, now),
                );
                tx.delete(&DEAD, key);
                revived += 1;
            }
            revived
        };
        let revived = self.node.write(revive).await?;
        if number.is_some() && revived == 0 {
            let words =
                "there is no such dead letter, or too much waits already: `sigillo webhook dead` shows them";
            return Err(ApiError::not_found("no_dead_letter", words));
        }
        self.changed();
        Ok(revived)
    }

    /// Forgets letters about one of these, whether they wait or are dead.
    pub(in crate::ui::http) async fn forget(&self, names: Vec<String>) -> Result<(), ApiError> {
        let forget = move |tx: &Tx<'_>| {
            let names = |text: &str| names.iter().any(|name| text.contains(name.as_str()));
            for (key, row) in tx.scan(&WAITING, &WAITING.all()) {
                if names(&row.conversation) || row.letter.as_ref().is_some_and(|(_, json)| names(json)) {
                    tx.delete(&WAITING, key);
                }
            }
            for (key, dead) in tx.scan(&DEAD, &DEAD.all()) {
                if names(&dead.json) {
                    tx.delete(&DEAD, key);
                }
            }
        };
        self.node.write(forget).await?;
        self.changed();
        Ok(())
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

/// Whether a row has room for these kinds, whoever names them: there are only so many.
fn check_kinds(form: Form, kinds: &[String]) -> Result<(), ApiError> {
    let most = match form {
        Form::Events => KINDS.len(),
        Form::Cloud(_) => FIELDS.len(),
    };
    if kinds.len() > most {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "webhook", "name each kind of events once"));
    }
    Ok(())
}

fn no_webhook() -> ApiError {
    ApiError::not_found("no_webhook", "there is no such webhook: `sigillo webhook list` shows them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_names_no_more_kinds_than_there_are() {
        let kinds = |count: usize| vec!["messages".to_owned(); count];
        assert!(check_kinds(Form::Events, &kinds(KINDS.len())).is_ok());
        assert!(check_kinds(Form::Events, &kinds(KINDS.len() + 1)).is_err());
        let cloud = Form::Cloud(Seat::App);
        assert!(check_kinds(cloud, &kinds(FIELDS.len())).is_ok());
        assert!(check_kinds(cloud, &kinds(FIELDS.len() + 1)).is_err());
    }

    #[test]
    fn rows_keep_their_encoding() {
        let (created, secret) = (Time::from_millis(1), Secret::new([7; 32]));
        let form = Form::Events;
        let hook = Hook { url: "u".into(), kinds: vec!["k".into()], created, secret, after: 2, form };
        let row = HOOKS.encode(&hook).unwrap();
        assert_eq!(row, [&[2, 1, b'u', 1, 1, b'k', 1, 32][..], &[7; 32], &[2, 0]].concat());
        let seats = [Seat::Person, Seat::App, Seat::Business].map(Form::Cloud);
        let forms: Vec<Vec<u8>> = seats.iter().map(|form| postcard::to_allocvec(form).unwrap()).collect();
        assert_eq!(forms, [[1, 0], [1, 1], [1, 2]]);
        let dead = Dead {
            died: Time::from_millis(1),
            tries: 2,
            why: "w".into(),
            at: Time::EPOCH,
            json: "{}".into(),
        };
        assert_eq!(DEAD.encode(&dead).unwrap(), [1, 1, 2, 1, b'w', 0, 2, b'{', b'}']);
    }
}
