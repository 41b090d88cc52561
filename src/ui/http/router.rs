//! All routes of the API.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};

use crate::base::limits;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::{
    billing, consents, contacts, conversations, devices, directory, doctor, events, identity, mailboxes,
    messages, own, plans,
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
        .route("/v1/invites", post(contacts::invite))
        .route("/v1/contacts", get(contacts::list).post(contacts::add))
        .route("/v1/contacts/{who}", get(contacts::show).patch(contacts::rename))
        .route("/v1/contacts/{who}/admit", post(contacts::admit))
        .route("/v1/contacts/{who}/refuse", post(contacts::refuse))
        .route("/v1/contacts/{who}/report", post(consents::report))
        .route("/v1/consents", get(consents::list).post(consents::give))
        .route("/v1/consents/revoke", post(consents::revoke))
        .route("/v1/consents/dropped", get(consents::dropped))
        .route(
            "/v1/consents/quiet",
            get(consents::quiet).put(consents::set_quiet).delete(consents::end_quiet),
        )
        .route("/v1/consents/file", get(consents::file))
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
        .route("/v1/invoices", get(billing::invoices))
        .route("/v1/invoices/{key}", get(billing::invoice))
        .route("/v1/invoices/{key}/paid", post(billing::paid))
        .route("/v1/receipts", get(billing::receipts))
        .route("/v1/receipts/{id}", get(billing::receipt))
        .route("/v1/receipts/{id}/file", get(billing::receipt_file))
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
