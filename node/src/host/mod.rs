//! The node as the API sees it.

mod call;
mod container;
mod doctor;
mod event;
mod image;
mod log;
mod node;
mod plain;
mod swarm;
