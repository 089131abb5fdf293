//! YAML text as a tree in which every key and value knows its place.

mod build;
mod merge;
mod node;

pub(crate) use build::{join, parse};
pub(crate) use node::{Entry, Kind, Node, Scalar};
