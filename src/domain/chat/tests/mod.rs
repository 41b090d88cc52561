//! Delivery as a whole, which no one file here decides alone.

mod changes;
mod collision;
mod delivery_model;
mod golden;
