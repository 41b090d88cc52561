//! What is accepted and then fails: as that API has it, the answer is an id, and the reason comes as a status.

use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::base::id::MessageId;
use crate::domain::identity::address;
use crate::engine::command::Refusal;
use crate::node::identity::system_rng;
use crate::ui::http::api::Api;
use crate::ui::http::cloud::alias::Alias;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::party::Party;
use crate::ui::http::cloud::recipient::Recipient;
use crate::ui::http::cloud::sent::Sent;
use crate::ui::http::cloud::wamid::{NOWHERE, Wamid};
use crate::ui::http::error::ApiError;

/// What webhooks keep of such a message until they were told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failed {
    pub(super) wamid: String,
    why: Why,
    name: String,
    wa_id: String,
    user_id: String,
    opaque: Option<String>,
}

/// Why a message can't go out, though nothing is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Why {
    /// Nobody here is called so.
    Nobody,
    /// They are blocked.
    Blocked,
    /// Their key is another than the one that was compared.
    Identity,
}

impl Why {
    /// Of what the node refuses, where it is of this kind.
    pub(super) const fn of(refusal: &Refusal) -> Option<Self> {
        match refusal {
            Refusal::NotAContact(_) => Some(Self::Nobody),
            Refusal::Blocked => Some(Self::Blocked),
            Refusal::KeyChanged(_) => Some(Self::Identity),
            _ => None,
        }
    }
}

impl Failed {
    /// The contact, as the request named it.
    pub(super) fn party(&self) -> Party {
        Party { name: self.name.clone(), wa_id: self.wa_id.clone(), user_id: self.user_id.clone() }
    }

    /// What the status gives back.
    pub(super) fn sent(&self) -> Sent {
        Sent { opaque: self.opaque.clone(), ..Sent::default() }
    }

    /// What is in the way.
    pub(super) fn error(&self) -> Graph {
        match self.why {
            Why::Nobody => Graph::new(
                Code::Undeliverable,
                "Nobody here is called so: people are known once they wrote to the business or took an invite of it",
            ),
            Why::Blocked => Graph::new(Code::Undeliverable, "The recipient is blocked here"),
            Why::Identity => Graph::new(
                Code::Identity,
                "The recipient's identity key is another than the one that was compared: look at `sigillo verify`",
            ),
        }
    }
}

/// Has webhooks told that a message failed, and gives the id that it has.
pub(super) async fn fail(
    api: &Api,
    recipient: &Recipient,
    why: Why,
    opaque: Option<String>,
) -> Result<String, ApiError> {
    let mut id = [0; MessageId::LEN];
    let mut rng = system_rng();
    rng.fill_bytes(&mut id);
    let with = recipient.contact.as_ref().map_or_else(|| Alias::random(&mut rng), |(_, alias)| *alias);
    drop(rng);
    let wamid = Wamid { with, position: NOWHERE, id: MessageId::new(id) }.text();
    let Party { name, wa_id, user_id } = recipient.party.clone();
    let failed = Failed { wamid: wamid.clone(), why, name, wa_id, user_id, opaque };
    let mut event = json!(failed);
    event["event"] = "cloud_failed".into();
    if let Some((contact, _)) = &recipient.contact {
        // So that it is found where the contact is erased.
        event["with"] = address::encode(&contact.account).into();
    }
    api.hooks().tell_cloud(event.to_string()).await?;
    Ok(wamid)
}
