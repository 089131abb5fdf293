//! Every default and bound of the cluster's words, each with its unit in its name.
//!
//! Values that Docker Swarm has too are Swarm's (reference/swarm-features.md, section 4), unless a comment says why not.

use std::time::Duration;

/// Longest name of a service, network or stack, in bytes.
pub const NAME_BYTES_MAX: usize = 63;
/// Longest image reference, in bytes (the name part of a reference has 255 in the OCI distribution spec; the tag 128).
pub const IMAGE_BYTES_MAX: usize = 512;
/// Most replicas of one service.
pub const REPLICAS_MAX: u64 = 100_000;
/// Replicas when nothing is said.
pub const REPLICAS_DEFAULT: u64 = 1;
/// Most changes in one transaction.
pub const TRANSACTION_CHANGES_MAX: usize = 2_000;
/// Most bytes of one encoded transaction.
pub const TRANSACTION_BYTES_MAX: usize = 1_572_864;
/// How many ended tasks of a slot are kept for people to look at.
pub const TASK_HISTORY_PER_SLOT_DEFAULT: u64 = 5;
/// How many earlier revisions of a stack are kept.
pub const STACK_REVISIONS_KEPT: usize = 10;
/// Wait between a task's end and its replacement's start.
pub const RESTART_DELAY_DEFAULT: Duration = Duration::from_secs(5);
/// Time between the stop signal and SIGKILL.
pub const STOP_GRACE_DEFAULT: Duration = Duration::from_secs(10);
/// Longest stop grace that is accepted: a day is a typing error or a wish to never stop.
pub const STOP_GRACE_MAX: Duration = Duration::from_secs(86_400);
/// How long a replacement waits for the old task to end before it starts anyway.
pub const RESTART_OLD_TASK_WAIT_MAX: Duration = Duration::from_secs(60);
/// Smallest CPU limit or reservation, in billionths of a CPU.
pub const NANO_CPUS_MIN: u64 = 1_000_000;
/// Smallest memory limit or reservation, in bytes.
pub const MEMORY_BYTES_MIN: u64 = 4 * 1024 * 1024;
/// First port that is given out when a published port is left open.
pub const PUBLISHED_PORT_DYNAMIC_FIRST: u16 = 30_000;
/// Last port that is given out when a published port is left open.
pub const PUBLISHED_PORT_DYNAMIC_LAST: u16 = 32_767;
/// Where subnets of new networks are taken from.
pub const ADDRESS_POOL_DEFAULT: crate::Subnet =
    crate::Subnet { address: std::net::Ipv4Addr::new(10, 0, 0, 0), prefix_bits: 8 };
/// Where every node takes the addresses of its plain containers from that are on no network of the swarm: of the range for measuring
/// networks (RFC 2544), which is nobody's, and which no network of a swarm may have.
pub const LOCAL_SUBNET: crate::Subnet =
    crate::Subnet { address: std::net::Ipv4Addr::new(198, 19, 0, 0), prefix_bits: 16 };
/// The name of the network of those addresses; Docker's clients know it as the default.
pub const LOCAL_NAME: &str = "bridge";
/// The name of the network that published ports lead through; tables name it to nodes.
pub const INGRESS_NAME: &str = "ingress";
/// Prefix length of the ingress network, where the pool has room (Swarm: as for any network).
pub const INGRESS_PREFIX_BITS: u8 = 16;
/// Prefix length of a subnet taken from the pool.
pub const SUBNET_PREFIX_BITS_DEFAULT: u8 = 24;
/// Time between two heartbeats of an agent. Swarm: 5 s; ours is shorter so that a dead node's tasks run elsewhere
/// within 10 s (down after three missed periods).
pub const HEARTBEAT_PERIOD_DEFAULT: Duration = Duration::from_secs(2);
/// Shortest time between two heartbeats that is accepted: below it, managers would do little else.
pub const HEARTBEAT_PERIOD_MIN: Duration = Duration::from_millis(100);
/// Longest time between two heartbeats that is accepted: a dead node would be noticed after hours.
pub const HEARTBEAT_PERIOD_MAX: Duration = Duration::from_secs(3600);
/// Heartbeats that may be missed before a node counts as down.
pub const HEARTBEATS_MISSED_MAX: u32 = 3;
/// How long a node's certificate is valid (90 days).
pub const NODE_CERTIFICATE_VALIDITY: Duration = Duration::from_secs(90 * 24 * 3600);
/// Shortest validity of a node's certificate that is accepted: nodes need time to renew it.
pub const NODE_CERTIFICATE_VALIDITY_MIN: Duration = Duration::from_secs(3600);
/// How long the root certificate is valid (20 years).
pub const ROOT_CERTIFICATE_VALIDITY: Duration = Duration::from_secs(20 * 365 * 24 * 3600);
/// Shortest time that a root certificate given by a user must still be valid (a year, as Swarm's).
pub const ROOT_CERTIFICATE_LEFT_MIN: Duration = Duration::from_secs(365 * 24 * 3600);
/// Cross certificates that are kept and sent: a node that was off during this many root rotations still comes back by itself.
/// Every TLS handshake carries them (about 450 bytes each), and verifying a chain tries their orders.
pub const CROSS_CERTIFICATES_MAX: usize = 4;
/// Nodes that are asked for a certificate of a new root at a time.
pub const RENEWALS_AT_A_TIME: usize = 30;
/// A node that has been asked to renew its certificate holds up no other for longer than this.
pub const RENEWAL_PERIOD: Duration = Duration::from_secs(3);
/// A new certificate is valid from this long ago, for hosts whose clocks are behind.
pub const CERTIFICATE_BACKDATE: Duration = Duration::from_secs(3600);
/// After so many entries of the log a manager takes a snapshot (as Docker Swarm), at the latest.
pub const SNAPSHOT_INTERVAL_ENTRIES: u64 = 10_000;
/// More often a manager would do nothing else.
pub const SNAPSHOT_INTERVAL_ENTRIES_MIN: u64 = 100;
/// A node's clock that differs by this much from the leader's is shown.
pub const CLOCK_SKEW_SHOWN: Duration = Duration::from_secs(1);
/// The port of managers for members and joiners.
pub const CLUSTER_PORT_DEFAULT: u16 = 2377;
/// The UDP port of the tunnel between nodes: IANA's for VXLAN.
pub const TUNNEL_PORT_DEFAULT: u16 = 4789;
/// The lowest UDP port that the tunnel between nodes may have (Docker's, as the next).
pub const DATA_PATH_PORT_MIN: u16 = 1024;
/// The highest UDP port that the tunnel between nodes may have: those behind it are given out to clients.
pub const DATA_PATH_PORT_MAX: u16 = 49_151;
/// How long an address, or a subnet of a pool, rests after its use before it is given out again: what still talks to its
/// former owner must not reach the new one.
pub const ADDRESS_REST: Duration = Duration::from_secs(60);
/// How long an address rests at least, where a network has no other: tasks that end again and again shall not keep all others from
/// starting. Names live for one second, and nodes follow a table within two.
pub const ADDRESS_REST_MIN: Duration = Duration::from_secs(5);
/// Prefix length of the largest subnet that a network may have.
pub const SUBNET_PREFIX_BITS_MIN: u8 = 8;
/// Prefix length of the smallest: a gateway, a virtual address and tasks need some room.
pub const SUBNET_PREFIX_BITS_MAX: u8 = 29;
/// Prefix length of the largest IPv6 subnet that a network may have: what providers are given.
pub const SUBNET6_PREFIX_BITS_MIN: u8 = 32;
/// The UDP port of encrypted networks is this far above that of the tunnel: 4790 by default.
pub const SEALED_PORT_ABOVE: u16 = 1;
/// How old a node's key for encrypted networks gets before the node makes another one.
pub const TUNNEL_KEY_LIFE: Duration = Duration::from_secs(12 * 3600);
/// How long a key that was replaced still counts, at most: longer than any node takes to hear of the new one from managers
/// that are there.
pub const TUNNEL_KEY_FORMER_LIFE: Duration = Duration::from_secs(3600);
/// The UDP port within the tunnel at which nodes answer each other's probes.
pub const PROBE_PORT: u16 = 4788;
/// Time between two probes of the way to another node, in the background. Up to a fifth earlier, so that nodes do not probe in step.
pub const PROBE_PERIOD: Duration = Duration::from_secs(30);
/// How long the whole of `skep doctor` may take to ask all nodes; who has not answered by then counts as silent.
pub const DOCTOR_DEADLINE: Duration = Duration::from_secs(8);
/// A certificate that ends sooner is a fault.
pub const CERTIFICATE_LEFT_FAULT: Duration = Duration::from_secs(24 * 3600);
/// Share of lost packets on a way between nodes that is shown, in percent.
pub const LOSS_SHOWN_PERCENT: u32 = 20;
/// Free space of the data directory below which there is a fault, in bytes.
pub const DISK_FREE_BYTES_MIN: u64 = 1 << 30;
/// Free share of the data directory's file system below which there is a fault, in percent.
pub const DISK_FREE_PERCENT_MIN: u64 = 5;
/// A slow disk: one write in a hundred takes longer to be on it.
pub const DISK_SYNC_SHOWN: Duration = Duration::from_millis(100);
/// How full the kernel's table of connections may be before it is shown, in percent.
pub const CONNECTIONS_SHOWN_PERCENT: u64 = 80;
/// The highest number of a node: each has a link-local address of its own within the tunnel, and two are taken.
pub const PEER_NUMBER_MAX: u16 = u16::MAX - 1;
/// Failures of a service's tasks on one node, within the window, that make the scheduler prefer other nodes.
pub const NODE_FAILURES_MAX: usize = 5;
/// The window of the failures above.
pub const NODE_FAILURES_WINDOW: Duration = Duration::from_secs(300);
/// How long after its last change a node is looked at for tasks that do not fit it any more.
pub const NODE_ENFORCED_WITHIN: Duration = Duration::from_secs(300);
/// How long a node must be ready before tasks move to it by themselves.
pub const REBALANCE_READY: Duration = Duration::from_secs(30);
/// How long after that it counts as new or come back.
pub const REBALANCE_WINDOW: Duration = Duration::from_secs(300);
/// How long after a task's last change its node may still have to tell of a volume that the task made.
pub const VOLUME_REPORT_WAIT: Duration = Duration::from_secs(60);
/// Bytes of a log file before it is rotated.
pub const LOG_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Log files that are kept for one container, the current one included.
pub const LOG_FILES_KEPT: u32 = 3;
/// Slots that an update works on at a time when nothing is said.
pub const UPDATE_PARALLELISM_DEFAULT: u64 = 1;
/// How long a task is watched in an update when nothing is said.
pub const UPDATE_MONITOR_DEFAULT: Duration = Duration::from_secs(5);
/// Time between two health checks when nothing is said.
pub const HEALTH_INTERVAL_DEFAULT: Duration = Duration::from_secs(30);
/// How long a health check may take when nothing is said.
pub const HEALTH_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// Time between two health checks within the start period when nothing is said.
pub const HEALTH_START_INTERVAL_DEFAULT: Duration = Duration::from_secs(5);
/// Failed health checks in a row that make a container unhealthy when nothing is said.
pub const HEALTH_RETRIES_DEFAULT: u32 = 3;
/// Shortest time of a health check's settings that is accepted, but for zero.
pub const HEALTH_DURATION_MIN: Duration = Duration::from_millis(1);
/// Bytes of a health check's output that are kept.
pub const HEALTH_OUTPUT_BYTES_MAX: usize = 4096;
/// Fewest bytes of a secret's or config's content.
pub const CONTENT_BYTES_MIN: usize = 1;
/// Most bytes of a secret's content.
pub const SECRET_BYTES_MAX: usize = 511_999;
/// Most bytes of a config's content.
pub const CONFIG_BYTES_MAX: usize = 1_023_999;
/// Longest name of a secret or config, in bytes.
pub const CONTENT_NAME_BYTES_MAX: usize = 64;
/// The mode bits of a secret's or config's file when nothing is said.
pub const FILE_MODE_DEFAULT: u32 = 0o444;
/// Last lines of a failed task's output that are kept with it.
pub const LOG_TAIL_LINES: usize = 20;
/// Longest of these lines, in bytes; the rest is cut off.
pub const LOG_TAIL_LINE_BYTES_MAX: usize = 256;
/// Records of forgotten tasks that are kept, in the whole swarm.
pub const TASK_RECORDS_KEPT: usize = 2_000;
