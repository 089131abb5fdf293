//! What a spec must keep to before the store takes it.

mod cluster;
mod container;
mod content;
mod health;
mod mount;
mod name;
mod network;
mod network6;
mod plain;
mod process;
mod secret;
mod service;
mod stack;

pub use cluster::validate_cluster;
pub use container::validate_image;
pub use mount::{validate_mount_target, validate_volume_name, validate_volume_options};
pub use name::{validate_name, validate_stack_name};
pub use network::{validate_network, validate_no_overlap};
pub use network6::validate_ipv6_in_swarm;
pub use plain::{validate_container_name, validate_plain};
pub use secret::validate_secret;
pub use service::validate_service;
pub use stack::validate_stack;
