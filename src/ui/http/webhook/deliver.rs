//! Brings events to webhooks: one worker for each, which reads the log of events as fast as its receiver takes them.
//!
//! What a worker has to do is in rows: how far it is in the log, what waits, what is dead. So nothing is lost by a crash,
//! and a receiver that is slow or gone costs rows of a bounded number, and no memory and no time of the node. A letter
//! may come twice: where the process ends between the receiver's answer and the row that notes it.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt as _;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::base::api_limits as limits;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::node::event_log::{self, Logged, Page};
use crate::store::table::Rows as _;
use crate::store::tx::Tx;
use crate::ui::http::api::Api;
use crate::ui::http::cloud::notice::render::{self, Reader};
use crate::ui::http::cloud::notice::told::Mark;
use crate::ui::http::error::ApiError;
use crate::ui::http::short_id::ShortId;
use crate::ui::http::webhook::hook::{DEAD, Form, HOOKS, Health, Hook, WAITING};
use crate::ui::http::webhook::line::{After, Dead, Line, Waiting};
use crate::ui::http::webhook::post::{Target, Way};

/// Keeps a worker for each webhook, until the API ends.
pub async fn deliver(api: Api) {
    let mut changes = api.hooks().changes();
    let mut workers: JoinSet<ShortId> = JoinSet::new();
    let mut working = BTreeSet::new();
    loop {
        changes.mark_unchanged();
        let Ok(hooks) = api.hooks().list().await else { return };
        for (id, hook, _) in hooks {
            let Ok(target) = Target::parse(&hook.url) else { continue };
            if working.insert(id) {
                api.node().log_events(true);
                let api = api.clone();
                workers.spawn(async move {
                    // It ends with the webhook, or the API.
                    let work = || {
                        let mut worker = Worker::new(api.clone(), id, target.clone(), &hook);
                        async move { worker.work().await }
                    };
                    persist(id, limits::WEBHOOK_RESTART_PAUSE, work).await;
                    id
                });
            }
        }
        tokio::select! {
            () = api.ending().cancelled() => break,
            changed = changes.changed() => if changed.is_err() { break },
            Some(ended) = workers.join_next() => {
                if let Ok(id) = ended {
                    working.remove(&id);
                }
            }
        }
    }
    // A letter under way is brought again after the next start.
    workers.shutdown().await;
}

/// Works until the work is done. Where it fails or panics it is begun anew after a pause: what there is to do is in rows.
async fn persist<W>(id: ShortId, pause: Duration, mut work: impl FnMut() -> W)
where
    W: Future<Output = Result<(), ApiError>>,
{
    loop {
        let why = match AssertUnwindSafe(work()).catch_unwind().await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.code(),
            Err(_) => "it panicked",
        };
        tracing::warn!(webhook = %id, why, "the work for a webhook ended by itself; it begins anew");
        tokio::time::sleep(pause).await;
    }
}

/// Whoever brings one webhook its events.
struct Worker {
    api: Api,
    id: ShortId,
    target: Target,
    secret: Secret<32>,
    kinds: Vec<String>,
    form: Form,
    created: Time,
    /// The number of the last event that was looked at, and that of the last whose row says so.
    after: u64,
    noted: u64,
    line: Line,
    way: Way,
    logged: watch::Receiver<u64>,
    changes: watch::Receiver<u64>,
}

/// One event, ready to be sent.
struct Letter {
    number: u64,
    at: Time,
    json: String,
}

/// What is sent for a letter.
#[derive(Default)]
struct Bodies {
    /// One after another; the letter was brought when all were.
    bodies: Vec<String>,
    /// What holds then.
    mark: Option<Mark>,
}

impl Letter {
    fn of(number: u64, Logged { at, json }: Logged) -> Self {
        Self { number, at, json }
    }

    /// The body that is signed and sent. The event is JSON already.
    fn body(&self, webhook: ShortId) -> String {
        let Self { number, at, json } = self;
        format!(r#"{{"webhook":"{webhook}","number":{number},"at":{},"event":{json}}}"#, at.as_millis())
    }

    fn kind(&self) -> (String, String) {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Known {
            event: String,
            with: String,
            address: String,
        }
        let Known { event, with, address } = serde_json::from_str(&self.json).unwrap_or_default();
        (event, if with.is_empty() { address } else { with })
    }
}

impl Worker {
    fn new(api: Api, id: ShortId, target: Target, hook: &Hook) -> Self {
        let (logged, changes) = (api.node().logged(), api.hooks().changes());
        let (secret, kinds, after) = (hook.secret.clone(), hook.kinds.clone(), hook.after);
        let (form, created) = (hook.form, hook.created);
        let (line, way) = (Line::default(), Way::default());
        Self {
            api,
            id,
            target,
            secret,
            kinds,
            form,
            created,
            after,
            noted: after,
            line,
            way,
            logged,
            changes,
        }
    }

    /// Works until the webhook is removed, the API ends or the store fails.
    async fn work(&mut self) -> Result<(), ApiError> {
        let id = self.id;
        // The copy in memory isn't kept up to date in this.
        let noted = self.api.view(move |rows| rows.row(&HOOKS, id.as_bytes()).map(|hook| hook.after)).await?;
        let Some(noted) = noted else { return Ok(()) };
        (self.after, self.noted) = (noted, noted);
        self.fill().await?;
        while self.api.hooks().get(id).await.is_ok() {
            if self.changes.has_changed().unwrap_or(true) {
                self.changes.mark_unchanged();
                self.fill().await?;
            }
            self.logged.mark_unchanged();
            let now = self.api.node().now();
            if !self.line.rests(now) {
                if let Some((number, waiting)) = self.line.due(now) {
                    self.again(number, waiting).await?;
                    continue;
                }
                if self.line.takes_more() && self.read_on().await? {
                    continue;
                }
            }
            if !self.wait().await {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads what waits.
    async fn fill(&mut self) -> Result<(), ApiError> {
        let scan = WAITING.of(self.id.as_bytes());
        let rows = self.api.view(move |rows| rows.scan(&WAITING, &scan)).await?;
        let rows = rows.into_iter().filter_map(|(key, row)| Some((key.position()?, (*row).clone())));
        self.line.fill(rows.collect::<BTreeMap<_, _>>());
        self.tell(|_| ()).await;
        Ok(())
    }

    /// Tries what waits once more.
    async fn again(&mut self, number: u64, waiting: Waiting) -> Result<(), ApiError> {
        let letter = match waiting.letter.clone() {
            Some((at, json)) => Letter { number, at, json },
            None => self.letter(number).await?,
        };
        let bodies = self.bodies(&letter).await?;
        self.bring(&letter, bodies, waiting).await
    }

    /// The event of a number, or word that it is gone.
    async fn letter(&self, number: u64) -> Result<Letter, ApiError> {
        let page = self.api.view(move |rows| event_log::after(rows, number.saturating_sub(1), 1)).await?;
        let found = page.events.into_iter().find(|(found, _)| *found == number);
        Ok(match found {
            Some((_, logged)) => Letter::of(number, logged),
            None => gap(number..number.saturating_add(1), self.api.node().now()),
        })
    }

    /// Looks at the next events of the log; whether there were any.
    async fn read_on(&mut self) -> Result<bool, ApiError> {
        let after = self.after;
        let page = self.api.view(move |rows| event_log::after(rows, after, limits::EVENT_LOG_PAGE)).await?;
        let Page { lost, events } = page;
        let now = self.api.node().now();
        let is_empty = lost.is_none() && events.is_empty();
        let gap = lost.map(|lost| gap(lost, now));
        for letter in
            gap.into_iter().chain(events.into_iter().map(|(number, event)| Letter::of(number, event)))
        {
            let (kind, conversation) = letter.kind();
            let bodies = if self.wants(&kind) { self.bodies(&letter).await? } else { Bodies::default() };
            if bodies.bodies.is_empty() {
                self.after = letter.number;
            } else if !self.line.takes_more() || self.line.rests(self.api.node().now()) {
                break;
            } else if !conversation.is_empty() && self.line.holds(&conversation) {
                self.after = letter.number;
                let waiting = self.line.join(letter.number, &conversation, letter.at);
                self.write(letter.number, Some(waiting), None, None).await?;
            } else {
                self.after = letter.number;
                let fresh =
                    Waiting::fresh(conversation, now, (kind == "gap").then(|| (now, letter.json.clone())));
                self.bring(&letter, bodies, fresh).await?;
            }
        }
        if self.noted != self.after {
            self.write(self.after, None, None, None).await?;
        }
        Ok(!is_empty)
    }

    /// Whether the receiver may be told of events of this kind.
    fn wants(&self, kind: &str) -> bool {
        // What of an event the other form tells of is seen when it is written in that form.
        self.form != Form::Events
            || self.kinds.is_empty()
            || kind == "gap"
            || self.kinds.iter().any(|one| one == kind)
    }

    /// What is sent for a letter.
    async fn bodies(&self, letter: &Letter) -> Result<Bodies, ApiError> {
        if self.form == Form::Events {
            return Ok(Bodies { bodies: vec![letter.body(self.id)], mark: None });
        }
        let reader = Reader { webhook: self.id.as_bytes(), since: self.created, fields: &self.kinds };
        let rendered = render::render(&self.api, reader, letter.at, &letter.json).await?;
        let bodies = rendered.letters.into_iter().map(|(_, body)| body).collect();
        Ok(Bodies { bodies, mark: rendered.mark })
    }

    /// Brings a letter to the receiver, and notes what came of it.
    async fn bring(
        &mut self,
        letter: &Letter,
        Bodies { bodies, mark }: Bodies,
        waiting: Waiting,
    ) -> Result<(), ApiError> {
        let tries = waiting.tries.saturating_add(1);
        let mut brought = Ok(());
        for body in bodies {
            brought = self.way.post(&self.target, &self.secret, body).await;
            if brought.is_err() {
                break;
            }
        }
        let now = self.api.node().now();
        let Err(why) = brought else {
            self.line.taken(letter.number);
            self.write(letter.number, None, None, mark).await?;
            self.tell(|health| (health.delivered, health.trouble) = (health.delivered + 1, None)).await;
            return Ok(());
        };
        tracing::debug!(webhook = %self.id, why, "a webhook's receiver doesn't take an event");
        match self.line.failed(letter.number, waiting, now) {
            After::Again(again) => self.write(letter.number, Some(again), None, None).await?,
            After::Dead => {
                let (at, json, why) = (letter.at, letter.json.clone(), why.clone());
                let dead = Dead { died: now, tries, why, at, json };
                self.write(letter.number, None, Some(dead), None).await?;
            }
        }
        self.tell(|health| (health.failed, health.trouble) = (health.failed + 1, Some(why))).await;
        Ok(())
    }

    /// Notes what became of an event, and how far the log was read.
    async fn write(
        &mut self,
        number: u64,
        waiting: Option<Waiting>,
        dead: Option<Dead>,
        mark: Option<Mark>,
    ) -> Result<(), ApiError> {
        let (id, after) = (self.id, self.after);
        let stage = move |tx: &Tx<'_>| {
            let id = id.as_bytes();
            if tx.edit(&HOOKS, &HOOKS.key(id), |hook| hook.after = after).is_none() {
                // It was removed meanwhile, with all that waits.
                return;
            }
            match waiting {
                Some(waiting) => tx.put(&WAITING, WAITING.key_at(id, number), waiting),
                None => tx.delete(&WAITING, WAITING.key_at(id, number)),
            }
            if let Some(mark) = mark {
                mark.put(tx, id);
            }
            if let Some(dead) = dead {
                let buried = tx.scan(&DEAD, &DEAD.of(id));
                let many = (buried.len() + 1).saturating_sub(limits::WEBHOOK_DEAD_MAX);
                buried.into_iter().take(many).for_each(|(key, _)| tx.delete(&DEAD, key));
                tx.put(&DEAD, DEAD.key_at(id, number), dead);
            }
        };
        self.api.node().write(stage).await?;
        self.noted = self.after;
        Ok(())
    }

    /// Says how it does.
    async fn tell(&self, note: impl FnOnce(&mut Health)) {
        let waiting = self.line.len();
        let note = |health: &mut Health| {
            note(health);
            health.waiting = waiting;
        };
        self.api.hooks().note(self.id, note).await;
    }

    /// Waits for something to do; whether there may still be something.
    async fn wait(&mut self) -> bool {
        let now = self.api.node().now();
        let rest = self.line.rests(now).then(|| self.line.rest_until());
        let pause = match (self.line.next(), rest) {
            (Some(next), Some(rest)) => Some(next.max(rest)),
            (next, rest) => next.or(rest),
        };
        // The clock may be set meanwhile.
        let pause =
            pause.map_or(limits::SWEEP_INTERVAL, |until| until.since(now)).min(Duration::from_secs(60));
        let rests = self.line.rests(now) || !self.line.takes_more();
        tokio::select! {
            () = self.api.ending().cancelled() => false,
            changed = self.changes.changed() => {
                // To be seen again at the beginning.
                self.changes.mark_changed();
                changed.is_ok()
            }
            changed = self.logged.changed(), if !rests => changed.is_ok(),
            () = tokio::time::sleep(pause) => true,
        }
    }
}

/// Word of events that are gone, under the number of the last of them.
fn gap(lost: core::ops::Range<u64>, at: Time) -> Letter {
    let (from, until) = (lost.start, lost.end);
    let json = format!(r#"{{"event":"gap","from":{from},"until":{until}}}"#);
    Letter { number: until.saturating_sub(1), at, json }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_failed_or_panicked_begins_anew() {
        let mut begun = 0;
        let work = || {
            begun += 1;
            let attempt = begun;
            async move {
                match attempt {
                    1 => panic!("on purpose"),
                    2 => Err(ApiError::bad_request("on purpose")),
                    _ => Ok(()),
                }
            }
        };
        persist(ShortId::parse("00000000000000aa").unwrap(), Duration::from_millis(1), work).await;
        assert_eq!(begun, 3);
    }

    #[test]
    fn a_letter_is_json_around_the_event_and_tells_its_conversation() {
        let id = ShortId::parse("00000000000000aa").unwrap();
        let json = r#"{"event":"entry","with":"sig1x","entry":{}}"#.to_owned();
        let letter = Letter { number: 7, at: Time::from_millis(9), json };
        let body: serde_json::Value = serde_json::from_str(&letter.body(id)).unwrap();
        assert_eq!((&body["webhook"], &body["number"]), (&"00000000000000aa".into(), &7.into()));
        assert_eq!((&body["at"], &body["event"]["with"]), (&9.into(), &"sig1x".into()));
        assert_eq!(letter.kind(), ("entry".into(), "sig1x".into()));
        let contact = Letter { json: r#"{"event":"contact","address":"sig1y"}"#.into(), ..letter };
        assert_eq!(contact.kind(), ("contact".into(), "sig1y".into()));
        assert_eq!(gap(2..9, Time::EPOCH).number, 8);
    }
}
