//! The histogram that openraft counts batch sizes in, with the names that it asks for: a bucket per power of two. The
//! published crate of this name fills 19 MB with tables for every precision it could have, at the first use.

mod chart;
mod histogram;
mod percentile_stats;

pub use chart::AsciiChart;
pub use histogram::Histogram;
pub use percentile_stats::PercentileStats;
