//! What is said: one file for each kind of message, and for each change of one.

pub mod bill;
pub mod card;
pub mod change;
pub mod choice;
pub mod edit;
pub mod field;
pub mod file;
pub mod form;
pub mod form_answer;
pub mod headed;
pub mod location;
pub mod menu;
pub mod message;
pub mod offer;
pub mod order;
pub mod order_status;
pub mod place_request;
pub mod reaction;
pub mod target;
pub mod unknown;
