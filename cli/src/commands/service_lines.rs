//! Lines of a service's log with the task that wrote them: `web.1.4wimcqwzogbt@node1    | text`.

use std::collections::BTreeMap;

use skep_model::{NODE_ID_LABEL, SERVICE_ID_LABEL, TASK_ID_LABEL};
use skep_rest::{Node, Service, Task};

use crate::client::Client;
use crate::failure::Failure;
use crate::output::short_id;

/// Spaces between the widest name and the bar, as Docker's.
const GAP: usize = 4;

/// Names for the ids that come with each line.
#[derive(Debug)]
pub(crate) struct ServiceLines {
    ids: bool,
    whole: bool,
    details: bool,
    nodes: BTreeMap<String, String>,
    services: BTreeMap<String, String>,
    tasks: BTreeMap<String, u32>,
    width: usize,
}

impl ServiceLines {
    /// Reads the names that there are.
    pub(crate) async fn read(
        client: &Client,
        no_ids: bool,
        whole: bool,
        details: bool,
    ) -> Result<Self, Failure> {
        let nodes = client.get::<Option<Vec<Node>>>("/nodes").await?.unwrap_or_default();
        let services = client.get::<Option<Vec<Service>>>("/services").await?.unwrap_or_default();
        let mut lines = Self {
            ids: !no_ids,
            whole,
            details,
            nodes: nodes.into_iter().map(|node| (node.id, node.description.hostname)).collect(),
            services: services.into_iter().map(|service| (service.id, service.spec.name)).collect(),
            tasks: BTreeMap::new(),
            width: 0,
        };
        lines.read_tasks(client).await?;
        Ok(lines)
    }

    /// A line as it is shown. It comes as `[timestamp ]details text`.
    pub(crate) async fn shown(
        &mut self,
        client: &Client,
        line: &str,
        timestamps: bool,
    ) -> Result<String, Failure> {
        let (stamp, rest) = match line.split_once(' ').filter(|_| timestamps) {
            Some((stamp, rest)) => (format!("{stamp} "), rest),
            None => (String::new(), line),
        };
        let (details, text) = rest.split_once(' ').unwrap_or((rest, "\n"));
        let details: BTreeMap<&str, &str> =
            details.split(',').filter_map(|pair| pair.split_once('=')).collect();
        let of = |key: &str| details.get(key).copied().unwrap_or_default();
        if !self.tasks.contains_key(of(TASK_ID_LABEL)) {
            // It was started while the log was followed.
            self.read_tasks(client).await?;
        }
        let name = self.name(of(SERVICE_ID_LABEL), of(TASK_ID_LABEL), of(NODE_ID_LABEL));
        self.width = self.width.max(name.chars().count());
        let width = self.width + GAP;
        let shown = if self.details { others(&details) } else { String::new() };
        Ok(format!("{stamp}{name:<width$}| {shown}{text}"))
    }

    fn name(&self, service: &str, task: &str, node: &str) -> String {
        let short = |id: &str| if self.whole { id.to_owned() } else { short_id(id) };
        let service = self.services.get(service).cloned().unwrap_or_else(|| short(service));
        let slot = self.tasks.get(task).map(u32::to_string).unwrap_or_default();
        let node = self.nodes.get(node).cloned().unwrap_or_else(|| short(node));
        let id = if self.ids { format!(".{}", short(task)) } else { String::new() };
        format!("{service}.{slot}{id}@{node}")
    }

    async fn read_tasks(&mut self, client: &Client) -> Result<(), Failure> {
        let tasks = client.get::<Option<Vec<Task>>>("/tasks").await?.unwrap_or_default();
        self.tasks = tasks.into_iter().map(|task| (task.id, task.slot)).collect();
        Ok(())
    }
}

fn others(details: &BTreeMap<&str, &str>) -> String {
    let own =
        details.iter().filter(|(key, _)| ![NODE_ID_LABEL, SERVICE_ID_LABEL, TASK_ID_LABEL].contains(key));
    let pairs: Vec<String> = own.map(|(key, value)| format!("{key}={value}")).collect();
    if pairs.is_empty() { String::new() } else { format!("{} ", pairs.join(",")) }
}
