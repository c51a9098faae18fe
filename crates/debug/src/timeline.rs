//! The timeline of a run: one HTML file that needs nothing else, with the causal past
//! of its failure first. What happened is the trace's; who asked for the page, and where
//! it is written, is the command line's.

mod anchors;
mod band;
mod comparison;
mod group;
mod history;
mod lane;
mod link;
mod operation;
mod page;
mod past;
mod scene;
mod sheet;
mod story;

pub use anchors::Anchors;
pub use history::{History, HistoryOperation};
pub use page::Timeline;
pub use past::{Past, ROWS_MOST};
pub use story::Story;
