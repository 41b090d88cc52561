//! Words that every room shares: time, ids, kinds of account, money, texts as they are compared, and limits.

pub mod api_limits;
pub mod charging;
pub mod chunks;
pub mod cloud_limits;
pub mod consent_limits;
pub mod desk_limits;
pub mod file_limits;
pub mod fold;
pub mod id;
pub mod kind;
pub mod limits;
pub mod mail_limits;
pub mod money;
pub mod requesters;
pub mod said_limits;
pub mod time;
