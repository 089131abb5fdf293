use clap::Args;
use skep_rest::{Diagnosis, Info, Node, SwarmInfo, TlsInfo};

use crate::client::{Client, Filters, Query};
use crate::failure::Failure;
use crate::output::{Listing, ListingFlags, Row, capitalised, natural, warning};

/// List nodes in the swarm.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Filter output based on conditions provided.
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    #[command(flatten)]
    listing: ListingFlags,
}

impl Ls {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let filters = Filters::parse(&self.filter)?;
        let query = Query::new("/nodes").with_some("filters", filters.json().as_deref());
        let mut nodes = client.get::<Option<Vec<Node>>>(query.as_str()).await?.unwrap_or_default();
        let swarm = client.get::<Info>("/info").await?.swarm;
        nodes.sort_by(|one, other| natural(&one.description.hostname, &other.description.hostname));
        let columns = &[
            ("ID", "_Shown"),
            ("HOSTNAME", "Hostname"),
            ("STATUS", "Status"),
            ("AVAILABILITY", "Availability"),
            ("MANAGER STATUS", "ManagerStatus"),
            ("ENGINE VERSION", "EngineVersion"),
        ];
        if !self.listing.is_for_programs() {
            nodes.iter().for_each(warn_of_clock);
            warn_of_ways(client).await?;
        }
        let rows = nodes.into_iter().map(|node| row(node, &swarm)).collect();
        Listing { columns, rows, identity: "ID" }.print(&self.listing)
    }
}

/// What nodes noted of packets that do not pass between them.
async fn warn_of_ways(client: &Client) -> Result<(), Failure> {
    let noted = client.get::<Diagnosis>("/doctor?recall=1").await?;
    noted.findings.iter().for_each(|finding| warning(&finding.line));
    Ok(())
}

/// Certificates, logs and the times in tables go by clocks.
fn warn_of_clock(node: &Node) {
    if let Some(clock) = node.status.clock() {
        let host = &node.description.hostname;
        warning(&format!(
            "the clock of {host} is {clock}: set one of them right, best with NTP on all hosts"
        ));
    }
}

fn row(node: Node, swarm: &SwarmInfo) -> Row {
    let manager = match &node.manager_status {
        Some(status) if status.leader => "Leader".to_owned(),
        Some(status) => capitalised(&status.reachability),
        None => String::new(),
    };
    let is_own = node.id == swarm.node_id;
    let tls_status = tls_status(&node, swarm);
    vec![
        ("_Shown", format!("{} {}", node.id, if is_own { "*" } else { " " })),
        ("ID", node.id),
        ("Self", is_own.to_string()),
        ("Hostname", node.description.hostname),
        ("Status", capitalised(&node.status.state)),
        ("Availability", capitalised(&node.spec.availability)),
        ("ManagerStatus", manager),
        ("EngineVersion", node.description.engine.engine_version),
        ("TLSStatus", tls_status.to_owned()),
    ]
}

/// Whether the node's certificate hangs on the root that the swarm wants.
fn tls_status(node: &Node, swarm: &SwarmInfo) -> &'static str {
    let own = &node.description.tls_info;
    match &swarm.cluster {
        Some(cluster) if *own != TlsInfo::default() => {
            let rotated = own.same_issuer(&cluster.tls_info) && own.trust_root == cluster.tls_info.trust_root;
            if rotated { "Ready" } else { "Needs Rotation" }
        }
        _ => "Unknown",
    }
}
