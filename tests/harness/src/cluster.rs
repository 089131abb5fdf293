use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::api::Api;
use crate::host::Host;
use crate::loss::{self, Loss};
use crate::switch::Switch;
use crate::wait::{eventually, until};

/// How long one call to an API may take.
const API_PATIENCE: Duration = Duration::from_secs(10);

/// Hosts that are one swarm, joined by a switch. Managers come first; the first one started the swarm.
#[derive(Debug)]
pub struct Cluster {
    // Before the switch: their links end in it.
    hosts: Vec<Host>,
    switch: Switch,
}

impl Cluster {
    /// A swarm of this many managers and workers, all ready.
    ///
    /// # Panics
    /// When a host does not join, or does not become ready.
    pub fn new(managers: u8, workers: u8) -> Self {
        Self::with(managers, workers, |_| ())
    }

    /// The same, where each data directory is a file system of its own, in memory, of so many MiB: for what must not
    /// depend on how full this machine's disk is.
    ///
    /// # Panics
    /// When a host does not join, or does not become ready.
    pub fn with_own_disks(managers: u8, workers: u8, mebibytes: u32) -> Self {
        Self::with(managers, workers, |host| host.limit_disk(mebibytes))
    }

    fn with(managers: u8, workers: u8, prepare: impl Fn(&mut Host)) -> Self {
        let mut own = Self { hosts: Vec::new(), switch: Switch::new() };
        for _ in 0..managers + workers {
            own.add_prepared_host(&prepare);
        }
        own.hosts[0].skep(&["swarm", "init"]).ok();
        for number in 1..managers + workers {
            own.join(number, if number < managers { "manager" } else { "worker" });
        }
        own.until_ready();
        own
    }

    /// One more host whose daemon runs; it is in no swarm.
    ///
    /// # Panics
    /// When its daemon does not start.
    pub fn add_host(&mut self) -> u8 {
        self.add_prepared_host(|_| ())
    }

    fn add_prepared_host(&mut self, prepare: impl Fn(&mut Host)) -> u8 {
        let number = u8::try_from(self.hosts.len()).expect("fewer than 256 hosts");
        let mut host = Host::on(&self.switch, number);
        prepare(&mut host);
        host.start();
        self.hosts.push(host);
        number
    }

    /// Lets a host join as this.
    ///
    /// # Panics
    /// When it does not.
    pub fn join(&self, number: u8, role: &str) {
        let from = if number == 0 { 1 } else { 0 };
        let token = self.host(from).skep(&["swarm", "join-token", "-q", role]).ok();
        let manager = format!("{}:2377", self.host(from).namespaces().address());
        self.host(number).skep(&["swarm", "join", "--token", token.trim(), &manager]).ok();
    }

    /// One host.
    pub fn host(&self, number: u8) -> &Host {
        &self.hosts[usize::from(number)]
    }

    /// One host, to start or stop its daemon.
    pub fn host_mut(&mut self, number: u8) -> &mut Host {
        &mut self.hosts[usize::from(number)]
    }

    /// Does something to all hosts at the same time.
    ///
    /// # Panics
    /// When it does on one of them.
    pub fn each_at_once(&mut self, work: impl Fn(&mut Host) + Sync) {
        std::thread::scope(|scope| {
            for host in &mut self.hosts {
                scope.spawn(|| work(host));
            }
        });
    }

    /// How many hosts there are.
    pub fn len(&self) -> u8 {
        u8::try_from(self.hosts.len()).expect("fewer than 256 hosts")
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// What joins them.
    pub fn switch(&self) -> &Switch {
        &self.switch
    }

    /// Cuts a host off from all others, or joins it again.
    pub fn set_cut(&self, number: u8, cut: bool) {
        self.switch.set_cut(number, cut);
    }

    /// Lets a host hear nobody, or nobody hear it, or heals that.
    pub fn set_loss(&self, number: u8, loss: Loss) {
        loss.apply(&self.host(number).namespaces().host());
    }

    /// Has a host follow these rules (nft's words) for what comes in; none with an empty text.
    pub fn set_rules(&self, number: u8, rules: &str) {
        loss::set_rules(&self.host(number).namespaces().host(), rules);
    }

    /// Has a host's nft do this, in its own words.
    pub fn nft(&self, number: u8, command: &str) {
        loss::nft_inside(&self.host(number).namespaces().host(), command);
    }

    /// A host's API; what does not answer within ten seconds fails.
    pub fn api(&self, number: u8) -> Api {
        Api::new(self.host(number).socket()).with_timeout(API_PATIENCE)
    }

    /// The sockets of these hosts' APIs.
    pub fn sockets(&self, numbers: impl IntoIterator<Item = u8>) -> Vec<PathBuf> {
        numbers.into_iter().map(|number| self.host(number).socket()).collect()
    }

    /// Deploys the stack and service `web` of `skep/whoami` at a manager, and waits until its tasks run.
    ///
    /// # Panics
    /// When it is refused.
    pub fn deploy(&self, asked: u8, replicas: u32) {
        let file = self.host(asked).path("compose.yml");
        let policy = "restart_policy: {delay: 500ms}";
        let text = format!(
            "services: {{web: {{image: skep/whoami, deploy: {{replicas: {replicas}, {policy}}}}}}}\n"
        );
        std::fs::write(&file, text).expect("a compose file");
        let path = file.display().to_string();
        self.host(asked).skep(&["stack", "deploy", "-c", &path, "web"]).ok();
    }

    /// Freezes a host's daemon (SIGSTOP), or lets it go on.
    pub fn set_frozen(&self, number: u8, frozen: bool) {
        let pid = self.host(number).daemon_pid().and_then(|pid| i32::try_from(pid).ok());
        let signal = if frozen { Signal::SIGSTOP } else { Signal::SIGCONT };
        if let Some(pid) = pid {
            kill(Pid::from_raw(pid), signal).expect("the daemon runs");
        }
    }

    /// Which host leads, as one that may be asked says.
    ///
    /// # Panics
    /// When none leads within a minute.
    pub fn leader(&self) -> u8 {
        until("somebody leads", || {
            (0..self.len()).filter(|number| self.host(*number).daemon_pid().is_some()).find_map(|asked| {
                let format = "{{.Hostname}} {{.ManagerStatus}}";
                let listed = self.host(asked).skep(&["node", "ls", "--format", format]);
                let leader = listed.out.lines().find_map(|line| line.strip_suffix(" Leader"))?;
                leader.strip_prefix("host")?.parse().ok()
            })
        })
    }

    /// Waits until every node is ready, and every manager answers; so many hosts are managers, the first ones.
    ///
    /// # Panics
    /// When that does not happen within a minute.
    pub fn until_whole(&self, managers: u8) {
        eventually(|| {
            for asked in 0..managers {
                let listed =
                    self.host(asked).skep(&["node", "ls", "--format", "{{.Status}} {{.ManagerStatus}}"]);
                let count =
                    |wanted: &str| listed.out.lines().filter(|line| line.trim_end() == wanted).count();
                let [leaders, others, workers] =
                    [count("Ready Leader"), count("Ready Reachable"), count("Ready")];
                let whole = [1, usize::from(managers) - 1, self.hosts.len() - usize::from(managers)];
                if [leaders, others, workers] != whole {
                    return Err(format!("host{asked} says {listed:?}"));
                }
            }
            Ok(())
        });
    }

    /// Waits until every node is ready.
    ///
    /// # Panics
    /// When it is not within a minute.
    pub fn until_ready(&self) {
        eventually(|| {
            let listed = self.host(0).skep(&["node", "ls", "--format", "{{.Status}} {{.ManagerStatus}}"]);
            let ready = listed.out.lines().filter(|line| line.starts_with("Ready")).count();
            if listed.code == 0 && ready == usize::from(self.len()) {
                Ok(())
            } else {
                Err(format!("{listed:?}"))
            }
        });
    }
}
