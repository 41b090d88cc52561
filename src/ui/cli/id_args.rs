//! What can be written on the command line about this node's identity.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is to be done with the identity.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Id {
    /// Put a new identity key, with a new address and recovery phrase, in the place of this one
    Rotate(Rotate),
    /// After a restore: find out what this identity said before, and go on from that
    Reconcile(Reconcile),
    /// Take the identity key out of this home: from then on it takes the recovery phrase to change devices or rotate
    Lock(Phrase),
    /// Bring the identity key back into this home, under its passphrase
    Unlock(Phrase),
}

#[derive(Clone, Debug, Args)]
pub(super) struct Reconcile {
    /// Look for nothing: nobody knows what this identity said, or it was asked for in vain
    #[arg(long, conflicts_with = "from")]
    pub(super) force: bool,
    /// Ask the node of whoever made this invite: a contact of yours, or another device of yours
    #[arg(long, value_name = "INVITE")]
    pub(super) from: Option<String>,
    #[command(flatten)]
    pub(super) key: Phrase,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Phrase {
    /// Read the 24 words from a file [default: a prompt, or stdin where that is no terminal]
    #[arg(long, value_name = "FILE")]
    pub(super) phrase_file: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Rotate {
    /// Ask nothing: the consequences are known
    #[arg(long)]
    pub(super) yes: bool,
}
