//! Routes about webhooks: made, shown, tried, removed, and their dead letters.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::base::api_limits as limits;
use crate::base::kind::AccountKind;
use crate::base::time::Time;
use crate::engine::command::Refusal;
use crate::engine::event::KINDS;
use crate::node::identity::system_rng;
use crate::ui::http::api::Api;
use crate::ui::http::cloud::handshake::shake;
use crate::ui::http::cloud::notice::field::FIELDS;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::ui::http::short_id::ShortId;
use crate::ui::http::webhook::hook::{Form, Health, Hook, NewHook, Seat};
use crate::ui::http::webhook::line::Dead;
use crate::ui::http::webhook::post::{Target, Way, secret_text};

/// A webhook that is to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::ui::http) struct Wanted {
    /// Where to send: `https://...`, or `http://...` on this machine.
    url: String,
    /// Kinds of events to send; all where none is named. Gaps are always told.
    #[serde(default)]
    events: Vec<String>,
    /// Tell it in the form of the Cloud-API-compatible surface, whose fields `events` names then. Letters are signed with the
    /// app secret, and the receiver must give a challenge back before it counts.
    #[serde(default)]
    cloud: bool,
    /// The word by which a receiver of that form knows that it is meant.
    #[serde(default)]
    verify_token: String,
}

/// A webhook, but for its secret.
#[derive(Serialize, JsonSchema)]
pub(in crate::ui::http) struct HookView {
    id: String,
    url: String,
    events: Vec<String>,
    /// Whether it is told in the form of the Cloud-API-compatible surface.
    cloud: bool,
    /// Milliseconds since 1970.
    created: Time,
    #[serde(flatten)]
    health: Health,
}

/// A webhook that was made.
#[derive(Serialize, JsonSchema)]
pub(in crate::ui::http) struct Made {
    /// What letters are signed with (HMAC-SHA-256, the text itself as the key), which is shown this once.
    secret: String,
    #[serde(flatten)]
    view: HookView,
}

impl Drop for Made {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// What came of a test.
#[derive(Serialize, JsonSchema)]
pub(in crate::ui::http) struct Tested {
    /// Whether the receiver took it.
    delivered: bool,
    /// Why not.
    trouble: Option<String>,
}

/// A letter that couldn't be delivered.
#[derive(Serialize, JsonSchema)]
pub(in crate::ui::http) struct DeadView {
    number: u64,
    tries: u32,
    why: String,
    at: Time,
    died: Time,
    event: serde_json::Value,
}

/// How many letters are tried again.
#[derive(Serialize, JsonSchema)]
pub(in crate::ui::http) struct Revived {
    revived: usize,
}

pub(in crate::ui::http) async fn list(State(api): State<Api>) -> Result<Json<Vec<HookView>>, ApiError> {
    let hooks = api.hooks().list().await?;
    Ok(Json(hooks.into_iter().map(|(id, hook, health)| view(id, hook, health)).collect()))
}

pub(in crate::ui::http) async fn add(
    State(api): State<Api>,
    Body(Wanted { url, events, cloud, verify_token }): Body<Wanted>,
) -> Result<Json<Made>, ApiError> {
    let wrong = |words: String| ApiError::new(StatusCode::BAD_REQUEST, "webhook", words);
    Target::parse(&url).map_err(|words| wrong(words.to_owned()))?;
    let kinds: &[&str] = if cloud { &FIELDS } else { &KINDS };
    if let Some(unknown) = events.iter().find(|kind| !kinds.contains(&kind.as_str())) {
        return Err(wrong(format!(
            "there are no events of the kind {unknown}: there are {}",
            kinds.join(", ")
        )));
    }
    if events.len() > kinds.len() {
        return Err(wrong("name each kind of events once".to_owned()));
    }
    let mut wanted = NewHook { url, kinds: events, form: Form::Events, secret: None };
    if cloud {
        if api.node().kind() != AccountKind::Business {
            return Err(Refusal::NotABusiness.into());
        }
        shake(&wanted.url, &verify_token).await.map_err(|error| wrong(error.details().to_owned()))?;
        wanted.form = Form::Cloud(Seat::Person);
        wanted.secret = Some(api.cloud().get().await?.secret.clone());
    }
    let (id, hook) = api.hooks().add(&mut system_rng(), wanted).await?;
    let secret = secret_text(&hook.secret).as_str().to_owned();
    Ok(Json(Made { secret, view: view(id, hook, Health::default()) }))
}

pub(in crate::ui::http) async fn remove(
    State(api): State<Api>,
    Part(id): Part,
) -> Result<Json<HookView>, ApiError> {
    let id = parse(&id)?;
    let hook = api.hooks().remove(id).await?;
    Ok(Json(view(id, hook, Health::default())))
}

/// Sends `{"event":"test"}` now, beside whatever waits.
pub(in crate::ui::http) async fn test(
    State(api): State<Api>,
    Part(id): Part,
) -> Result<Json<Tested>, ApiError> {
    let id = parse(&id)?;
    let hook = api.hooks().get(id).await?;
    let target =
        Target::parse(&hook.url).map_err(|words| ApiError::new(StatusCode::CONFLICT, "webhook", words))?;
    let at = api.node().now().as_millis();
    let body = if hook.is_cloud() {
        // Nothing happened, in that form.
        r#"{"object":"whatsapp_business_account","entry":[]}"#.to_owned()
    } else {
        format!(r#"{{"webhook":"{id}","number":0,"at":{at},"event":{{"event":"test"}}}}"#)
    };
    let trouble = Way::default().post(&target, &hook.secret, body).await.err();
    Ok(Json(Tested { delivered: trouble.is_none(), trouble }))
}

pub(in crate::ui::http) async fn dead(
    State(api): State<Api>,
    Part(id): Part,
) -> Result<Json<Vec<DeadView>>, ApiError> {
    let dead = api.hooks().dead(parse(&id)?).await?;
    let view = |(number, dead): (u64, Arc<Dead>)| DeadView {
        number,
        tries: dead.tries,
        why: dead.why.clone(),
        at: dead.at,
        died: dead.died,
        event: serde_json::from_str(&dead.json).unwrap_or_default(),
    };
    Ok(Json(dead.into_iter().take(limits::WEBHOOK_DEAD_MAX).map(view).collect()))
}

pub(in crate::ui::http) async fn replay_all(
    State(api): State<Api>,
    Part(id): Part,
) -> Result<Json<Revived>, ApiError> {
    Ok(Json(Revived { revived: api.hooks().replay(parse(&id)?, None).await? }))
}

pub(in crate::ui::http) async fn replay(
    State(api): State<Api>,
    Path((id, number)): Path<(String, String)>,
) -> Result<Json<Revived>, ApiError> {
    let number = number.parse();
    let number = number.map_err(|_| ApiError::bad_request("a dead letter is named by its number"))?;
    Ok(Json(Revived { revived: api.hooks().replay(parse(&id)?, Some(number)).await? }))
}

fn parse(id: &str) -> Result<ShortId, ApiError> {
    ShortId::parse(id).ok_or_else(|| ApiError::bad_request("a webhook's id is 16 hexadecimal digits"))
}

fn view(id: ShortId, hook: Hook, health: Health) -> HookView {
    let cloud = hook.is_cloud();
    HookView { id: id.to_string(), url: hook.url, events: hook.kinds, cloud, created: hook.created, health }
}
