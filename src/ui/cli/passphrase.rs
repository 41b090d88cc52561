//! Where the passphrase comes from: a file that the environment names, or a prompt.

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::base::limits;
use crate::disk::files;
use crate::ui::cli::failure::Failure;

/// Names a file with the passphrase.
const FILE_VARIABLE: &str = "SIGILLO_PASSPHRASE_FILE";
/// The directory in which systemd lays a service's credentials (systemd.exec(5), `LoadCredential=`).
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
/// The credential's name.
const CREDENTIAL: &str = "sigillo.passphrase";

/// The passphrase of a keystore that is there.
pub(super) fn known() -> Result<Zeroizing<Vec<u8>>, Failure> {
    match file() {
        Some(path) => read(&path),
        None => prompt("Passphrase: "),
    }
}

/// The same, to be told to a node.
pub(super) fn known_text() -> Result<Zeroizing<String>, Failure> {
    let passphrase = known()?;
    let text = core::str::from_utf8(&passphrase).map_err(|_| {
        Failure::failed("passphrase", "the passphrase isn't a text: it can't be told to the node")
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The passphrase of a keystore that is to be made; asked for twice where it comes from a prompt.
pub(super) fn chosen() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let passphrase = match file() {
        Some(path) => read(&path)?,
        None => {
            let once = prompt("Choose a passphrase: ")?;
            if *prompt("Once more: ")? != *once {
                return Err(Failure::failed("passphrase", "the two passphrases differ: try again"));
            }
            once
        }
    };
    if passphrase.is_empty() {
        return Err(Failure::failed("passphrase", "the passphrase is empty: choose one"));
    }
    Ok(passphrase)
}

/// Asks on the terminal for something that isn't to be seen.
pub(super) fn prompt_hidden(question: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(question).map(Zeroizing::new).map_err(|error| {
        let advice = format!("write it to a file that only you can read and set {FILE_VARIABLE} to its path");
        Failure::failed(
            "passphrase",
            format!("there is no terminal to ask for the passphrase ({error}): {advice}"),
        )
    })
}

fn prompt(question: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let line = prompt_hidden(question)?;
    Ok(Zeroizing::new(line.as_bytes().to_vec()))
}

/// The file that the environment names, if it does: the variable first, then the credential.
fn file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(FILE_VARIABLE).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let directory = std::env::var_os(CREDENTIALS_VARIABLE).filter(|path| !path.is_empty())?;
    let path = PathBuf::from(directory).join(CREDENTIAL);
    path.exists().then_some(path)
}

/// The file's bytes without the line's end.
fn read(path: &std::path::Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let bytes = files::read_bounded(path, limits::PASSPHRASE_MAX).map_err(|error| {
        let path = path.display();
        Failure::failed("passphrase", format!("the passphrase file {path} can't be read: {error}"))
    })?;
    let mut bytes = Zeroizing::new(bytes);
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    Ok(bytes)
}
