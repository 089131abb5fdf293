use clap::Args;

/// What this node is in its swarm: the flags that `swarm init` and `swarm join` share.
#[derive(Debug, Args)]
pub(super) struct NodeFlags {
    /// Where others reach this node: IP[:PORT] or INTERFACE[:PORT]; given twice, the last counts.
    #[arg(long, value_name = "ADDRESS", overrides_with = "advertise_addr")]
    pub(super) advertise_addr: Option<String>,
    /// Where to listen for members: IP[:PORT] or INTERFACE[:PORT] [default: 0.0.0.0:2377].
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen_addr: Option<String>,
    /// Address or interface for the traffic between containers of different hosts.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) data_path_addr: Option<String>,
    /// Whether this node takes tasks: active, pause or drain.
    #[arg(long, default_value = "active")]
    pub(super) availability: String,
}
