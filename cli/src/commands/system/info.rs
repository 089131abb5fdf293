use clap::Args;
use serde_json::Value;
use skep_rest::{Info as DaemonInfo, SwarmInfo};

use crate::client::Client;
use crate::failure::Failure;
use crate::output::{self, Template, binary_size};

/// Show what is known of the daemon and its host.
#[derive(Debug, Args)]
pub(crate) struct Info {
    /// Format output: 'json', or a template like '{{.Swarm.NodeID}}'.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Info {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        match self.format.as_deref() {
            None => plain(&client.get("/info").await?),
            Some("json") => output::line(client.get::<Value>("/info").await?.to_string()),
            Some(format) => {
                let template = Template::parse(format)?;
                output::line(template.render(&client.get("/info").await?))
            }
        }
    }
}

fn plain(info: &DaemonInfo) -> Result<(), Failure> {
    let mut lines = vec![
        "Server:".to_owned(),
        format!(" Containers: {}", info.containers),
        format!("  Running: {}", info.containers_running),
        format!("  Paused: {}", info.containers_paused),
        format!("  Stopped: {}", info.containers_stopped),
        format!(" Images: {}", info.images),
        format!(" Server Version: {}", info.server_version),
        format!(" Storage Driver: {}", info.driver),
        format!(" Cgroup Driver: {}", info.cgroup_driver),
        format!(" Cgroup Version: {}", info.cgroup_version),
    ];
    lines.extend(swarm(&info.swarm));
    lines.extend([
        format!(" Kernel Version: {}", info.kernel_version),
        format!(" Operating System: {}", info.operating_system),
        format!(" OSType: {}", info.os_type),
        format!(" Architecture: {}", info.architecture),
        format!(" CPUs: {}", info.ncpu),
        format!(" Total Memory: {}", binary_size(info.mem_total)),
        format!(" Name: {}", info.name),
        format!(" ID: {}", info.id),
        format!(" Data Directory: {}", info.docker_root_dir),
        format!(" Debug Mode: {}", info.debug),
    ]);
    if !info.labels.is_empty() {
        lines.push(" Labels:".to_owned());
        lines.extend(info.labels.iter().map(|label| format!("  {label}")));
    }
    lines.into_iter().try_for_each(output::line)?;
    info.warnings.iter().for_each(|warning| output::warning(&format!("WARNING: {warning}")));
    Ok(())
}

fn swarm(swarm: &SwarmInfo) -> Vec<String> {
    let mut lines = vec![format!(" Swarm: {}", swarm.local_node_state)];
    if !swarm.node_id.is_empty() {
        lines.push(format!("  NodeID: {}", swarm.node_id));
    }
    if !swarm.error.is_empty() {
        lines.push(format!("  Error: {}", swarm.error));
    }
    if let Some(cluster) = &swarm.cluster {
        lines.push(format!("  Is Manager: {}", swarm.control_available));
        lines.push(format!("  ClusterID: {}", cluster.id));
        lines.push(format!("  Managers: {}", swarm.managers));
        lines.push(format!("  Nodes: {}", swarm.nodes));
        lines.push(format!("  Default Address Pool: {}", cluster.default_addr_pool.join(" ")));
        lines.push(format!("  SubnetSize: {}", cluster.subnet_size));
        lines.push(format!("  Data Path Port: {}", cluster.data_path_port));
        lines.push(format!("  Autolock Managers: {}", cluster.spec.autolock()));
        lines.push(format!(
            "  Encrypted Networks: {}",
            if cluster.spec.encrypt_networks() { "all" } else { "on request" }
        ));
    }
    for (name, address) in [("Node", &swarm.node_addr), ("Data Path", &swarm.data_path_addr)] {
        if !address.is_empty() {
            lines.push(format!("  {name} Address: {address}"));
        }
    }
    lines
}
