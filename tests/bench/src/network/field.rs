use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use skep_harness::{Api, Cluster, Namespaces, Place, Resolver, Switch};

use super::client::{ask, line};
use crate::patience::{rest, until};

const PAUSE: Duration = Duration::from_millis(20);
/// How long one request may take where nothing is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// The daemons look at what is in the kernel every 20 seconds (`AUDIT_PERIOD` of worker/network), and say what they had to bring
/// back.
const AUDIT_TIME: Duration = Duration::from_secs(25);
const AUDIT_SAYS: [&str; 2] = ["brought back", "cannot be brought back"];

/// Hosts that are one swarm, and how their services are looked at from outside.
#[derive(Debug)]
pub(crate) struct Field {
    // Before the cluster: it is in its namespaces.
    _resolver: Resolver,
    /// The hosts.
    pub(crate) cluster: Cluster,
    /// Hosts that have another address than at first.
    moved: BTreeMap<u8, Ipv4Addr>,
}

impl Field {
    /// A swarm that is ready.
    pub(crate) fn new(managers: u8, workers: u8) -> Self {
        let cluster = Cluster::new(managers, workers);
        Self { _resolver: Resolver::start(&cluster), cluster, moved: BTreeMap::new() }
    }

    /// The client's namespace.
    pub(crate) fn client(&self) -> PathBuf {
        self.cluster.switch().namespace()
    }

    /// A port of a host.
    pub(crate) fn entry(&self, host: u8, port: u16) -> SocketAddr {
        let first = self.cluster.host(host).namespaces().address();
        (self.moved.get(&host).copied().unwrap_or(first), port).into()
    }

    /// Gives a host another address while its daemon is away; what it was reached by before is gone.
    pub(crate) fn move_host(&mut self, host: u8, address: Ipv4Addr) -> Result<()> {
        let namespaces = self.cluster.host(host).namespaces();
        let (name, former) = (namespaces.host(), namespaces.address());
        let name = name.file_name().context("a namespace has a name")?.to_string_lossy().into_owned();
        self.cluster.host_mut(host).kill_daemon();
        for words in [
            format!("address delete {former}/24 dev eth0"),
            format!("address add {address}/24 dev eth0"),
            format!("route replace default via {}", Switch::GATEWAY),
        ] {
            let mut command = Command::new("ip");
            let output = command.args(["-n", &name]).args(words.split(' ')).output()?;
            ensure!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
        }
        self.moved.insert(host, address);
        self.cluster.host_mut(host).start();
        Ok(())
    }

    /// A port of every host.
    pub(crate) fn entries(&self, port: u16) -> Vec<SocketAddr> {
        (0..self.cluster.len()).map(|host| self.entry(host, port)).collect()
    }

    /// A manager's API.
    pub(crate) fn api(&self) -> Api {
        self.cluster.api(0)
    }

    /// Deploys a stack, without waiting.
    pub(crate) fn deploy(&self, stack: &str, compose: &str) -> Result<()> {
        let file = self.cluster.host(0).path(&format!("{stack}.yml"));
        std::fs::write(&file, compose)?;
        let path = file.display().to_string();
        let ran = self.cluster.host(0).skep(&["stack", "deploy", "--detach", "-c", &path, stack]);
        ensure!(ran.code == 0, "deploy {stack}: {ran:?}");
        Ok(())
    }

    /// Waits until a service has a task on each host; one that was moved while a host was away is moved back.
    pub(crate) fn until_spread(&self, service: &str) -> Result<Vec<Place>> {
        let hosts = self.cluster.len();
        let scale = |replicas: u8| {
            let wanted = format!("{service}={replicas}");
            let ran = self.cluster.host(0).skep(&["service", "scale", "--detach", &wanted]);
            ensure!(ran.code == 0, "{ran:?}");
            self.until_running(service, usize::from(replicas))
        };
        until(&format!("{service} is on every host"), PAUSE, || {
            let found = self.until_running(service, usize::from(hosts))?;
            let places: BTreeSet<u8> = found.iter().map(|place| place.host).collect();
            if places.len() == usize::from(hosts) {
                return Ok(Some(found));
            }
            scale(1)?;
            scale(hosts)?;
            Ok(None)
        })
    }

    /// Removes a stack, and waits until none of its containers is left.
    pub(crate) fn remove(&self, stack: &str) -> Result<()> {
        let ran = self.cluster.host(0).skep(&["stack", "rm", stack]);
        ensure!(ran.code == 0, "remove {stack}: {ran:?}");
        until("no container is left", PAUSE, || {
            let left = (0..self.cluster.len()).map(|host| self.cluster.api(host).get("/containers/json"));
            let none = left.collect::<Result<Vec<_>>>()?;
            Ok(none.iter().all(|list| list.as_array().is_some_and(Vec::is_empty)).then_some(()))
        })
    }

    /// Waits until so many tasks of a service run.
    pub(crate) fn until_running(&self, service: &str, count: usize) -> Result<Vec<Place>> {
        until(&format!("{count} tasks of {service} run"), PAUSE, || {
            let found = Place::of_service(&self.cluster, 0, service).unwrap_or_default();
            Ok(Some(found).filter(|found| found.len() == count))
        })
    }

    /// The ids of all tasks that are to run.
    pub(crate) fn tasks(&self) -> Result<Vec<String>> {
        let tasks = self.api().list("/tasks", &json!({ "desired-state": ["running"] }))?;
        let mut ids: Vec<String> =
            tasks.iter().filter_map(|task| Some(task["ID"].as_str()?.to_owned())).collect();
        ids.sort();
        Ok(ids)
    }

    /// Nodes that are not ready, as the manager says.
    pub(crate) fn unready(&self) -> Vec<String> {
        let Ok(Value::Array(nodes)) = self.api().get("/nodes") else { return Vec::new() };
        let unready = nodes.iter().filter(|node| node["Status"]["State"] != "ready");
        unready.map(|node| format!("{} is {}", node["Description"]["Hostname"], node["Status"])).collect()
    }

    /// The virtual address of a service on a network.
    pub(crate) fn virtual_address(&self, service: &str, network: &str) -> Result<Ipv4Addr> {
        let id = self.api().get(&format!("/networks/{network}"))?["Id"].clone();
        let shown = self.api().get(&format!("/services/{service}"))?;
        let all = shown["Endpoint"]["VirtualIPs"].as_array().context("no virtual addresses")?;
        let own = all.iter().find(|one| one["NetworkID"] == id).and_then(|one| one["Addr"].as_str());
        let text = own.and_then(|text| text.split('/').next());
        text.context("no virtual address there")?.parse().context("the virtual address")
    }

    /// Asks once from inside a namespace.
    pub(crate) fn answer(from: &Path, address: SocketAddr) -> Result<String, String> {
        Namespaces::inside(from, || ask(address, PATIENCE)).map_err(|error| format!("{address}: {error}"))
    }

    /// The same: which container answered.
    pub(crate) fn task_at(from: &Path, address: SocketAddr) -> Result<String, String> {
        Ok(line(&Self::answer(from, address)?, "Hostname").to_owned())
    }

    /// How often a daemon had to bring something back so far.
    pub(crate) fn brought_back(&self) -> Vec<String> {
        let all = (0..self.cluster.len()).flat_map(|host| {
            let log = self.cluster.host(host).daemon_log();
            let found = log.lines().filter(|line| AUDIT_SAYS.iter().any(|words| line.contains(words)));
            found.map(|line| format!("host{host}: {line}")).collect::<Vec<_>>()
        });
        all.collect()
    }

    /// Waits until every daemon has looked at the kernel again; what they had to bring back since `before`, and what `skep doctor`
    /// takes for a fault now.
    pub(crate) fn audit_since(&self, before: usize) -> Result<Vec<String>> {
        rest(AUDIT_TIME)?;
        let mut found = self.brought_back().split_off(before);
        let ran = self.cluster.host(0).skep(&["doctor", "--json"]);
        let told: Value = serde_json::from_str(&ran.out).with_context(|| format!("doctor: {ran:?}"))?;
        let findings = told["Findings"].as_array().context("doctor tells no findings")?;
        let faults = findings.iter().filter(|finding| finding["Severity"] == "FAULT");
        found.extend(faults.map(|finding| format!("doctor: {} {}", finding["Place"], finding["Line"])));
        Ok(found)
    }
}
