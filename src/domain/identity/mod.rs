//! Who somebody is: accounts, devices, addresses, invites, contacts, and the file that keeps the secrets.

pub mod account;
pub mod address;
pub mod contact;
pub mod device;
pub mod heir;
pub mod invite;
pub mod keystore;
pub mod link;
pub mod link_offer;
pub mod log;
pub mod moved;
pub mod open_invite;
pub mod own;
pub mod primary;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod golden_links;
#[cfg(test)]
mod golden_logs;
#[cfg(test)]
mod golden_relations;
#[cfg(test)]
mod published;
pub mod relation;
pub mod safety_number;
pub mod sibling;
pub mod signer;
pub mod succession;
pub mod verification;

#[cfg(test)]
mod tests;
