//! Plots and pages for reports: plain SVG and HTML, with nothing to load.
//!
//! ```text
//! escape   text as it may stand in a document
//! figures  numbers and spans as people read them; quantiles, shares, bins
//! axis     linear, logarithmic and time axes, with ticks at round values
//! chart    what a plot shows: lines, points, steps, bands, bars, stacked areas
//! svg      the same as a drawing
//! page     a page that opens from disk: a summary, sections, tables, plots
//! ```

pub mod axis;
pub mod chart;
pub mod figures;
pub mod page;

mod escape;
mod svg;
