//! Nodes on real sockets of this machine, with each other and with hostile peers.

mod asks;
mod barrier;
mod directory;
mod files;
mod harness;
mod hostile;
mod light;
mod links;
mod mail;
mod neighbours;
mod relays;
