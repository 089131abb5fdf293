//! The router, asked as a client asks it, over a fake node and a store without Raft.

mod bench;
mod change_test;
mod container_test;
mod content_test;
mod docker_test;
mod event_test;
mod lock_test;
mod log_test;
mod network_test;
mod node_test;
mod serve_test;
mod swarm_test;
mod update_test;
mod volume_test;
mod why_test;
