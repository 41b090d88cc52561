//! The API over TCP: for programs on this machine that bring a token.

use std::io;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;

use crate::node::config;
use crate::ui::http::api::Api;
use crate::ui::http::cloud::entry;
use crate::ui::http::gate::{self, Gate};
use crate::ui::http::router::bare;

/// Opens the socket that `config` names, if it names one, and makes the routes that are to be served on it.
///
/// # Errors
/// What the system says; see [`config::Api::check`] for what the configuration may say.
pub async fn bind(api: &Api, config: &config::Api) -> io::Result<Option<(TcpListener, Router)>> {
    let Some(wanted) = config.listen else { return Ok(None) };
    config.check().map_err(io::Error::other)?;
    let listener = TcpListener::bind(wanted).await.map_err(|error| {
        io::Error::new(error.kind(), format!("the API can't listen on {wanted}: {error}"))
    })?;
    if !wanted.ip().is_loopback() {
        tracing::warn!(%wanted, "the API listens where other machines reach it, in plain HTTP: put a proxy with TLS before it");
    }
    let gate = Gate::new(api.clone(), listener.local_addr()?, config);
    let routes = bare(api.clone()).layer(from_fn_with_state(api.clone(), entry::fork));
    Ok(Some((listener, routes.layer(from_fn_with_state(gate, gate::pass)))))
}
