//! Routes that put another identity in the place of this one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::domain::identity::account::Seed;
use crate::domain::identity::address;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::node::identity::{self, IdentityError};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Body;

/// A text that is wiped, which JSON can hold.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Hidden(String);

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Opens the keystore: whoever holds the socket alone can't put another identity in the place of this one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unlock {
    passphrase: Hidden,
}

/// The identity that is to be.
#[derive(Serialize)]
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
    let keystore = keystore(&api, &passphrase, identity::unlock).await?;
    let next = keystore.next.map(Seed::from_secret);
    let next =
        next.ok_or_else(|| ApiError::from(Refusal::Identity("no new identity was made yet".into())))?;
    let outcome = api.command(Command::RotateIdentity(Box::new(next))).await?;
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
    let home = api.node().home().to_owned();
    let passphrase = Zeroizing::new(passphrase.0.as_bytes().to_vec());
    let done = tokio::task::spawn_blocking(move || work(&home, &passphrase)).await;
    let done = done.map_err(|_| ApiError::from(Refusal::Stopping))?;
    done.map_err(|error| ApiError::new(StatusCode::CONFLICT, "identity", error.to_string()))
}
