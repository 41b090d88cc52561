//! Identities under attack: logs, views, successors, numbers and links.

mod forged;
mod holes;
mod links;
mod logs;
mod model;
mod numbers;
mod successors;
mod views;

pub(super) mod consents;
mod fixtures;
