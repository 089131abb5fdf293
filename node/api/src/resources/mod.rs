//! The calls, one file per kind of object.

pub(crate) mod container;
pub(crate) mod container_change;
mod container_filters;
pub(crate) mod content;
pub(crate) mod doctor;
pub(crate) mod exec;
pub(crate) mod image;
pub(crate) mod image_archive;
pub(crate) mod missing;
pub(crate) mod network;
mod network_members;
pub(crate) mod node;
pub(crate) mod port;
pub(crate) mod service;
pub(crate) mod service_change;
pub(crate) mod service_rebalance;
pub(crate) mod stack;
pub(crate) mod swarm;
pub(crate) mod system;
pub(crate) mod task;
pub(crate) mod volume;
pub(crate) mod why;
