//! The Unix socket in a home that a running node serves its routes on.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

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

fn explain(error: io::Error, home: &Path) -> io::Error {
    if error.kind() == io::ErrorKind::InvalidInput {
        let home = home.display();
        let words = format!("the path of {home} is too long for a Unix socket: choose a shorter --home");
        return io::Error::new(io::ErrorKind::InvalidInput, words);
    }
    error
}
