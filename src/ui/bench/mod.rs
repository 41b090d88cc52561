//! Measures whole paths between real nodes on loopback; see `docs/performance.md` for figures.

pub(in crate::ui) mod customer;
pub(in crate::ui) mod directory;
pub(in crate::ui) mod idle;
pub(in crate::ui) mod load;
pub(in crate::ui) mod load_report;
pub(in crate::ui) mod messages;
pub(in crate::ui) mod nodes;
pub(in crate::ui) mod process;
pub(in crate::ui) mod report;
pub(in crate::ui) mod startup;
pub(in crate::ui) mod timer;
