use std::time::Duration;

use crate::{Subnet, limits};

/// The settings of a swarm.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ClusterSpec {
    /// How many ended tasks of a slot are kept.
    pub task_history_per_slot: u64,
    /// Time between two heartbeats of an agent.
    pub heartbeat_period: Duration,
    /// How long a node's certificate is valid.
    pub node_certificate_validity: Duration,
    /// Where subnets of new networks are taken from, in this order.
    pub address_pools: Vec<Subnet>,
    /// Prefix length of a subnet taken from a pool.
    pub subnet_prefix_bits: u8,
    /// Counts the times that users asked for another root; a higher number asks again.
    pub force_rotate: u64,
    /// After so many entries of the log a manager takes a snapshot.
    pub snapshot_interval_entries: u64,
    /// True when a restarted manager waits for the unlock key before it takes part.
    pub autolock: bool,
    /// True when every network is encrypted between nodes, the ingress network included.
    pub encrypt_networks: bool,
    /// The UDP port of every node's tunnel, fixed when the swarm is initialised; zero stands for
    /// [`crate::limits::TUNNEL_PORT_DEFAULT`].
    pub data_path_port: u16,
    /// Share of a service's tasks, in percent, that move to a node that came back or is new; 0: none do.
    pub rebalance_percent: u8,
}

impl ClusterSpec {
    /// The UDP port of every node's tunnel.
    pub fn tunnel_port(&self) -> u16 {
        if self.data_path_port == 0 { limits::TUNNEL_PORT_DEFAULT } else { self.data_path_port }
    }
}

impl Default for ClusterSpec {
    fn default() -> Self {
        Self {
            task_history_per_slot: limits::TASK_HISTORY_PER_SLOT_DEFAULT,
            heartbeat_period: limits::HEARTBEAT_PERIOD_DEFAULT,
            node_certificate_validity: limits::NODE_CERTIFICATE_VALIDITY,
            address_pools: vec![limits::ADDRESS_POOL_DEFAULT],
            subnet_prefix_bits: limits::SUBNET_PREFIX_BITS_DEFAULT,
            force_rotate: 0,
            snapshot_interval_entries: limits::SNAPSHOT_INTERVAL_ENTRIES,
            autolock: false,
            encrypt_networks: false,
            data_path_port: 0,
            rebalance_percent: 0,
        }
    }
}
