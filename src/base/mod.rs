//! Words that every room shares: time, ids, money and limits.

pub mod id;
pub mod limits;
pub mod money;
pub mod time;
