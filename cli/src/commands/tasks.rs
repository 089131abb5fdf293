//! Tables of tasks, for `service ps` and `stack ps`.

use std::collections::BTreeMap;

use clap::Args;
use skep_rest::{Node, Service, Task};

use crate::client::{Client, Filters, Query};
use crate::failure::Failure;
use crate::output::{
    Listing, ListingFlags, Row, ago, capitalised, ellipsis, image_name, natural, short_id, task_ports,
};

/// Characters of an error in the table.
const ERROR_SHORT: usize = 30;

/// How tasks are shown.
#[derive(Debug, Args)]
pub(crate) struct TaskFlags {
    /// Filter output based on conditions provided, e.g. desired-state=running.
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    #[command(flatten)]
    listing: ListingFlags,
    /// Do not truncate output.
    #[arg(long)]
    no_trunc: bool,
    /// Show ids of services and nodes instead of names.
    #[arg(long)]
    no_resolve: bool,
}

impl TaskFlags {
    /// The filters that were asked for.
    pub(crate) fn filters(&self) -> Result<Filters, Failure> {
        Filters::parse(&self.filter)
    }

    /// Prints the tasks that fit.
    pub(crate) async fn print(&self, client: &Client, filters: &Filters) -> Result<(), Failure> {
        let query = Query::new("/tasks").with_some("filters", filters.json().as_deref());
        let tasks = client.get::<Option<Vec<Task>>>(query.as_str()).await?.unwrap_or_default();
        let names = if self.no_resolve { Names::default() } else { Names::read(client).await? };
        self.listing(tasks, &names).print(&self.listing)
    }

    fn listing(&self, tasks: Vec<Task>, names: &Names) -> Listing {
        Listing {
            columns: &[
                ("ID", "ID"),
                ("NAME", "_Shown"),
                ("IMAGE", "Image"),
                ("NODE", "Node"),
                ("DESIRED STATE", "DesiredState"),
                ("CURRENT STATE", "CurrentState"),
                ("ERROR", "Error"),
                ("PORTS", "Ports"),
            ],
            rows: self.rows(tasks, names),
            identity: "ID",
        }
    }

    fn rows(&self, tasks: Vec<Task>, names: &Names) -> Vec<Row> {
        let mut named: Vec<(String, Task)> =
            tasks.into_iter().map(|task| (names.of_task(&task), task)).collect();
        named.sort_by(|(name, task), (other, than)| {
            natural(name, other).then_with(|| than.created_at.cmp(&task.created_at))
        });
        let mut before = None;
        let mut rows = Vec::new();
        for (name, task) in named {
            let older = before.as_ref() == Some(&name);
            rows.push(self.row(&name, older, &task, names));
            before = Some(name);
        }
        rows
    }

    fn row(&self, name: &str, older: bool, task: &Task, names: &Names) -> Row {
        let status = &task.status;
        let id = if self.no_trunc { task.id.clone() } else { short_id(&task.id) };
        let error = match status.err.as_str() {
            "" => String::new(),
            error if self.no_trunc => format!("\"{error}\""),
            error => format!("\"{}\"", ellipsis(error, ERROR_SHORT)),
        };
        vec![
            ("ID", id),
            ("Name", name.to_owned()),
            ("_Shown", if older { format!(" \\_ {name}") } else { name.to_owned() }),
            ("Image", image_name(&task.spec.container_spec.image)),
            ("Node", names.of_node(&task.node_id)),
            ("DesiredState", capitalised(&task.desired_state)),
            ("CurrentState", current_state(&status.state, &status.timestamp)),
            ("Error", error),
            ("Ports", task_ports(&status.ports())),
        ]
    }
}

/// What became of a task on a node that is lost is not known, so it is not said to have happened.
fn current_state(state: &str, since: &str) -> String {
    let ago = ago(since);
    match state {
        "unknown" => format!("Unknown since {}", ago.trim_end_matches(" ago")),
        state => format!("{} {ago}", capitalised(state)),
    }
}

/// Names of services and nodes by their ids.
#[derive(Debug, Default)]
struct Names {
    services: BTreeMap<String, String>,
    nodes: BTreeMap<String, String>,
}

impl Names {
    async fn read(client: &Client) -> Result<Self, Failure> {
        let services = client.get::<Option<Vec<Service>>>("/services").await?.unwrap_or_default();
        let nodes = client.get::<Option<Vec<Node>>>("/nodes").await?.unwrap_or_default();
        Ok(Self {
            services: services.into_iter().map(|service| (service.id, service.spec.name)).collect(),
            nodes: nodes.into_iter().map(|node| (node.id, node.description.hostname)).collect(),
        })
    }

    fn of_task(&self, task: &Task) -> String {
        let service = self.services.get(&task.service_id).unwrap_or(&task.service_id);
        match task.slot {
            0 => format!("{service}.{}", task.node_id),
            slot => format!("{service}.{slot}"),
        }
    }

    fn of_node(&self, id: &str) -> String {
        self.nodes.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        tasks: TaskFlags,
    }

    fn task(id: &str, slot: u32, created_at: &str, err: &str) -> Task {
        let mut task = Task { id: id.into(), slot, created_at: created_at.into(), ..Task::default() };
        (task.service_id, task.desired_state) = ("s".into(), "running".into());
        (task.status.state, task.status.err) = ("failed".into(), err.into());
        task
    }

    #[test]
    fn older_tasks_of_a_slot_stand_below_the_newest() {
        let line = Line::parse_from(["ps"]);
        let names = Names { services: BTreeMap::from([("s".into(), "web".into())]), ..Names::default() };
        let long = "x".repeat(40);
        let tasks = vec![
            task("a", 10, "1", ""),
            task("old", 2, "1", &long),
            task("new", 2, "2", ""),
            task("b", 1, "1", ""),
        ];
        let rows = line.tasks.rows(tasks, &names);
        let shown: Vec<&str> = rows.iter().map(|row| row[2].1.as_str()).collect();
        assert_eq!(shown, ["web.1", "web.2", " \\_ web.2", "web.10"]);
        assert_eq!(rows[2][7].1, format!("\"{}…\"", "x".repeat(29)));
    }
}
