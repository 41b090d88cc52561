//! Routes about the node itself: how it does, who it is, what it says of itself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::domain::identity::address;
use crate::domain::mailbox::owner;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::people;
use crate::engine::reach_view;
use crate::node::handle::{Node, RelayStatus};
use crate::node::identity::{self, Custody};
use crate::node::mailbox;
use crate::store::table::Rows as _;
use crate::ui::facts::{dialable, kind_word};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Body;
use crate::ui::http::reached::reached;
use crate::wire::boxes::OpenBox;

/// Who the node is.
#[derive(Serialize, JsonSchema)]
pub(super) struct Identity {
    address: String,
    kind: &'static str,
    name: String,
    /// Where the identity's key is; none on a linked device.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    identity_key: Option<Custody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
}

pub(super) async fn id(State(api): State<Api>) -> Result<Json<Identity>, ApiError> {
    let node = api.node();
    if !node.has_account() {
        return Err(Refusal::NotLinked.into());
    }
    let name = api.view(|rows| people::own_name(rows)).await?;
    let (address, kind, peer) = (address::encode(&node.account()), kind_word(node.kind()), node.peer_id());
    let custody = node.is_primary().then(|| identity::custody(node.home())).transpose();
    let identity_key =
        custody.map_err(|error| ApiError::new(StatusCode::CONFLICT, "identity", error.to_string()))?;
    Ok(Json(Identity { address, kind, name, identity_key, peer }))
}

pub(super) async fn status(State(api): State<Api>) -> Result<Json<Value>, ApiError> {
    let node = api.node();
    let status = node.status().await?;
    let peer = node.peer_id();
    let (now, online) = (node.now(), status.network.as_ref());
    let contacts = api.view(|rows| reach_view::contact_peers(rows, limits::API_LIST_MAX)).await?;
    let contacts: Vec<_> = contacts.iter().map(|one| reached(one, online, now).document).collect();
    let network = status.network.map(|network| {
        let outside = &network.outside;
        let relay = |relay: &RelayStatus| {
            json!({
                "peer": relay.name, "address": relay.address, "reserved": relay.state.is_reserved(),
                "state": relay.state.words(), "trouble": relay.trouble,
                "since": relay.since.map(|since| now.minus(since)),
            })
        };
        let relays: Vec<_> = outside.relays.iter().map(relay).collect();
        json!({
            "listen": dialable(&network.listening, peer.as_deref()),
            "connected_peers": network.peers,
            "connections_in": network.connections_in,
            "connections_out": network.connections_out,
            "routing_table": network.routing,
            "serves_directory": network.server,
            "records_kept": network.records,
            "traffic": {
                "frames_sent": network.traffic.frames_sent,
                "bytes_sent": network.traffic.bytes_sent,
                "frames_received": network.traffic.frames_received,
                "bytes_received": network.traffic.bytes_received,
            },
            "cut_off": network.cut_off,
            "reachable": {
                "public": outside.public,
                "nat": outside.nat.words(),
                "confirmed": outside.confirmed,
                "refuted": outside.refuted,
                "router": outside.router.words(),
                "mapped": outside.mapped,
                "relays": relays,
                "relays_for_others": outside.relaying,
                "punched": outside.punched,
                "unpunched": outside.unpunched,
            },
        })
    });
    let disk = status.disk;
    Ok(Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "running": node.is_online(),
        "home": node.home(),
        "address": address::encode(&node.account()),
        "kind": kind_word(node.kind()),
        "peer": peer,
        "network": network,
        "contacts": contacts,
        "counters": status.engine.counters,
        "disk": { "journal_bytes": disk.journal_bytes, "tree_bytes": disk.tree_bytes },
    })))
}

/// The profile as it stands here, whether or not it is published.
#[derive(Serialize)]
pub(super) struct OwnProfile {
    address: String,
    kind: &'static str,
    #[serde(flatten)]
    draft: ProfileDraft,
    /// The number of the last publication; 0 before the first.
    seq: u64,
    /// The mailboxes that a business's profile names, as addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mailboxes: Vec<String>,
}

pub(super) async fn profile(State(api): State<Api>) -> Result<Json<OwnProfile>, ApiError> {
    Ok(Json(own_profile(&api).await?))
}

/// What is to be changed of a profile; what isn't given stays.
#[derive(Deserialize, Default, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Change {
    name: Option<String>,
    about: Option<String>,
    categories: Option<Vec<String>>,
    country: Option<String>,
    region: Option<String>,
    languages: Option<Vec<String>>,
    website: Option<String>,
    hours: Option<String>,
}

impl Change {
    fn is_more_than_the_name(&self) -> bool {
        let texts = [&self.about, &self.country, &self.region, &self.website, &self.hours];
        texts.into_iter().any(Option::is_some) || self.categories.is_some() || self.languages.is_some()
    }

    fn apply(self, draft: &mut ProfileDraft) {
        fn set<T>(field: &mut T, change: Option<T>) {
            if let Some(change) = change {
                *field = change;
            }
        }
        set(&mut draft.name, self.name);
        set(&mut draft.about, self.about);
        set(&mut draft.categories, self.categories);
        set(&mut draft.country, self.country);
        set(&mut draft.region, self.region);
        set(&mut draft.languages, self.languages);
        set(&mut draft.website, self.website);
        set(&mut draft.hours, self.hours);
    }
}

/// A person has a name only, which contacts are told; a business has a profile, which is published.
pub(super) async fn change_profile(
    State(api): State<Api>,
    Body(change): Body<Change>,
) -> Result<Json<OwnProfile>, ApiError> {
    let _editing = api.edit().await;
    let name = change.name.clone();
    if api.node().kind() == AccountKind::Business {
        let mut draft = draft(&api).await?.unwrap_or_default().0;
        change.apply(&mut draft);
        api.command(Command::SetProfile(Box::new(draft))).await?;
    } else if change.is_more_than_the_name() {
        return Err(Refusal::NotABusiness.into());
    }
    if let Some(name) = name {
        api.command(Command::SetName(name.trim().to_owned())).await?;
    }
    Ok(Json(own_profile(&api).await?))
}

pub(super) async fn publish(State(api): State<Api>) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::Publish).await?))
}

async fn own_profile(api: &Api) -> Result<OwnProfile, ApiError> {
    let node: &Node = api.node();
    let (mut draft, seq) = draft(api).await?.unwrap_or_default();
    if node.kind() == AccountKind::Person {
        draft.name = api.view(|rows| people::own_name(rows)).await?;
    }
    let mailboxes = match node.kind() {
        AccountKind::Business => api.view(|rows| owner::open_inboxes(rows)).await?,
        AccountKind::Person => Vec::new(),
    };
    let shown = |open: OpenBox| {
        let peer = mailbox::peer_text(open.at.peer());
        dialable(open.at.addresses(), Some(&peer)).into_iter().next().unwrap_or(peer)
    };
    let (address, kind) = (address::encode(&node.account()), kind_word(node.kind()));
    Ok(OwnProfile { address, kind, draft, seq, mailboxes: mailboxes.into_iter().map(shown).collect() })
}

/// What this business says of itself so far, and the number of its last publication.
pub(super) async fn draft(api: &Api) -> Result<Option<(ProfileDraft, u64)>, ApiError> {
    let published = api.view(|rows| rows.row(&OWN_PROFILE, OWN_PROFILE_ID)).await?;
    Ok(published.map(|published| (published.draft().clone(), published.seq())))
}
