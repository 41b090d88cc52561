//! All routes of the API.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};

use crate::base::limits;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::{
    billing, contacts, conversations, devices, directory, doctor, events, identity, ledger, mailboxes,
    messages, own, payments, plans, relays,
};

/// The routes over a node. Whoever may call them may do all that the node's person may.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/v1/status", get(own::status))
        .route("/v1/doctor", get(doctor::doctor))
        .route("/v1/id", get(own::id))
        .route("/v1/id/lock", post(identity::lock))
        .route("/v1/id/unlock", post(identity::unlock))
        .route("/v1/id/reconcile", post(identity::reconcile))
        .route("/v1/id/next", post(identity::prepare))
        .route("/v1/id/rotate", post(identity::rotate))
        .route("/v1/profile", get(own::profile).patch(own::change_profile))
        .route("/v1/profile/publish", post(own::publish))
        .route("/v1/plans", get(plans::list))
        .route("/v1/plans/{id}", put(plans::offer).delete(plans::withdraw))
        .route("/v1/plans/{id}/announce", post(plans::announce))
        .route("/v1/rails", get(payments::rails))
        .route("/v1/rails/{rail}", put(payments::put_rail).delete(payments::remove_rail))
        .route("/v1/invites", post(contacts::invite))
        .route("/v1/contacts", get(contacts::list).post(contacts::add))
        .route("/v1/contacts/{who}", get(contacts::show).patch(contacts::rename))
        .route("/v1/contacts/{who}/admit", post(contacts::admit))
        .route("/v1/contacts/{who}/safety-number", get(contacts::safety_number).post(contacts::compare))
        .route("/v1/contacts/{who}/verified", put(contacts::verify))
        .route("/v1/contacts/{who}/block", put(contacts::block).delete(contacts::unblock))
        .route("/v1/devices", get(devices::list).post(devices::link))
        .route("/v1/devices/{id}", delete(devices::revoke))
        .route("/v1/mailboxes", get(mailboxes::list).post(mailboxes::add))
        .route("/v1/mailboxes/{peer}", delete(mailboxes::remove))
        .route("/v1/messages", post(messages::send))
        .route("/v1/conversations", get(conversations::list))
        .route("/v1/conversations/{who}/history", get(conversations::history))
        .route("/v1/conversations/{who}/read", post(conversations::read))
        .route("/v1/events", get(events::stream))
        .route("/v1/businesses", get(directory::find))
        .route("/v1/businesses/{who}", get(directory::look_up))
        .route("/v1/subscriptions", get(billing::subscriptions).post(billing::subscribe))
        .route("/v1/subscriptions/cancel", post(billing::cancel))
        .route("/v1/subscriptions/change", post(billing::change))
        .route("/v1/subscriptions/pause", post(billing::pause))
        .route("/v1/subscriptions/consent", post(billing::consent))
        .route("/v1/invoices", get(billing::invoices))
        .route("/v1/invoices/{key}", get(billing::invoice))
        .route("/v1/invoices/{key}/paid", post(payments::paid))
        .route("/v1/invoices/{key}/evidence", post(payments::evidence))
        .route("/v1/invoices/{key}/lightning", post(payments::lightning))
        .route("/v1/receipts", get(billing::receipts))
        .route("/v1/receipts/{id}", get(billing::receipt))
        .route("/v1/receipts/{id}/file", get(billing::receipt_file))
        .route("/v1/receipts/{id}/credit", post(payments::credit))
        .route("/v1/receipts/{id}/credit-notes", get(payments::credit_notes))
        .route("/v1/receipts/{id}/contradiction", get(payments::contradiction))
        .route("/v1/receipts/{id}/present", post(payments::present))
        .route("/v1/credit-notes/{id}/reverse", post(payments::reverse))
        .route("/v1/ledger", get(ledger::books))
        .route("/v1/ledger/head", get(ledger::head))
        .route("/v1/ledger/events", get(ledger::events))
        .route("/v1/ledger/end", post(ledger::end))
        .route("/v1/ledger/audit", get(ledger::audit))
        .route("/v1/relays/place", post(relays::ask))
        .route("/v1/listings", put(ledger::set_listings))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(limits::API_BODY_MAX))
        .with_state(api)
}

async fn no_route() -> ApiError {
    ApiError::not_found("no_route", "the local API has no such route")
}

async fn no_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no_method", "the route doesn't have this method")
}
