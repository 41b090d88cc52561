//! What can be written on the command line about this node's identity.

use clap::{Args, Subcommand};

/// What is to be done with the identity.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Id {
    /// Put a new identity key, with a new address and recovery phrase, in the place of this one
    Rotate(Rotate),
}

#[derive(Clone, Debug, Args)]
pub(super) struct Rotate {
    /// Ask nothing: the consequences are known
    #[arg(long)]
    pub(super) yes: bool,
}
