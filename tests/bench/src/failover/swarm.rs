use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use skep_harness::{Api, Record, Switch};

use super::machine::Machine;
use crate::image;
use crate::patience::until;

/// How many hosts are managers, and how many are not.
pub(crate) const MANAGERS: u8 = 3;
const WORKERS: u8 = 2;
/// A call that takes longer is given up: the manager that is asked may be frozen or may wait for one that is dead.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);
/// How much of a log is shown when something fails.
const LOG_LINES: usize = 60;

/// Three managers and two workers; all it needs of them is their APIs.
#[derive(Debug)]
pub(crate) struct Swarm {
    name: &'static str,
    // Before the switch: their links end in it.
    hosts: Vec<Box<dyn Machine>>,
    _switch: Switch,
}

impl Swarm {
    /// Starts the hosts that `make` makes, joins them and gives them the image.
    pub(crate) fn start(
        name: &'static str,
        make: impl Fn(&Switch, u8) -> Result<Box<dyn Machine>>,
    ) -> Result<Self> {
        let switch = Switch::new();
        let mut hosts = Vec::new();
        for number in 0..MANAGERS + WORKERS {
            let mut host = make(&switch, number)?;
            host.start()?;
            image::import(&Api::new(host.socket()))?;
            hosts.push(host);
        }
        let own = Self { name, hosts, _switch: switch };
        own.join_all()?;
        own.until_whole()?;
        Ok(own)
    }

    fn join_all(&self) -> Result<()> {
        let listen = |host: &dyn Machine| json!({ "ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": format!("{}:2377", host.address()) });
        let first = Api::new(self.host(0).socket());
        first.post("/swarm/init", &listen(self.host(0)))?;
        let tokens = first.get("/swarm")?["JoinTokens"].clone();
        for number in 1..MANAGERS + WORKERS {
            let host = self.host(number);
            let mut join = listen(host);
            join["RemoteAddrs"] = json!([format!("{}:2377", self.host(0).address())]);
            join["JoinToken"] = tokens[if number < MANAGERS { "Manager" } else { "Worker" }].clone();
            Api::new(host.socket()).post("/swarm/join", &join)?;
        }
        Ok(())
    }

    /// Whose it is.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// One host.
    pub(crate) fn host(&self, number: u8) -> &dyn Machine {
        &*self.hosts[usize::from(number)]
    }

    /// One host, to start or kill it.
    pub(crate) fn host_mut(&mut self, number: u8) -> &mut dyn Machine {
        &mut *self.hosts[usize::from(number)]
    }

    /// The managers' sockets.
    pub(crate) fn sockets(&self) -> Vec<PathBuf> {
        (0..MANAGERS).map(|number| self.host(number).socket()).collect()
    }

    /// One host's API, with little patience.
    pub(crate) fn api(&self, number: u8) -> Api {
        Api::new(self.host(number).socket()).with_timeout(PATIENCE)
    }

    /// Waits until a manager of these says who leads.
    pub(crate) fn leader_seen_by(&self, asked: &[u8]) -> Result<u8> {
        until("somebody leads", PAUSE, || Ok(asked.iter().find_map(|number| self.leader_by(*number))))
    }

    /// Waits until any manager says who leads.
    pub(crate) fn leader(&self) -> Result<u8> {
        self.leader_seen_by(&Vec::from_iter(0..MANAGERS))
    }

    fn leader_by(&self, asked: u8) -> Option<u8> {
        let nodes = self.api(asked).get("/nodes").ok()?;
        let leader = nodes.as_array()?.iter().find(|node| node["ManagerStatus"]["Leader"] == true)?;
        leader["Description"]["Hostname"].as_str()?.strip_prefix("host")?.parse().ok()
    }

    /// Waits until every manager says that all are there.
    pub(crate) fn until_whole(&self) -> Result<()> {
        until("all nodes are ready", PAUSE, || {
            Ok((0..MANAGERS).all(|asked| self.is_whole(asked)).then_some(()))
        })
    }

    /// What a manager says of nodes that are not ready, or that it does not answer.
    pub(crate) fn unready(&self, asked: u8) -> Vec<String> {
        let nodes = match self.api(asked).get("/nodes") {
            Ok(nodes) => nodes,
            Err(error) => return vec![format!("host{asked} does not answer: {error:#}")],
        };
        let all = nodes.as_array().map_or(&[][..], Vec::as_slice);
        let unready = all.iter().filter(|node| node["Status"]["State"] != "ready");
        let shown = |node: &Value| {
            format!("host{asked} says {} of {}", node["Status"], node["Description"]["Hostname"])
        };
        unready.map(shown).collect()
    }

    fn is_whole(&self, asked: u8) -> bool {
        let nodes = self.api(asked).get("/nodes").unwrap_or_default();
        let nodes = nodes.as_array().map_or(&[][..], Vec::as_slice);
        let ready = nodes.iter().filter(|node| node["Status"]["State"] == "ready").count();
        let reachable = |node: &&Value| node["ManagerStatus"]["Reachability"] == "reachable";
        let managers = nodes.iter().filter(reachable).count();
        ready == usize::from(MANAGERS + WORKERS) && managers == usize::from(MANAGERS)
    }

    /// The id of the node that a host is.
    pub(crate) fn node_id(&self, number: u8) -> Result<String> {
        let nodes = self.api(0).get("/nodes")?;
        let own = format!("host{number}");
        let mut nodes = nodes.as_array().into_iter().flatten();
        let found = nodes.find(|node| node["Description"]["Hostname"] == own.as_str());
        found.and_then(|node| Some(node["ID"].as_str()?.to_owned())).context("the host is no node")
    }

    /// Tasks that run and are to run, each with its node, as the first manager that knows says.
    pub(crate) fn running(&self) -> BTreeSet<(String, String)> {
        let filters = json!({ "desired-state": ["running"] });
        let listed = (0..MANAGERS).find_map(|asked| self.api(asked).list("/tasks", &filters).ok());
        let running = listed.into_iter().flatten().filter(|task| task["Status"]["State"] == "running");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        running.filter_map(|task| Some((text(&task["ID"])?, text(&task["NodeID"])?))).collect()
    }

    /// Waits until so many run.
    pub(crate) fn until_running(&self, count: usize) -> Result<BTreeSet<(String, String)>> {
        until(&format!("{count} tasks run"), PAUSE, || {
            Ok(Some(self.running()).filter(|running| running.len() == count))
        })
    }

    /// What is wrong with a client's writes, at any manager.
    pub(crate) fn faults(&self, record: &Record) -> Vec<String> {
        let check = |asked: u8| {
            let api = Api::new(self.host(asked).socket());
            let wrong = record.check(&api).err()?;
            Some(format!("{} host{asked}: {wrong:#}", self.name))
        };
        (0..MANAGERS).filter_map(check).collect()
    }

    /// Shows the end of what every daemon said.
    pub(crate) fn print_logs(&self) {
        for (number, host) in self.hosts.iter().enumerate() {
            let log = host.log();
            let lines: Vec<&str> = log.lines().collect();
            let end = &lines[lines.len().saturating_sub(LOG_LINES)..];
            eprintln!("--- {} host{number}\n{}", self.name, end.join("\n"));
        }
    }
}
