//! Bearer tokens: made, shown once, kept as hashes, and recognised.
//!
//! A token is `sigillo_ID_SECRET`. The secret has 256 random bits, so one SHA-256 of it is as good as a slow hash:
//! nobody tries 2^255 of them, and a slow one would let anybody who knocks keep the processor busy.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use zeroize::{Zeroize as _, Zeroizing};

use crate::base::api_limits as limits;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::crypto::secret::Secret;
use crate::node::handle::Node;
use crate::store::key::TableId;
use crate::store::table::{Rows as _, Table};
use crate::ui::http::error::ApiError;
use crate::ui::http::rate::Pace;
use crate::ui::http::scope::Scopes;
use crate::ui::http::short_id::ShortId;

/// What every token begins with, so that scanners for secrets find one that was leaked.
const PREFIX: &str = "sigillo_";

/// A token as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// What it is for, in its maker's words.
    pub(super) label: String,
    pub(super) scopes: Scopes,
    pub(super) created: Time,
    /// It holds no longer; for ever where there is none.
    pub(super) expires: Option<Time>,
    /// SHA-256 of the secret.
    hash: Secret<32>,
}

const TOKENS: Table<Kept> = Table::new(TableId::ApiTokens, 1);

/// Why a token isn't good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Denied {
    /// There is none.
    Missing,
    /// It isn't one of this node's, or no longer.
    Unknown,
    /// It has expired.
    Expired,
    /// It is used too often.
    TooFast,
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        let (status, code, words) = match denied {
            Denied::Missing => (
                StatusCode::UNAUTHORIZED,
                "token_missing",
                "say who you are with `Authorization: Bearer TOKEN`: `sigillo token create` makes one",
            ),
            Denied::Unknown => (
                StatusCode::UNAUTHORIZED,
                "token_unknown",
                "this isn't a token of this node, or it was revoked: `sigillo token list` shows those that hold",
            ),
            Denied::Expired => (
                StatusCode::UNAUTHORIZED,
                "token_expired",
                "this token has expired: make another with `sigillo token create`",
            ),
            Denied::TooFast => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_requests",
                "too many requests: wait a second, or raise `rate` under [api] in config.toml",
            ),
        };
        Self::new(status, code, words)
    }
}

/// The tokens of a node. The rows are the truth; what is held here is a copy, and this process alone changes them.
pub(super) struct Tokens {
    node: Node,
    held: OnceCell<Mutex<BTreeMap<ShortId, Held>>>,
}

struct Held {
    kept: Kept,
    pace: Pace,
}

impl Tokens {
    pub(super) fn new(node: Node) -> Self {
        Self { node, held: OnceCell::new() }
    }

    async fn held(&self) -> Result<MutexGuard<'_, BTreeMap<ShortId, Held>>, ApiError> {
        let read = async || -> Result<_, ApiError> {
            let rows = self.node.view(|rows| rows.scan(&TOKENS, &TOKENS.all())).await?;
            let held = rows.into_iter().filter_map(|(key, kept)| {
                let id = ShortId::from_slice(&key.id)?;
                Some((id, Held { kept: (*kept).clone(), pace: Pace::default() }))
            });
            Ok(Mutex::new(held.collect()))
        };
        let held = self.held.get_or_try_init(read).await?;
        Ok(held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tokens {
    /// Makes a token, and gives its text, which is kept nowhere.
    pub(super) async fn create(
        &self,
        rng: &mut (dyn CryptoRng + Send),
        label: String,
        scopes: Scopes,
        expires: Option<Time>,
    ) -> Result<(ShortId, Zeroizing<String>, Kept), ApiError> {
        let (id, secret) = (ShortId::random(rng), Secret::<32>::random(rng));
        let text = text_of(id, &secret);
        let now = self.node.now();
        let kept = Kept { label, scopes, created: now, expires, hash: hash(&text) };
        let expired: Vec<ShortId> = {
            let held = self.held().await?;
            let expired = held.iter().filter(|(_, held)| held.kept.has_expired(now)).map(|(id, _)| *id);
            let expired: Vec<ShortId> = expired.collect();
            if held.len() - expired.len() >= limits::TOKENS_MAX {
                let words = "there are too many tokens: `sigillo token revoke` takes one back";
                return Err(ApiError::new(StatusCode::CONFLICT, "too_many", words));
            }
            expired
        };
        let (row, gone) = (kept.clone(), expired.clone());
        let stage = move |tx: &crate::store::tx::Tx<'_>| {
            gone.iter().for_each(|id| tx.delete(&TOKENS, TOKENS.key(id.as_bytes())));
            tx.put(&TOKENS, TOKENS.key(id.as_bytes()), row);
        };
        self.node.write(stage).await?;
        let mut held = self.held().await?;
        held.retain(|id, _| !expired.contains(id));
        held.insert(id, Held { kept: kept.clone(), pace: Pace::default() });
        Ok((id, text, kept))
    }

    /// All tokens, those that have expired among them.
    pub(super) async fn list(&self) -> Result<Vec<(ShortId, Kept)>, ApiError> {
        Ok(self.held().await?.iter().map(|(id, held)| (*id, held.kept.clone())).collect())
    }

    /// Takes a token back. Nobody gets in with it once this begins.
    pub(super) async fn revoke(&self, id: ShortId) -> Result<Kept, ApiError> {
        let gone = self.held().await?.remove(&id);
        let kept = gone.ok_or_else(|| {
            ApiError::not_found("no_token", "there is no such token: `sigillo token list` shows them")
        })?;
        self.node.write(move |tx| tx.delete(&TOKENS, TOKENS.key(id.as_bytes()))).await?;
        Ok(kept.kept)
    }

    /// Whose a token is and what it is good for, if it holds and isn't used too often.
    pub(super) async fn recognise(
        &self,
        text: &str,
        rate: u32,
    ) -> Result<Result<(ShortId, Scopes), Denied>, ApiError> {
        let now = self.node.now();
        let mut held = self.held().await?;
        let id = id_of(text);
        let entry = id.and_then(|id| held.get_mut(&id).map(|entry| (id, entry)));
        // The same work and the same answer, whether it is the id that is wrong or the secret.
        let nobody = Secret::new([0; 32]);
        let expected = entry.as_ref().map_or(&nobody, |(_, entry)| &entry.kept.hash);
        let same = *expected == hash(text);
        let Some((id, entry)) = entry.filter(|_| same) else { return Ok(Err(Denied::Unknown)) };
        if entry.kept.has_expired(now) {
            return Ok(Err(Denied::Expired));
        }
        if !entry.pace.take(tokio::time::Instant::now(), rate) {
            return Ok(Err(Denied::TooFast));
        }
        Ok(Ok((id, entry.kept.scopes)))
    }

    /// What a token is good for and until when, if it holds. Whoever asks has brought a token of their own, which counts.
    pub(super) async fn look(&self, text: &str) -> Result<Result<(Scopes, Option<Time>), Denied>, ApiError> {
        let now = self.node.now();
        let held = self.held().await?;
        let entry = id_of(text).and_then(|id| held.get(&id)).filter(|entry| entry.kept.hash == hash(text));
        Ok(match entry {
            None => Err(Denied::Unknown),
            Some(entry) if entry.kept.has_expired(now) => Err(Denied::Expired),
            Some(entry) => Ok((entry.kept.scopes, entry.kept.expires)),
        })
    }

    /// Whether a token that was recognised before still holds.
    pub(super) async fn holds(&self, id: ShortId) -> bool {
        let now = self.node.now();
        let held = self.held().await;
        held.is_ok_and(|held| held.get(&id).is_some_and(|held| !held.kept.has_expired(now)))
    }
}

impl Kept {
    /// Whether it holds no longer.
    pub(super) fn has_expired(&self, now: Time) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

fn text_of(id: ShortId, secret: &Secret<32>) -> Zeroizing<String> {
    let mut encoded = BASE64URL_NOPAD.encode(secret.expose());
    let text = Zeroizing::new(format!("{PREFIX}{id}_{encoded}"));
    encoded.zeroize();
    text
}

/// The id that a text names, if it has the form of a token.
fn id_of(text: &str) -> Option<ShortId> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    (secret.len() == BASE64URL_NOPAD.encode_len(32)).then(|| ShortId::parse(id)).flatten()
}

/// Of the whole text, so that nothing that only resembles it passes.
fn hash(text: &str) -> Secret<32> {
    Secret::new(sha256(&[text.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_a_form_that_is_found_again() {
        let (id, secret) = (ShortId::parse("0102030405060708").unwrap(), Secret::new([0xff; 32]));
        let text = text_of(id, &secret);
        assert_eq!(*text, "sigillo_0102030405060708___________________________________________8");
        assert_eq!(id_of(&text), Some(id));
        for wrong in ["", "sigillo_", "sigillo_0102030405060708", "sigillo_0102030405060708_x", &text[1..]] {
            assert_eq!(id_of(wrong), None, "{wrong}");
        }
        assert_ne!(hash(&text), hash(&text.to_uppercase()));
    }

    #[test]
    fn a_row_keeps_its_encoding() {
        let kept = Kept {
            label: "a".into(),
            scopes: Scopes::from_iter([crate::ui::http::scope::Scope::Read]),
            created: Time::from_millis(1),
            expires: Some(Time::from_millis(2)),
            hash: Secret::new([7; 32]),
        };
        let bytes = TOKENS.encode(&kept).unwrap();
        assert_eq!(bytes, [&[1, 1, b'a', 2, 1, 1, 2, 32][..], &[7; 32]].concat());
    }
}
