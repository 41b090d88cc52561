//! The route that sends a message, and waits for its delivery where asked.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, MessageId};
use crate::base::limits;
use crate::domain::chat::delivery::State as Delivery;
use crate::domain::identity::address;
use crate::engine::command::{Command, Outcome};
use crate::engine::desk_command::{DeskCommand, TemplateWish};
use crate::engine::letter;
use crate::engine::view::{self, EntryView};
use crate::ui::http::api::Api;
use crate::ui::http::billed::{BillForm, StatusForm};
use crate::ui::http::changes;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Body;
use crate::ui::http::files;
use crate::ui::http::forms::ByForm;
use crate::ui::http::said::{CardForm, LocationForm, MenuForm, OfferForm};
use crate::ui::http::who;
use crate::wire::consent::Topic;
use crate::wire::said::headed::Headed;
use crate::wire::said::menu::Menu;
use crate::wire::said::message::Said;
use crate::wire::said::place_request::PlaceRequest;
use crate::wire::template::{Template, Variable};

/// What is to be sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Letter {
    /// A contact, or the full address of a business, which is added.
    to: String,
    /// A text; or one of those that follow in its place.
    text: Option<String>,
    /// A file that was given to the node: its id, or the beginning of it. With a menu it stands above that.
    file: Option<String>,
    /// The text under the file.
    caption: Option<String>,
    location: Option<LocationForm>,
    card: Option<CardForm>,
    /// What a customer is to choose from.
    #[schemars(with = "Option<MenuForm>")]
    menu: Option<Menu>,
    /// Things that this business sells.
    offer: Option<OfferForm>,
    /// What an order comes to.
    bill: Option<BillForm>,
    /// What becomes of an order.
    order_status: Option<StatusForm>,
    /// Asks where the customer is, and says why: a location that replies to it answers it.
    ask_location: Option<String>,
    /// The id of a message of that conversation that this one answers, or the beginning of it.
    reply_to: Option<String>,
    /// By which template a business writes it: one of its registry, or, with a message of its own, any.
    template: Option<ByTemplate>,
    /// Which form of the registry is sent.
    form: Option<ByForm>,
    /// Which quick reply is sent.
    quick: Option<ByQuick>,
    /// How far the message must have got before the answer comes.
    wait: Option<Wanted>,
    /// How long to wait at most.
    timeout_ms: Option<u64>,
}

/// Which template makes a text, or, with a text, made it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ByTemplate {
    /// Its name for programs: `a-z`, `0-9` and `_`.
    name: String,
    /// The newest one where nothing is said; with a text 1.
    version: Option<u32>,
    /// A language tag.
    language: String,
    /// With a text only: `service`, `utility`, `authentication` or `marketing`.
    #[schemars(with = "Option<String>")]
    category: Option<Topic>,
    /// What stands in its blanks.
    #[serde(default)]
    #[schemars(with = "Vec<VariableForm>")]
    variables: Vec<Variable>,
}

/// Which quick reply is sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ByQuick {
    name: String,
    /// What stands in its blanks.
    #[serde(default)]
    #[schemars(with = "Vec<VariableForm>")]
    variables: Vec<Variable>,
}

/// How a variable of a template is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Variable`")]
struct VariableForm {
    name: String,
    value: String,
}

impl ByTemplate {
    /// The template that made a message, by the sender's word.
    fn by_hand(self) -> Result<Template, ApiError> {
        let Self { name, version, language, category, variables } = self;
        let category = category.ok_or_else(|| {
            ApiError::bad_request("a message of your own by a template needs the template's category")
        })?;
        Ok(Template { name, version: version.unwrap_or(1), language, category, variables })
    }

    /// A template of the registry.
    fn kept(self) -> Result<TemplateWish, ApiError> {
        let Self { name, version, language, category, variables } = self;
        if category.is_some() {
            let words =
                "the template in the registry has its category: give one only with a message of your own";
            return Err(ApiError::bad_request(words));
        }
        Ok(TemplateWish { name, version, language, variables })
    }
}

/// How far a message must have got.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Wanted {
    /// The next hop has it.
    Sent,
    /// The recipient's mailboxes have it.
    Stored,
    /// It is on the recipient's disk.
    Delivered,
}

/// What became of a message.
#[derive(Serialize, JsonSchema)]
pub(super) struct Sent {
    to: String,
    name: String,
    id: MessageId,
    position: u64,
    state: Delivery,
    /// Whether it got as far as was asked for, in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    reached: Option<bool>,
}

pub(super) async fn send(State(api): State<Api>, Body(letter): Body<Letter>) -> Result<Json<Sent>, ApiError> {
    let (to, known) = who::contact_or_address(&api, &letter.to).await?;
    if !known {
        api.command(Command::Add { account: to, name: None }).await?;
    }
    let (wanted, timeout) = (letter.wait, letter.timeout_ms);
    let outcome = api.command(letter.command(&api, to).await?).await?;
    let Outcome::Queued { id, position } = outcome else {
        return Err(ApiError::from(crate::store::snapshot::Fault("a text was answered otherwise".into())));
    };
    let patience = Duration::from_millis(timeout.unwrap_or(0)).min(limits::API_WAIT_MAX);
    let (state, reached) = match wanted {
        None => (state_of(&api, to, position).await?, None),
        Some(wanted) => {
            let waited = tokio::time::timeout(patience, until(&api, to, position, wanted)).await;
            let state = match waited {
                Ok(state) => state?,
                Err(_) => state_of(&api, to, position).await?,
            };
            (state, Some(is_reached(state, wanted)))
        }
    };
    let name = api.view(move |rows| view::contact(rows, &to)).await?.map(|contact| contact.name);
    let name = name.unwrap_or_default();
    Ok(Json(Sent { to: address::encode(&to), name, id, position, state, reached }))
}

impl Letter {
    /// The command that sends it.
    async fn command(self, api: &Api, to: AccountId) -> Result<Command, ApiError> {
        let file = match self.file {
            Some(file) => Some(files::sent(api, &file, self.caption.unwrap_or_default()).await?),
            None => None,
        };
        let shown = match (file, self.menu) {
            (Some(file), Some(menu)) => Some(Said::Headed(Box::new(Headed::new(file, menu)))),
            (Some(file), None) => Some(Said::File(Box::new(file))),
            (None, menu) => menu.map(Said::Menu),
        };
        let offer = match self.offer {
            Some(offer) => Some(offer.said(api).await),
            None => None,
        };
        let about_order = match (self.bill, self.order_status) {
            (Some(bill), None) => Some(bill.said(api, to).await?),
            (None, Some(status)) => Some(status.said(api, to).await?),
            (None, None) => None,
            (Some(_), Some(_)) => return Err(ApiError::bad_request(KINDS)),
        };
        let (about_order, answers) = about_order.unzip();
        let kinds = [
            self.text.map(|text| Ok(Said::Text(text))),
            shown.map(Ok),
            self.location.map(LocationForm::said),
            self.card.map(CardForm::said),
            offer,
            about_order.map(Ok),
            self.ask_location.map(|text| Ok(Said::PlaceRequest(PlaceRequest { text }))),
        ];
        let mut given = kinds.into_iter().flatten();
        let said = (given.next(), given.next());
        let reply = match self.reply_to {
            Some(id) => Some(changes::message(api, to, &id, None).await?.0),
            // What is said of an order answers that.
            None => answers.flatten(),
        };
        if let Some(form) = self.form {
            return match (said, self.template, self.quick, reply) {
                ((None, _), None, None, None) => {
                    Ok(Command::Desk(DeskCommand::SendForm { to, wish: form.into() }))
                }
                _ => Err(ApiError::bad_request(KINDS)),
            };
        }
        match (said, self.template, self.quick, reply) {
            ((Some(said), None), template, None, reply) => {
                let template = template.map(ByTemplate::by_hand).transpose()?;
                let letter = letter::Letter { said: said?, reply, template };
                Ok(Command::Say { to, letter: Box::new(letter) })
            }
            ((None, _), Some(template), None, None) => {
                Ok(Command::Desk(DeskCommand::SendTemplate { to, wish: template.kept()? }))
            }
            ((None, _), None, Some(ByQuick { name, variables }), None) => {
                Ok(Command::Desk(DeskCommand::SendQuick { to, name, variables }))
            }
            _ => Err(ApiError::bad_request(KINDS)),
        }
    }
}

const KINDS: &str = "a message is one of: text, file, location, card, menu, offer, bill, order_status, ask_location, which may answer \
     another one, or a template, form or quick reply";

/// Looks whenever something happens, and at short intervals: that the next hop took a message is no event.
async fn until(api: &Api, to: AccountId, position: u64, wanted: Wanted) -> Result<Delivery, ApiError> {
    let mut events = api.node().events();
    loop {
        let state = state_of(api, to, position).await?;
        if is_reached(state, wanted) || state == Delivery::Failed {
            return Ok(state);
        }
        tokio::select! {
            () = api.ending().cancelled() => return Ok(state),
            () = tokio::time::sleep(limits::API_LOOK_INTERVAL) => {}
            event = events.recv() => if event.is_err() {
                // Lagging or ended: the interval is enough.
                tokio::time::sleep(limits::API_LOOK_INTERVAL).await;
            }
        }
    }
}

async fn state_of(api: &Api, to: AccountId, position: u64) -> Result<Delivery, ApiError> {
    let entry: Option<EntryView> = api.view(move |rows| view::since(rows, &to, position, 1).pop()).await?;
    Ok(entry.and_then(|entry| entry.state).unwrap_or(Delivery::Queued))
}

fn is_reached(state: Delivery, wanted: Wanted) -> bool {
    let least = match wanted {
        Wanted::Sent => Delivery::Sent,
        Wanted::Stored => Delivery::Stored,
        Wanted::Delivered => Delivery::Delivered,
    };
    state >= least && state != Delivery::Failed
}
