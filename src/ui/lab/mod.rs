//! The laboratory: scenarios with many real nodes on this machine, and what must come of them.
//!
//! ```text
//! scenario   what a scenario says
//! format     scenario files, read strictly
//! check      whether a scenario holds together
//! span, names, error   the small parts of a file
//! shipped    the scenarios that come with sigillo
//! place      where a node lives
//! strings    what the laboratory pulls at a node: its clock, and whom it is parted from
//! hand       a node that runs, here or in a process of its own (process, child)
//! stage      every node, and what lies between them
//! talk, money, faults   what is done with them
//! expect     what must come of it
//! audit      what became of messages, by the stores of both sides
//! wait       looking until it is there
//! measure    what is seen meanwhile, for figures
//! director   takes the steps
//! report     what came of a run
//! page       the same as a page
//! ```
//!
//! A program that builds on sigillo runs scenarios of its own:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use sigillo::ui::lab::director::{Options, folder, run};
//! use sigillo::ui::lab::format;
//!
//! let text = std::fs::read_to_string("scenario.toml")?;
//! let scenario = format::read("scenario", &text, &["customers=20".to_owned()])?;
//! let homes = folder()?;
//! let options = Options { folder: homes.path().to_owned(), processes: false };
//! let report = run(&scenario, &options, &|told| println!("{told:?}")).await?;
//! assert!(report.passed, "{:?}", report.violations);
//! # Ok(())
//! # }
//! ```

pub mod director;
pub mod error;
pub mod format;
pub mod names;
pub mod page;
pub mod report;
pub mod scenario;
pub mod shipped;
pub mod span;

mod audit;
mod check;
#[cfg(unix)]
pub(in crate::ui) mod child;
mod expect;
mod faults;
mod hand;
mod measure;
mod money;
mod place;
#[cfg(unix)]
mod process;
mod stage;
mod strings;
mod talk;
mod wait;
