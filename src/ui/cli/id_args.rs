//! What can be written on the command line about this node's identity.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is to be done with the identity.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Id {
    /// Put a new identity key, with a new address and recovery phrase, in the place of this one
    Rotate(Rotate),
    /// After a business was restored: look for what it published before, and go on from that
    Reconcile(Reconcile),
    /// Take the identity key out of this home: from then on it takes the recovery phrase to change devices or rotate
    Lock(Phrase),
    /// Bring the identity key back into this home, under its passphrase
    Unlock(Phrase),
}

#[derive(Clone, Debug, Args)]
pub(super) struct Reconcile {
    /// Look for nothing: nobody has a profile of this business that is good still
    #[arg(long)]
    pub(super) force: bool,
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
