//! All objects and their edges, and the scope that each takes.

use core::future::Future;
use core::pin::Pin;

use axum::http::Method;

use crate::ui::http::caller::Needs;
use crate::ui::http::cloud::ask::{Answer, Ask};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::{
    automation, blocked, business, catalog, commerce, flow, media, messages, nothing, phone, profile,
    short_links, subscribed, templates, tokens,
};
use crate::ui::http::scope::Scope;

/// What is to be done for a request. Nothing of it is done before somebody waits for it.
pub(super) type Work = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// An object of this surface.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Object {
    /// The phone number.
    Phone,
    /// The business account.
    Business,
    /// The catalog.
    Catalog,
    /// The app.
    App,
    /// What has no id.
    Word,
    /// Something that has one.
    Thing,
}

/// What a request takes, and what is to be done for it.
pub(super) fn route(ask: Ask) -> Result<(Needs, Work), Graph> {
    let target = ask.target.clone();
    let edge: Vec<&str> = target.edge.iter().map(String::as_str).collect();
    let routed = match object(&ask) {
        Object::Phone => of_phone(&ask.method.clone(), &edge, ask),
        Object::Business => of_business(&ask.method.clone(), &edge, ask),
        Object::Catalog | Object::App | Object::Word | Object::Thing => {
            of_others(&ask.method.clone(), &edge, ask)
        }
    };
    let (scope, work) = routed.ok_or_else(|| Graph::object(&target.object))?;
    Ok((Needs::Scope(scope), work))
}

fn object(ask: &Ask) -> Object {
    let (account, object) = (&ask.account, ask.target.object.as_str());
    if object == account.phone_number() {
        Object::Phone
    } else if object == account.business() {
        Object::Business
    } else if object == account.app() {
        Object::App
    } else if object == account.catalog() {
        Object::Catalog
    } else if matches!(object, "debug_token" | "oauth") {
        Object::Word
    } else {
        Object::Thing
    }
}

fn of_phone(method: &Method, edge: &[&str], ask: Ask) -> Option<(Scope, Work)> {
    use Scope::{Manage, Read, Send};
    let (get, post, delete) = (*method == Method::GET, *method == Method::POST, *method == Method::DELETE);
    Some(match edge {
        [] if get => (Read, Box::pin(phone::show(ask))),
        ["media"] if post => (Send, Box::pin(media::upload(ask))),
        ["messages"] if post => (Send, Box::pin(messages::post(ask))),
        ["whatsapp_business_profile"] if get => (Read, Box::pin(profile::show(ask))),
        ["whatsapp_business_profile"] if post => (Manage, Box::pin(profile::change(ask))),
        ["block_users"] if get => (Read, Box::pin(blocked::list(ask))),
        ["block_users"] if post => (Manage, Box::pin(blocked::block(ask))),
        ["block_users"] if delete => (Manage, Box::pin(blocked::unblock(ask))),
        ["message_qrdls"] | ["message_qrdls", _] if get => (Read, Box::pin(short_links::list(ask))),
        ["message_qrdls"] | ["message_qrdls", _] if post || delete => {
            (Manage, Box::pin(short_links::change(ask)))
        }
        ["conversational_automation"] if get => (Read, Box::pin(automation::show(ask))),
        ["conversational_automation"] if post => (Manage, Box::pin(automation::change(ask))),
        ["whatsapp_commerce_settings"] if get => (Read, Box::pin(commerce::show(ask))),
        ["whatsapp_commerce_settings"] if post => (Manage, Box::pin(commerce::change(ask))),
        ["register" | "deregister" | "request_code" | "verify_code"] if post => {
            (Manage, Box::pin(nothing::done(ask)))
        }
        _ => return None,
    })
}

fn of_business(method: &Method, edge: &[&str], ask: Ask) -> Option<(Scope, Work)> {
    use Scope::{Manage, Read, Subscribe};
    let (get, post, delete) = (*method == Method::GET, *method == Method::POST, *method == Method::DELETE);
    Some(match edge {
        [] if get => (Read, Box::pin(business::show(ask))),
        ["phone_numbers"] if get => (Read, Box::pin(phone::list(ask))),
        ["product_catalogs"] if get => (Read, Box::pin(catalog::list(ask))),
        ["message_templates"] if get => (Read, Box::pin(templates::list(ask))),
        ["message_templates"] if post => (Manage, Box::pin(templates::create(ask))),
        ["message_templates"] if delete => (Manage, Box::pin(templates::remove(ask))),
        ["message_templates", _] if get => (Read, Box::pin(templates::show(ask))),
        ["flows"] if get => (Read, Box::pin(flow::manage::list(ask))),
        ["flows"] if post => (Manage, Box::pin(flow::manage::create(ask))),
        ["subscribed_apps"] if get => (Read, Box::pin(subscribed::list(ask))),
        ["subscribed_apps"] if post => (Subscribe, Box::pin(subscribed::subscribe(ask))),
        ["subscribed_apps"] if delete => (Subscribe, Box::pin(subscribed::unsubscribe(ask))),
        _ => return None,
    })
}

fn of_others(method: &Method, edge: &[&str], ask: Ask) -> Option<(Scope, Work)> {
    use Scope::{Manage, Read, Send, Subscribe};
    let (get, post, delete) = (*method == Method::GET, *method == Method::POST, *method == Method::DELETE);
    Some(match (object(&ask), edge) {
        (Object::App, []) if get => (Read, Box::pin(business::app(ask))),
        (Object::App, ["subscriptions"]) if get => (Read, Box::pin(subscribed::callbacks(ask))),
        (Object::App, ["subscriptions"]) if post => (Subscribe, Box::pin(subscribed::call_back(ask))),
        (Object::App, ["subscriptions"]) if delete => (Subscribe, Box::pin(subscribed::call_no_more(ask))),
        (Object::Catalog, []) if get => (Read, Box::pin(catalog::show(ask))),
        (Object::Catalog, ["products"]) if get => (Read, Box::pin(catalog::products(ask))),
        (Object::Word, []) if get => (Read, Box::pin(tokens::debug(ask))),
        (Object::Word, ["access_token"]) if get || post => (Read, Box::pin(tokens::exchange(ask))),
        (Object::Thing, []) if get => (Read, Box::pin(thing(ask))),
        (Object::Thing, [media::CONTENT]) if get => (Read, Box::pin(media::fetch(ask))),
        (Object::Thing, []) if delete => {
            // Whoever may only send removes nothing but an upload.
            (if ask.may(Manage) { Manage } else { Send }, Box::pin(remove(ask)))
        }
        (Object::Thing, []) if post => (Manage, Box::pin(change(ask))),
        (Object::Thing, ["assets"]) if get => (Read, Box::pin(flow::assets::list(ask))),
        (Object::Thing, ["assets"]) if post => (Manage, Box::pin(flow::assets::upload(ask))),
        (Object::Thing, ["assets", flow::assets::NAME]) if get => (Read, Box::pin(flow::assets::fetch(ask))),
        (Object::Thing, ["publish"]) if post => (Manage, Box::pin(flow::manage::publish(ask))),
        (Object::Thing, ["deprecate"]) if post => (Manage, Box::pin(flow::manage::deprecate(ask))),
        _ => return None,
    })
}

/// A file, a flow or a template.
async fn thing(ask: Ask) -> Answer {
    if let Some((file, view)) = media::named(&ask).await? {
        return media::show(&ask, file, view).await;
    }
    match flow::registry::named(&ask).await? {
        Some(flow) => flow::manage::show(&ask, &flow),
        None => templates::show(ask).await,
    }
}

/// Changes a flow or a template.
async fn change(ask: Ask) -> Answer {
    match flow::registry::named(&ask).await? {
        Some(flow) => flow::manage::edit(ask, flow).await,
        None => templates::edit(ask).await,
    }
}

/// Removes a flow or a file.
async fn remove(ask: Ask) -> Answer {
    match flow::registry::named(&ask).await? {
        Some(_) if !ask.may(Scope::Manage) => {
            let words = "The token lacks the scope `manage`, which it takes to delete a flow.";
            Err(Graph::new(Code::Permission, words))
        }
        Some(flow) => flow::manage::remove(ask, flow).await,
        None => media::remove(ask).await,
    }
}
