use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::wait::eventually;

/// Which tasks there are, by their ids: what managers want, and what hosts really run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Census {
    /// Tasks that are to run and are reported as running, in order.
    pub wanted: Vec<String>,
    /// Tasks that have a running container, once for each host that says so, in order.
    pub running: Vec<String>,
}

impl Census {
    /// Asks one manager, and every host whose daemon runs.
    ///
    /// # Errors
    /// When one of them does not answer.
    pub fn take(cluster: &Cluster, asked: u8) -> Result<Self, String> {
        let filters = json!({ "desired-state": ["running"] });
        let tasks = cluster.api(asked).list("/tasks", &filters).map_err(|error| format!("{error:#}"))?;
        let up = tasks.iter().filter(|task| task["Status"]["State"] == "running");
        let mut wanted: Vec<String> = up.filter_map(|task| Some(task["ID"].as_str()?.to_owned())).collect();
        wanted.sort();
        let mut running = Vec::new();
        for number in (0..cluster.len()).filter(|number| cluster.host(*number).daemon_pid().is_some()) {
            let listed = cluster.api(number).get("/containers/json").map_err(|error| format!("{error:#}"))?;
            running.extend(listed.as_array().into_iter().flatten().filter_map(task_of));
        }
        running.sort();
        Ok(Self { wanted, running })
    }

    /// Waits until so many tasks are wanted and exactly these run, each once.
    ///
    /// # Panics
    /// With the difference, when that does not happen.
    pub fn until_as_wanted(cluster: &Cluster, asked: u8, count: usize) -> Self {
        let mut last = None;
        eventually(|| {
            let census = Self::take(cluster, asked)?;
            if census.wanted.len() == count && census.running == census.wanted {
                last = Some(census);
                return Ok(());
            }
            Err(format!("{count} are to run: {census:#?}"))
        });
        last.expect("it was seen")
    }
}

/// The task of a container, whose name is `/service.slot.task`.
fn task_of(container: &Value) -> Option<String> {
    let name = container["Names"][0].as_str()?;
    Some(name.rsplit('.').next().unwrap_or(name).to_owned())
}
