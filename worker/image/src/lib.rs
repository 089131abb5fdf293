//! The images of one node: what they are called, what a container of them runs, and their unpacked layers.
//!
//! Blocking by design: the engine calls it from threads. So far it holds the built-in image; reading archives is to come.

pub mod builtin;
mod error;
mod files;
mod image;
mod reference;
mod store;

pub use error::Error;
pub use image::{Config, Image, ImageId};
pub use reference::Reference;
pub use store::ImageStore;
