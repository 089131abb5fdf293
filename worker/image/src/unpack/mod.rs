//! Unpacking in a process of its own.
//!
//! An archive comes from outside. The process that decompresses and unpacks it is this program started again as
//! `unpack --root DIRECTORY`: it has no network, sees no file but the layer's (it is chrooted into it), has only the
//! capabilities that unpacking needs, and dies with the daemon. The layer comes by stdin; what became of it goes to stdout.

mod confined;
mod process;

use std::path::PathBuf;

pub use confined::unpack_main;
pub(crate) use process::unpack;

/// The first argument of the program that unpacks.
pub const UNPACK_ARGUMENT: &str = "unpack";

/// Which program unpacks layers, as `BINARY unpack`; without one it is done in this process.
pub(crate) type Binary = Option<PathBuf>;
