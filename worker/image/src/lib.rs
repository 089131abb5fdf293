//! The images of one node: what they are called, what a container of them runs, and their unpacked layers.
//!
//! `archive/` reads what `docker save` and OCI tools write, `tape/` is its tar reader, `extract/` unpacks a layer for
//! overlayfs, `unpack/` does so in a process of its own; `store.rs` keeps names and layers, `load.rs`, `import.rs`,
//! `names.rs` and `collect.rs` are what is done with them.
//!
//! Blocking by design: the engine calls it from threads.

mod archive;
pub mod builtin;
mod changes;
mod collect;
mod compression;
mod config;
mod digest;
mod error;
mod extract;
mod files;
mod health_change;
mod image;
mod import;
mod load;
mod names;
mod platform;
mod reference;
mod store;
mod tape;
mod unpack;
mod workplace;

pub use error::Error;
pub use image::{Config, Healthcheck, Image, ImageId};
pub use load::Loaded;
pub use names::Removed;
pub use reference::Reference;
pub use store::ImageStore;
pub use unpack::{UNPACK_ARGUMENT, unpack_main};
