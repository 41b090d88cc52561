//! Routes about the identity's key: locked, unlocked, used, and another put in its place.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::domain::identity::account::Seed;
use crate::domain::identity::address;
use crate::domain::identity::invite;
use crate::domain::identity::keystore::KeystoreError;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::node::identity::{self, Custody, IdentityError};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Body;

/// A text that is wiped, which JSON can hold.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Hidden(String);

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// What unseals the identity's key, which a node doesn't keep: the passphrase, or the recovery phrase.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    passphrase: Option<Hidden>,
    recovery_phrase: Option<Hidden>,
}

impl Key {
    /// The command, with the key that it takes.
    pub(super) async fn with(&self, api: &Api, command: Command) -> Result<Command, ApiError> {
        Ok(Command::Unlocked(Box::new(self.seed(api).await?), Box::new(command)))
    }

    async fn seed(&self, api: &Api) -> Result<Seed, ApiError> {
        if !api.node().is_primary() {
            return Err(Refusal::NotPrimary.into());
        }
        let unlock = match (&self.passphrase, &self.recovery_phrase) {
            (_, Some(phrase)) => identity::Unlock::Phrase(seed_of(phrase)?),
            (Some(passphrase), None) => {
                identity::Unlock::Passphrase(Zeroizing::new(passphrase.0.as_bytes().to_vec()))
            }
            (None, None) => return Err(Refusal::KeyNeeded.into()),
        };
        let account = api.node().account();
        in_background(api, move |home| identity::signing(home, &unlock, &account)).await
    }
}

fn seed_of(phrase: &Hidden) -> Result<Seed, ApiError> {
    let seed = Seed::from_phrase(&phrase.0);
    seed.map_err(|error| ApiError::new(StatusCode::CONFLICT, "phrase", error.to_string()))
}

/// Takes the identity's key out of the home.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    recovery_phrase: Hidden,
}

/// Brings it back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Back {
    recovery_phrase: Hidden,
    passphrase: Hidden,
}

/// Where the identity's key is now.
#[derive(Serialize, JsonSchema)]
pub(super) struct Kept {
    #[schemars(with = "String")]
    identity_key: Custody,
}

/// Whether to look for what an identity that was brought back had said, or to say that there is nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reconcile {
    key: Option<Key>,
    #[serde(default)]
    force: bool,
    /// An invite by somebody who knows this person, or by another device of theirs.
    from: Option<String>,
}

/// An identity that was brought back looks for what it had said.
pub(super) async fn reconcile(
    State(api): State<Api>,
    Body(Reconcile { key, force, from }): Body<Reconcile>,
) -> Result<Json<Outcome>, ApiError> {
    let from = from.as_deref().map(invite::decode).transpose();
    let from = from.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "invite", error.to_string()))?;
    let command = Command::Reconcile { force, from: from.map(Box::new) };
    let command = match key {
        Some(key) => key.with(&api, command).await?,
        None => command,
    };
    Ok(Json(api.command(command).await?))
}

/// From here on the recovery phrase alone has the identity's key.
pub(super) async fn lock(
    State(api): State<Api>,
    Body(Lock { recovery_phrase }): Body<Lock>,
) -> Result<Json<Kept>, ApiError> {
    let _editing = api.edit().await;
    let (seed, account) = (seed_of(&recovery_phrase)?, api.node().account());
    in_background(&api, move |home| identity::lock(home, &seed, &account)).await?;
    Ok(Json(Kept { identity_key: Custody::Locked }))
}

/// The identity's key is in the home again.
pub(super) async fn unlock(
    State(api): State<Api>,
    Body(Back { recovery_phrase, passphrase }): Body<Back>,
) -> Result<Json<Kept>, ApiError> {
    let _editing = api.edit().await;
    let (seed, account) = (seed_of(&recovery_phrase)?, api.node().account());
    let passphrase = Zeroizing::new(passphrase.0.as_bytes().to_vec());
    in_background(&api, move |home| identity::unlock_identity(home, &seed, &passphrase, &account)).await?;
    Ok(Json(Kept { identity_key: Custody::Held }))
}

/// Opens the keystore: whoever holds the socket alone can't put another identity in the place of this one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unlock {
    passphrase: Hidden,
}

/// The identity that is to be.
#[derive(Serialize, JsonSchema)]
pub(super) struct Next {
    recovery_phrase: Hidden,
    address: String,
    former: String,
}

/// Makes the identity that is to be, and shows its recovery phrase. Asked again, it is the same one.
pub(super) async fn prepare(
    State(api): State<Api>,
    Body(Unlock { passphrase }): Body<Unlock>,
) -> Result<Json<Next>, ApiError> {
    let _editing = api.edit().await;
    finish(&api, &passphrase).await?;
    let next = keystore(&api, &passphrase, identity::next_identity).await?;
    Ok(Json(Next {
        recovery_phrase: Hidden(next.phrase().as_str().to_owned()),
        address: address::encode(&next.account().id()),
        former: address::encode(&api.node().account()),
    }))
}

/// Puts it in the place of this one.
pub(super) async fn rotate(
    State(api): State<Api>,
    Body(Unlock { passphrase }): Body<Unlock>,
) -> Result<Json<Outcome>, ApiError> {
    let _editing = api.edit().await;
    let next = keystore(&api, &passphrase, identity::prepared_identity).await?;
    let next =
        next.ok_or_else(|| ApiError::from(Refusal::Identity("no new identity was made yet".into())))?;
    let account = api.node().account();
    let old = keystore(&api, &passphrase, move |home, passphrase| {
        identity::signing(home, &identity::Unlock::Passphrase(passphrase.clone()), &account)
    });
    let command = Command::RotateIdentity(Box::new(next));
    let outcome = api.command(Command::Unlocked(Box::new(old.await?), Box::new(command))).await?;
    finish(&api, &passphrase).await?;
    Ok(Json(outcome))
}

/// Lets go of the former identity, if another has taken its place.
async fn finish(api: &Api, passphrase: &Hidden) -> Result<(), ApiError> {
    let account = api.node().account();
    keystore(api, passphrase, move |home, key| {
        identity::settle(home, key, identity::unlock(home, key)?, &account)
    })
    .await
}

/// Does something with the keystore, where it takes a while and nobody waits for it.
async fn keystore<T: Send + 'static>(
    api: &Api,
    passphrase: &Hidden,
    work: impl FnOnce(&std::path::Path, &Zeroizing<Vec<u8>>) -> Result<T, IdentityError> + Send + 'static,
) -> Result<T, ApiError> {
    let passphrase = Zeroizing::new(passphrase.0.as_bytes().to_vec());
    in_background(api, move |home| work(home, &passphrase)).await
}

async fn in_background<T: Send + 'static>(
    api: &Api,
    work: impl FnOnce(&std::path::Path) -> Result<T, IdentityError> + Send + 'static,
) -> Result<T, ApiError> {
    let home = api.node().home().to_owned();
    let done = tokio::task::spawn_blocking(move || work(&home)).await;
    let done = done.map_err(|_| ApiError::from(Refusal::Stopping))?;
    done.map_err(|error| {
        let code = match &error {
            IdentityError::Keystore(KeystoreError::Locked) => "identity_locked",
            _ => "identity",
        };
        ApiError::new(StatusCode::CONFLICT, code, error.to_string())
    })
}
