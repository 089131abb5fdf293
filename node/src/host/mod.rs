//! The node as the API sees it.

mod container;
mod event;
mod image;
mod log;
mod node;
mod swarm;
