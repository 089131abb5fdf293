//! The node's volumes: folders that outlive containers.
//!
//! A volume's data is `volumes/<name>/_data` in the node's data directory; what else is known of it is in the node's database. A
//! folder that the database does not know is a volume as well: data is never thrown away because of what a database lost.
//!
//! ```text
//! store.rs      what volumes there are, on disk and in the database
//! mounting.rs   file systems that stand in a volume's place (options `type`, `device`, `o`)
//! turns.rs      one after the other, who works on the same volume
//! offer.rs      what the engine does with them: for containers, and for those who ask for volumes
//! ```

mod mounting;
mod offer;
mod store;
mod turns;
mod volume;

pub(crate) use store::Volumes;
pub use volume::Volume;

use std::path::{Path, PathBuf};

/// The folder with a volume's data.
pub(crate) fn data_of(root: &Path, name: &str) -> PathBuf {
    root.join(name).join("_data")
}
