//! Delivery as a whole, which no one file here decides alone.

mod collision;
mod delivery_model;
