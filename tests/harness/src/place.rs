use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cluster::Cluster;

/// Where a running task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number of its host.
    pub host: u8,
    /// The first process of its container.
    pub process: u32,
    /// Its addresses, each with the id of the network that it is on.
    pub addresses: Vec<(String, Ipv4Addr)>,
}

impl Place {
    /// Where the tasks of a service are that run and are to run, as a manager says, in the order of their hosts.
    ///
    /// # Errors
    /// When it does not answer, or not in full.
    pub fn of_service(cluster: &Cluster, asked: u8, service: &str) -> Result<Vec<Self>, String> {
        let api = cluster.api(asked);
        let nodes = api.get("/nodes").map_err(|error| format!("{error:#}"))?;
        let filters = json!({ "service": [service], "desired-state": ["running"] });
        let tasks = api.list("/tasks", &filters).map_err(|error| format!("{error:#}"))?;
        let up = tasks.iter().filter(|task| task["Status"]["State"] == "running");
        let place = |task: &Value| Self::of(task, &nodes).ok_or_else(|| format!("not a place: {task}"));
        let mut found = up.map(place).collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(|place| place.host);
        Ok(found)
    }

    fn of(task: &Value, nodes: &Value) -> Option<Self> {
        let node = nodes.as_array()?.iter().find(|node| node["ID"] == task["NodeID"])?;
        let host = node["Description"]["Hostname"].as_str()?.strip_prefix("host")?.parse().ok()?;
        let process = task["Status"]["ContainerStatus"]["PID"].as_u64()?.try_into().ok()?;
        let address = |attached: &Value| {
            let text = attached["Addresses"][0].as_str()?;
            let address = text.split('/').next()?.parse().ok()?;
            Some((attached["Network"]["ID"].as_str()?.to_owned(), address))
        };
        let attached = task["NetworksAttachments"].as_array()?;
        Some(Self { host, process, addresses: attached.iter().filter_map(address).collect() })
    }

    /// The file of its container's network namespace.
    pub fn namespace(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.process))
    }

    /// Its address on the network with this id.
    pub fn address_on(&self, network: &str) -> Option<Ipv4Addr> {
        self.addresses.iter().find(|(id, _)| id == network).map(|(_, address)| *address)
    }
}
