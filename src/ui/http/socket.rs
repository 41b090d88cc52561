//! The Unix socket in a home that a running node serves its routes on.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::base::limits;
use crate::node::handle::Node;

/// Where the socket of a home is.
pub fn path(home: &Path) -> PathBuf {
    home.join("api.sock")
}

/// Opens the socket of a node's home, in the place of one that a crash left: the node holds the home, so nobody
/// else serves there.
///
/// It is made in a directory that only the owner may enter and moved when its mode is set, so that nobody else
/// can connect at any moment.
///
/// # Errors
/// What the system says, and what to do where the path is too long for a socket.
pub fn bind(node: &Node) -> io::Result<UnixListener> {
    let home = node.home();
    let nursery = tempfile::Builder::new().prefix(".api-").tempdir_in(home)?;
    let made = nursery.path().join("s");
    let listener = UnixListener::bind(&made).map_err(|error| explain(error, home))?;
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&made, path(home))?;
    Ok(listener)
}

/// Serves the routes until `ending` is cancelled; then lets requests under way finish, for a while.
pub async fn serve(listener: UnixListener, router: Router, ending: CancellationToken) {
    let slots = Arc::new(Semaphore::new(limits::API_CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = ending.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, slot)) => {
                let (router, ending) = (router.clone(), ending.clone());
                connections.spawn(async move {
                    connection(stream, router, ending).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the local API can't take a connection");
                tokio::time::sleep(limits::API_LOOK_INTERVAL).await;
            }
        }
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    // Whoever is still busy after that is cut off.
    let _ = tokio::time::timeout(limits::API_HEADER_PATIENCE, finish).await;
}

async fn accept(
    listener: &UnixListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(UnixStream, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, slot))
}

async fn connection(stream: UnixStream, router: Router, ending: CancellationToken) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits::API_HEADER_PATIENCE);
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(served);
    let result = tokio::select! {
        result = served.as_mut() => result,
        () = ending.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection of the local API ended early");
    }
}

fn explain(error: io::Error, home: &Path) -> io::Error {
    if error.kind() == io::ErrorKind::InvalidInput {
        let home = home.display();
        let words = format!("the path of {home} is too long for a Unix socket: choose a shorter --home");
        return io::Error::new(io::ErrorKind::InvalidInput, words);
    }
    error
}
