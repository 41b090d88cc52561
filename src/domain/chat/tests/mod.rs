//! Delivery as a whole, which no one file here decides alone.

mod delivery_model;
