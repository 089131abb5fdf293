use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, sethostname};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::binary::skep_binary;
use crate::http::{Answer, Connection};
use crate::leftovers;
use crate::namespace::Namespaces;
use crate::small_disk::SmallDisk;
use crate::switch::Switch;
use crate::wait::{eventually, until};

/// A host with a daemon of its own: namespaces, directories, processes. All of it goes when this is dropped.
#[derive(Debug)]
pub struct Host {
    namespaces: Namespaces,
    name: String,
    directory: TempDir,
    daemon: Option<Child>,
    small_disk: Option<SmallDisk>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it wrote to its standard output.
    pub out: String,
    /// What it wrote to its standard error.
    pub err: String,
}

impl Ran {
    /// What it wrote, when it succeeded.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.out, self.err);
        self.out
    }

    /// What it complained about, when it failed.
    ///
    /// # Panics
    /// When it succeeded.
    #[track_caller]
    pub fn failed(self) -> String {
        assert_ne!(self.code, 0, "stdout: {}\nstderr: {}", self.out, self.err);
        self.err
    }
}

impl Host {
    /// A host whose daemon does not run yet.
    ///
    /// # Panics
    /// When namespaces or directories cannot be made.
    pub fn new() -> Self {
        Self::inside(Namespaces::new(), "host")
    }

    /// One of several hosts on a switch, named `host<number>`; its daemon does not run yet.
    ///
    /// # Panics
    /// When namespaces or directories cannot be made.
    pub fn on(switch: &Switch, number: u8) -> Self {
        Self::inside(Namespaces::on(switch, number), &format!("host{number}"))
    }

    fn inside(namespaces: Namespaces, name: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("skep-host-").tempdir().expect("a directory");
        Self { namespaces, name: name.to_owned(), directory, daemon: None, small_disk: None }
    }

    /// A host whose daemon runs.
    pub fn started() -> Self {
        let mut host = Self::new();
        host.start();
        host
    }

    /// Gives the daemon's data directory a file system of its own with so many MiB, before the daemon is started.
    ///
    /// # Panics
    /// When it cannot be mounted.
    pub fn limit_disk(&mut self, mebibytes: u32) {
        self.small_disk = Some(SmallDisk::mount(&self.path("data"), mebibytes));
    }

    /// Starts the daemon and waits until it answers.
    ///
    /// # Panics
    /// When it ends instead.
    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.path("daemon.log")).expect("a log");
        let mut command = self.command();
        command.args(["daemon", "-D"]).stderr(log).stdout(Stdio::null()).stdin(Stdio::null());
        self.daemon = Some(command.spawn().expect("the daemon starts"));
        until("the daemon answers", || {
            let ended = self.daemon.as_mut().and_then(|daemon| daemon.try_wait().ok().flatten());
            assert!(ended.is_none(), "the daemon ended: {ended:?}\n{}", self.daemon_log());
            (self.skep(&["version"]).code == 0).then_some(())
        });
    }

    /// Kills the daemon with SIGKILL; containers run on.
    pub fn kill_daemon(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            drop(daemon.kill());
            drop(daemon.wait());
        }
    }

    /// Kills all that runs on this host with SIGKILL, as if its power failed: daemon, keeper, containers. Control groups
    /// and files stay until the daemon is started again.
    ///
    /// # Panics
    /// When something runs on.
    pub fn kill_everything(&mut self) {
        self.kill_daemon();
        let (directory, instance) = (self.directory.path(), self.instance());
        until("everything is dead", || {
            let mut alive = leftovers::processes(directory);
            alive.extend(
                leftovers::cgroups(&instance).iter().flat_map(|group| leftovers::cgroup_processes(group)),
            );
            alive.iter().for_each(|pid| signal(*pid, Signal::SIGKILL));
            alive.is_empty().then_some(())
        });
    }

    /// Asks the daemon to end, and waits until it has.
    ///
    /// # Panics
    /// When it does not.
    pub fn stop_daemon(&mut self) {
        let Some(mut daemon) = self.daemon.take() else { return };
        signal(i32::try_from(daemon.id()).unwrap_or_default(), Signal::SIGTERM);
        until("the daemon ends", || daemon.try_wait().ok().flatten());
    }

    /// Asks a daemon that `skep up` started to end, and waits until it has.
    ///
    /// # Panics
    /// When there is none, or it does not end.
    pub fn stop_started_daemon(&self) {
        let text = std::fs::read_to_string(self.path("run/skep.pid")).expect("the daemon has a pid file");
        signal(text.trim().parse().expect("a process id"), Signal::SIGTERM);
        until("the daemon ends", || (!self.path("run/skep.pid").exists()).then_some(()));
    }

    /// The daemon's process id.
    pub fn daemon_pid(&self) -> Option<u32> {
        self.daemon.as_ref().map(Child::id)
    }

    /// The keeper's process id.
    pub fn keeper_pid(&self) -> Option<u32> {
        std::fs::read_to_string(self.path("run/keeper.pid")).ok()?.trim().parse().ok()
    }

    /// Runs `skep` on this host.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn skep(&self, arguments: &[&str]) -> Ran {
        ran(&self.command().args(arguments).stdin(Stdio::null()).output().expect("skep runs"))
    }

    /// Runs `skep` on this host with this as its standard input.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn skep_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let file = self.path("input");
        std::fs::write(&file, input).expect("a file");
        let file = File::open(file).expect("the file");
        let output = self.command().args(arguments).stdin(file).output().expect("skep runs");
        ran(&output)
    }

    /// `skep` on this host, to be started by the caller. Its daemon has this host's directories.
    pub fn command(&self) -> Command {
        let mut command = Command::new(skep_binary());
        command.env("SKEP_HOST", format!("unix://{}", self.socket().display()));
        command.env("SKEP_DATA_ROOT", self.path("data"));
        command.env("SKEP_EXEC_ROOT", self.path("run"));
        let namespace = File::open(self.namespaces.host()).expect("the namespace is there");
        enter(&mut command, namespace, self.name.clone());
        command
    }

    /// The API's socket.
    pub fn socket(&self) -> PathBuf {
        self.path("run/skep.sock")
    }

    /// A path below the host's directory: `data`, `run`, `daemon.log`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What the daemon logged.
    pub fn daemon_log(&self) -> String {
        std::fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    /// The host's and the client's namespaces.
    pub fn namespaces(&self) -> &Namespaces {
        &self.namespaces
    }

    /// Connects to a port of the host from the client beside it.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn connect(&self, port: u16) -> std::io::Result<Connection> {
        let address: SocketAddr = (self.namespaces.address(), port).into();
        Connection::open(&self.namespaces.client(), address)
    }

    /// One request on a connection of its own, from the client beside the host.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn get(&self, port: u16, path: &str) -> std::io::Result<Answer> {
        self.connect(port)?.get(path)
    }

    /// What is there of containers and their network: empty on a host that was left.
    pub fn leftovers(&self) -> Vec<String> {
        let own = self.daemon.as_ref().and_then(|daemon| i32::try_from(daemon.id()).ok());
        let processes = leftovers::processes(self.directory.path());
        let mut found: Vec<String> = processes
            .iter()
            .filter(|&&pid| Some(pid) != own)
            .map(|pid| format!("process {pid}: {}", command_line(*pid)))
            .collect();
        found.extend(leftovers::mounts(self.directory.path()));
        let groups = leftovers::cgroups(&self.instance());
        found.extend(groups.iter().map(|path| format!("cgroup {}", path.display())));
        let namespace = self.namespaces.host();
        let name = namespace.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.extend(leftovers::network(&name));
        found.extend(leftovers::files(&self.path("data/containers")));
        found
    }

    /// Waits until nothing is left.
    ///
    /// # Panics
    /// With what is.
    pub fn assert_clean(&self) {
        eventually(|| {
            let left = self.leftovers();
            if left.is_empty() { Ok(()) } else { Err(format!("left over: {left:#?}\n{}", self.daemon_log())) }
        });
    }

    /// The name of this daemon's cgroups, as node/src/places.rs makes it.
    fn instance(&self) -> String {
        let text = format!("{} {}", self.path("data").display(), self.path("run").display());
        Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    fn clean_up(&mut self) {
        self.kill_daemon();
        // The keeper kills its containers when it is asked to end.
        for pid in leftovers::processes(self.directory.path()) {
            signal(pid, Signal::SIGTERM);
        }
        for _ in 0..200 {
            if leftovers::processes(self.directory.path()).is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        for pid in leftovers::processes(self.directory.path()) {
            signal(pid, Signal::SIGKILL);
        }
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.daemon_log());
        }
        self.clean_up();
        leftovers::unmount(self.directory.path());
        self.small_disk = None;
        // Of a host that was killed with everything, nobody else removes them.
        leftovers::remove_cgroups(&self.instance());
    }
}

#[expect(unsafe_code, reason = "a hook between fork and exec")]
fn enter(command: &mut Command, namespace: File, name: String) {
    // SAFETY: between fork and exec only system calls are made, which is safe there; what they take lives in the closure.
    unsafe {
        command.pre_exec(move || {
            setns(&namespace, CloneFlags::CLONE_NEWNET)?;
            unshare(CloneFlags::CLONE_NEWUTS)?;
            Ok(sethostname(&name)?)
        });
    }
}

fn ran(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

fn command_line(pid: i32) -> String {
    let line = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

fn signal(pid: i32, signal: Signal) {
    // It may have ended by itself.
    let _ = kill(Pid::from_raw(pid), signal);
}
