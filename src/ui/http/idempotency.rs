//! Requests that are sent twice and carried out once: answers kept under the caller's `Idempotency-Key`.
//!
//! A key is noted on the disk before its request is carried out, and the answer when it is there. A process that
//! ends between the two leaves a key whose outcome nobody knows; that is what whoever repeats it is told, rather than
//! being answered by chance. A request goes on when its caller is gone, so a broken connection loses no answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, Limited};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::base::api_limits as limits;
use crate::base::id::Digest;
use crate::base::limits::API_RESPONSE_MAX;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::engine::command::Refusal;
use crate::node::handle::Node;
use crate::store::key::TableId;
use crate::store::snapshot::Fault;
use crate::store::table::{Rows as _, Table};
use crate::store::tx::Tx;
use crate::ui::http::caller::Caller;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::whole;
use crate::ui::http::rule::Rule;

/// The header with the caller's key.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What is known of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Known {
    begun: Time,
    /// Of the request that had it first.
    request: Digest,
    /// The status of the answer; none while there is none.
    status: Option<u16>,
    /// Whether the answer's body is kept: it is no secret and not too large.
    kept: bool,
}

/// The body of an answer, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Told(#[serde(with = "serde_bytes")] Vec<u8>);

const KNOWN: Table<Known> = Table::new(TableId::ApiAnswers, 1);
const TOLD: Table<Told> = Table::new(TableId::ApiAnswerBodies, 1);

/// The answers of a node. The rows are the truth; what is held here is a copy, and this process alone changes them.
pub(super) struct Answers {
    node: Node,
    held: OnceCell<Arc<Mutex<Held>>>,
}

#[derive(Default)]
struct Held {
    known: BTreeMap<Digest, Known>,
    by_time: BTreeSet<(Time, Digest)>,
    /// How many keys each caller has here.
    counts: BTreeMap<Owner, usize>,
    /// Keys whose requests are being carried out, and the turn in which each of them is.
    running: BTreeMap<Digest, u64>,
    turns: u64,
}

/// What a key leads to.
#[derive(Debug, PartialEq, Eq)]
enum Begun {
    /// The request is new; it is carried out in this turn.
    New(Known, u64),
    /// It was answered before.
    Answered(Known),
}

/// Takes the key out of those that run, whatever happens; but not if it runs anew by then.
struct Running(Arc<Mutex<Held>>, Digest, u64);

impl Drop for Running {
    fn drop(&mut self) {
        lock(&self.0).end_turn(&self.1, self.2);
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The key of a request, if it has one.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| (1..=limits::IDEMPOTENCY_KEY_MAX).contains(&text.len()));
    match (text, values.next()) {
        (Some(text), None) => Ok(Some(text.to_owned())),
        _ => {
            let most = limits::IDEMPOTENCY_KEY_MAX;
            let words = format!("an idempotency key is one header of 1 to {most} printable characters");
            Err(ApiError::new(StatusCode::BAD_REQUEST, "idempotency_key", words))
        }
    }
}

impl Answers {
    pub(super) fn new(node: Node) -> Self {
        Self { node, held: OnceCell::new() }
    }

    /// Carries a request out, or answers it as it was answered before. The answers of `secret` routes aren't kept, nor
    /// anything that depends on what they were sent.
    pub(super) async fn once(
        &self,
        rule: Rule,
        caller: Caller,
        key: &str,
        request: Request,
        next: Next,
    ) -> Result<Response, ApiError> {
        let (parts, body) = request.into_parts();
        let body = whole(Request::from_parts(parts.clone(), body), &()).await?;
        let fingerprint = fingerprint(&parts, if rule.secret { b"" } else { &body });
        let id = id_of(&caller.name(), key);
        let held = self.held().await?;
        self.sweep().await?;
        let begun = lock(&held).begin(id, fingerprint, self.node.now())?;
        let running;
        let known = match begun {
            Begun::Answered(known) => return self.replay(id, known).await,
            Begun::New(known, turn) => {
                running = Running(Arc::clone(&held), id, turn);
                known
            }
        };
        let request = Request::from_parts(parts, Body::from(body));
        let node = self.node.clone();
        // From here on it goes on where the caller hangs up.
        let carried_out = tokio::runtime::Handle::current().spawn(async move {
            if let Err(refusal) = node.write(move |tx| tx.put(&KNOWN, KNOWN.key(id.as_bytes()), known)).await
            {
                lock(&held).forget(&id);
                return Err(refusal.into());
            }
            let response = rule.run(request, next).await;
            let response = finish(&node, &held, id, known, rule, response).await;
            drop(running);
            response
        });
        carried_out.await.map_err(|_| ApiError::from(Refusal::Stopping))?
    }

    /// Forgets answers that are past their life: their rows first, so that none goes that a key has anew.
    pub(super) async fn sweep(&self) -> Result<(), ApiError> {
        let held = self.held().await?;
        let old = lock(&held).old(self.node.now());
        if !old.is_empty() {
            let gone = old.clone();
            let stage = move |tx: &Tx<'_>| gone.iter().for_each(|id| delete(tx, id));
            self.node.write(stage).await?;
            let mut held = lock(&held);
            old.iter().for_each(|id| held.forget(id));
        }
        Ok(())
    }

    async fn replay(&self, id: Digest, known: Known) -> Result<Response, ApiError> {
        let status = known.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or_default();
        let told = match known.kept {
            true => self.node.view(move |rows| rows.row(&TOLD, id.as_bytes())).await?,
            false => None,
        };
        let Some(told) = told else {
            let words =
                format!("the request was carried out before, with status {status}; its answer isn't kept");
            return Err(ApiError::new(StatusCode::CONFLICT, "idempotency_answer", words));
        };
        let json = HeaderValue::from_static("application/json");
        let head = [(CONTENT_TYPE, json), (REPLAYED, HeaderValue::from_static("true"))];
        Ok((status, head, told.0.clone()).into_response())
    }

    async fn held(&self) -> Result<Arc<Mutex<Held>>, ApiError> {
        let read = async || -> Result<_, ApiError> {
            let rows = self.node.view(|rows| rows.scan(&KNOWN, &KNOWN.all())).await?;
            let mut held = Held::default();
            for (key, known) in rows {
                if let Some(id) = Digest::from_slice(&key.id) {
                    held.insert(id, *known);
                }
            }
            Ok(Arc::new(Mutex::new(held)))
        };
        self.held.get_or_try_init(read).await.cloned()
    }
}

/// Keeps the answer, unless it is one that says to try again.
async fn finish(
    node: &Node,
    held: &Mutex<Held>,
    id: Digest,
    known: Known,
    rule: Rule,
    response: Response,
) -> Result<Response, ApiError> {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, API_RESPONSE_MAX).collect().await;
    let body = body.map_err(|error| Fault(error.to_string()))?.to_bytes();
    match parts.status {
        // Nothing was done. The row goes before the key: whoever uses it anew mustn't lose theirs. Where the node is
        // ending, it stays one whose outcome is unknown.
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
            if node.write(move |tx| delete(tx, &id)).await.is_ok() {
                lock(held).forget(&id);
            }
        }
        // Nobody knows what was done.
        status if status.is_server_error() => {}
        status => {
            let kept = !rule.secret && body.len() <= limits::IDEMPOTENCY_ANSWER_MAX;
            let known = Known { status: Some(status.as_u16()), kept, ..known };
            let told = kept.then(|| Told(body.to_vec()));
            let stage = move |tx: &Tx<'_>| {
                tx.put(&KNOWN, KNOWN.key(id.as_bytes()), known);
                if let Some(told) = told {
                    tx.put(&TOLD, TOLD.key(id.as_bytes()), told);
                }
            };
            if node.write(stage).await.is_ok() {
                lock(held).insert(id, known);
            }
        }
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// What tells the keys of one caller apart from those of all others, at the beginning of their ids.
type Owner = [u8; 8];

/// Under what a caller's key is known. It begins with what tells whose it is, so that each caller's keys can be counted, after
/// a restart as well.
fn id_of(caller: &[u8], key: &str) -> Digest {
    let length = u8::try_from(caller.len()).unwrap_or(u8::MAX);
    let mut id = sha256(&[&[length], caller, key.as_bytes()]);
    let owner = sha256(&[b"caller", caller]);
    for (byte, of_owner) in id.iter_mut().zip(owner.iter().take(size_of::<Owner>())) {
        *byte = *of_owner;
    }
    Digest::new(id)
}

fn owner_of(id: &Digest) -> Owner {
    id.as_bytes().first_chunk().copied().unwrap_or_default()
}

fn delete(tx: &Tx<'_>, id: &Digest) {
    tx.delete(&KNOWN, KNOWN.key(id.as_bytes()));
    tx.delete(&TOLD, TOLD.key(id.as_bytes()));
}

/// What makes two requests the same.
fn fingerprint(parts: &Parts, body: &[u8]) -> Digest {
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    Digest::new(sha256(&[parts.method.as_str().as_bytes(), b" ", path.as_bytes(), b" ", body]))
}

impl Held {
    fn begin(&mut self, id: Digest, request: Digest, now: Time) -> Result<Begun, ApiError> {
        let conflict = |code, words: &str| Err(ApiError::new(StatusCode::CONFLICT, code, words));
        if let Some(known) = self.known.get(&id) {
            if known.request != request {
                let words = "this idempotency key was used for another request: use a new key for each";
                return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", words));
            }
            if self.running.contains_key(&id) {
                return conflict(
                    "idempotency_running",
                    "the request with this key is being carried out: ask again",
                );
            }
            return match known.status {
                Some(_) => Ok(Begun::Answered(*known)),
                None => conflict(
                    "idempotency_unknown",
                    "the request with this key was begun and nobody knows whether it was carried out: look, and use \
                     another key",
                ),
            };
        }
        let of_caller = self.counts.get(&owner_of(&id)).copied().unwrap_or_default();
        let is_full = self.known.len() >= limits::IDEMPOTENCY_KEYS_MAX;
        if is_full || of_caller >= limits::IDEMPOTENCY_CALLER_KEYS_MAX {
            let words = "too many idempotency keys of the last 24 hours are remembered: send requests without, or wait";
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_keys", words));
        }
        let known = Known { begun: now, request, status: None, kept: false };
        self.insert(id, known);
        self.turns += 1;
        self.running.insert(id, self.turns);
        Ok(Begun::New(known, self.turns))
    }

    /// The request that had the key in this turn is over.
    fn end_turn(&mut self, id: &Digest, turn: u64) {
        if self.running.get(id) == Some(&turn) {
            self.running.remove(id);
        }
    }

    fn insert(&mut self, id: Digest, known: Known) {
        if self.known.insert(id, known).is_none() {
            *self.counts.entry(owner_of(&id)).or_default() += 1;
        }
        self.by_time.insert((known.begun, id));
    }

    fn forget(&mut self, id: &Digest) {
        if let Some(known) = self.known.remove(id) {
            self.by_time.remove(&(known.begun, *id));
            let owner = owner_of(id);
            if let Some(count) = self.counts.get_mut(&owner) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.counts.remove(&owner);
                }
            }
        }
    }

    /// What is past its life and no longer runs, some of it at a time.
    fn old(&self, now: Time) -> Vec<Digest> {
        let oldest = now.minus(limits::IDEMPOTENCY_LIFE);
        let old = self.by_time.iter().take_while(|(begun, _)| *begun < oldest).map(|(_, id)| *id);
        old.filter(|id| !self.running.contains_key(id)).take(limits::IDEMPOTENCY_SWEEP).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_000_000_000);

    fn digest(byte: u8) -> Digest {
        Digest::new([byte; 32])
    }

    fn code(result: Result<Begun, ApiError>) -> &'static str {
        result.unwrap_err().code()
    }

    #[test]
    fn a_key_is_new_once_and_belongs_to_one_request() {
        let mut held = Held::default();
        let begun = held.begin(digest(1), digest(2), NOW).unwrap();
        let Begun::New(known, _) = begun else { panic!("{begun:?}") };
        assert_eq!(code(held.begin(digest(1), digest(2), NOW)), "idempotency_running");
        assert_eq!(code(held.begin(digest(1), digest(3), NOW)), "idempotency_mismatch");
        held.running.clear();
        assert_eq!(code(held.begin(digest(1), digest(2), NOW)), "idempotency_unknown");
        let known = Known { status: Some(200), kept: true, ..known };
        held.insert(digest(1), known);
        assert_eq!(held.begin(digest(1), digest(2), NOW).unwrap(), Begun::Answered(known));
        assert_eq!(code(held.begin(digest(1), digest(3), NOW)), "idempotency_mismatch");
        assert!(matches!(held.begin(digest(4), digest(2), NOW), Ok(Begun::New(..))), "another key");
    }

    #[test]
    fn a_key_is_remembered_for_a_day_and_no_longer_than_it_runs() {
        let mut held = Held::default();
        held.begin(digest(1), digest(2), NOW).unwrap();
        held.begin(digest(2), digest(2), NOW).unwrap();
        held.running.remove(&digest(1));
        assert!(held.old(NOW.plus(limits::IDEMPOTENCY_LIFE)).is_empty());
        let later = NOW.plus(limits::IDEMPOTENCY_LIFE + core::time::Duration::from_millis(1));
        assert_eq!(held.old(later), [digest(1)]);
        assert_eq!(
            code(held.begin(digest(1), digest(9), later)),
            "idempotency_mismatch",
            "its row is still there"
        );
        held.forget(&digest(1));
        assert_eq!((held.known.len(), held.by_time.len()), (1, 1));
        assert!(matches!(held.begin(digest(1), digest(9), later), Ok(Begun::New(..))));
    }

    #[test]
    fn a_request_that_ends_late_ends_no_other_that_has_its_key_by_then() {
        let held = Arc::new(Mutex::new(Held::default()));
        let begin = || match lock(&held).begin(digest(1), digest(2), NOW).unwrap() {
            Begun::New(_, turn) => Running(Arc::clone(&held), digest(1), turn),
            other => panic!("{other:?}"),
        };
        let first = begin();
        // It is told to try again, and does so before the first is quite over.
        lock(&held).forget(&digest(1));
        let second = begin();
        drop(first);
        assert_eq!(code(lock(&held).begin(digest(1), digest(2), NOW)), "idempotency_running");
        drop(second);
        assert_eq!(code(lock(&held).begin(digest(1), digest(2), NOW)), "idempotency_unknown");
    }

    #[test]
    fn there_are_only_so_many_keys() {
        let mut held = Held::default();
        for number in 0..limits::IDEMPOTENCY_KEYS_MAX {
            let id = Digest::new(sha256(&[&number.to_be_bytes()]));
            held.begin(id, digest(0), NOW).unwrap();
        }
        assert_eq!(code(held.begin(digest(1), digest(0), NOW)), "too_many_keys");
    }

    #[test]
    fn one_caller_with_too_many_keys_shuts_out_no_other() {
        let mut held = Held::default();
        let mine = |number: usize| id_of(b"mine", &number.to_string());
        for number in 0..limits::IDEMPOTENCY_CALLER_KEYS_MAX {
            let begun = held.begin(mine(number), digest(0), NOW);
            let Ok(Begun::New(known, _)) = begun else { panic!("{begun:?}") };
            // The answer is there: the same key, which counts once.
            held.insert(mine(number), Known { status: Some(200), ..known });
        }
        let next = mine(limits::IDEMPOTENCY_CALLER_KEYS_MAX);
        assert_eq!(code(held.begin(next, digest(0), NOW)), "too_many_keys");
        assert!(matches!(held.begin(id_of(b"hers", "0"), digest(0), NOW), Ok(Begun::New(..))));
        assert!(held.begin(mine(0), digest(0), NOW).is_err(), "still running");
        held.forget(&mine(0));
        held.forget(&mine(0));
        assert!(matches!(held.begin(next, digest(0), NOW), Ok(Begun::New(..))));
        assert_eq!(code(held.begin(mine(0), digest(0), NOW)), "too_many_keys");
    }

    #[test]
    fn a_key_is_its_callers() {
        assert_ne!(id_of(b"a", "b"), id_of(b"a", "c"));
        assert_ne!(id_of(b"a", "b"), id_of(b"", "ab"));
        assert_eq!(owner_of(&id_of(b"a", "b")), owner_of(&id_of(b"a", "c")));
        assert_ne!(owner_of(&id_of(b"a", "b")), owner_of(&id_of(b"b", "b")));
    }

    #[test]
    fn a_key_is_one_header_of_bounded_length() {
        let named = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(KEY, HeaderValue::from_str(value).unwrap());
            }
            key(&headers).map_err(|error| error.code())
        };
        assert_eq!(named(&[]), Ok(None));
        assert_eq!(named(&["a"]), Ok(Some("a".into())));
        let long = "x".repeat(limits::IDEMPOTENCY_KEY_MAX + 1);
        for wrong in [&[""][..], &["a", "b"], &[&long], &["\u{e9}"]] {
            assert_eq!(named(wrong), Err("idempotency_key"), "{wrong:?}");
        }
    }

    #[test]
    fn rows_keep_their_encoding() {
        let known = Known { begun: Time::from_millis(1), request: digest(7), status: Some(200), kept: true };
        let row = KNOWN.encode(&known).unwrap();
        assert_eq!(row, [&[1, 1, 32][..], &[7; 32], &[1, 200, 1, 1]].concat());
        assert_eq!(TOLD.encode(&Told(b"{}".to_vec())).unwrap(), [1, 2, b'{', b'}']);
    }
}
