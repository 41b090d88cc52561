//! Why a command failed, and the exit code that says so.

use std::io;

use serde_json::{Value, json};

use crate::disk::home::HomeError;
use crate::node::config::ConfigError;
use crate::node::handle::StartError;
use crate::node::identity::IdentityError;
use crate::store::snapshot::Fault;

/// Exit code of what couldn't be done.
const FAILED: u8 = 1;
/// Exit code of what was written wrongly.
const MISUSED: u8 = 2;

/// Why a command failed.
#[derive(Debug)]
pub(in crate::ui) enum Failure {
    /// There is something to say.
    Told {
        /// The exit code.
        exit: u8,
        /// A short word for programs.
        code: String,
        /// What is wrong, and what to do next.
        message: String,
    },
    /// Everything is said already; only the exit code remains.
    Said,
    /// Nobody reads stdout any more: no failure of ours.
    Unread,
}

impl Failure {
    /// What was asked for couldn't be done.
    pub(super) fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Told { exit: FAILED, code: code.into(), message: message.into() }
    }

    /// What was asked for can't be meant.
    pub(super) fn misused(message: impl Into<String>) -> Self {
        Self::Told { exit: MISUSED, code: "misused".to_owned(), message: message.into() }
    }

    /// An error that the API answered.
    pub(super) fn answered(status: u16, body: &Value) -> Self {
        let text = |key: &str| body["error"][key].as_str().map(str::to_owned);
        let code = text("code").unwrap_or_else(|| "api".to_owned());
        let message =
            text("message").unwrap_or_else(|| format!("the local API answered with status {status}"));
        Self::Told { exit: if status == 400 { MISUSED } else { FAILED }, code, message }
    }

    /// Whether it is told under this word for programs.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Told { code, .. } if code == word)
    }

    /// The exit code.
    pub(super) const fn exit(&self) -> u8 {
        match self {
            Self::Told { exit, .. } => *exit,
            Self::Said => FAILED,
            Self::Unread => 0,
        }
    }

    /// What is written to stdout with `--json`.
    pub(super) fn document(&self) -> Option<Value> {
        match self {
            Self::Told { code, message, .. } => {
                Some(json!({ "error": { "code": code, "message": message } }))
            }
            Self::Said | Self::Unread => None,
        }
    }
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        let code = match &error {
            IdentityError::Exists(_) => "identity_exists",
            IdentityError::None(_) => "no_identity",
            IdentityError::NoPassphrase => "passphrase",
            IdentityError::NoPhrase => "not_primary",
            IdentityError::OtherPhrase => "phrase",
            IdentityError::Keystore(_) => "keystore",
            IdentityError::Home(_) => "home",
            IdentityError::Write(_) | IdentityError::Read(_) => "system",
        };
        Self::failed(code, error.to_string())
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        let code = match &error {
            HomeError::AlreadyRunning(_) => "home_in_use",
            HomeError::Io { .. } => "home",
        };
        Self::failed(code, error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::failed("start", error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::failed("config", error.to_string())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::failed("store", fault.to_string())
    }
}

/// An error of writing to stdout.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::failed("system", error.to_string()),
        }
    }
}
