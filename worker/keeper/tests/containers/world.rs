//! A keeper of one's own with a root file system, cleaned up whatever happens.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use skep_keeper::client::{Client, Events, spawn};
use skep_keeper::config::{ContainerConfig, LogConfig, ProcessConfig, RootFs};
use skep_keeper::keeper::Options;
use skep_keeper::log::{LogLine, LogOptions, LogReader, Stream};
use skep_keeper::protocol::{Event, Record};

/// Generous: the machine may be busy with other builds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) client: Client,
    pub(crate) options: Options,
    count: u32,
}

impl World {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        assert!(
            Path::new("/bin/busybox").exists(),
            "these tests need /bin/busybox, static: apt-get install -y busybox-static"
        );
        assert!(rustix::process::geteuid().is_root(), "these tests make containers and need root");
        let dir = tempfile::tempdir().unwrap();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let parent = format!("skep-test/{}-{number}", std::process::id());
        image(&dir.path().join("image"));
        let options =
            Options { socket: dir.path().join("keeper.sock"), pid_file: None, cgroup_parents: vec![parent] };
        let client = start(&options);
        Self { dir, client, options, count: 0 }
    }

    /// A container that runs `args`.
    pub(crate) fn config(&mut self, args: &[&str]) -> ContainerConfig {
        self.count += 1;
        let id = format!("c{}", self.count);
        let home = self.dir.path().join(&id);
        for part in ["upper", "work"] {
            fs::create_dir_all(home.join(part)).unwrap();
        }
        let rootfs = RootFs {
            lower: vec![self.dir.path().join("image")],
            upper: home.join("upper"),
            work: home.join("work"),
            readonly: false,
        };
        let log = LogConfig { path: home.join("log"), size_max_bytes: 0, files_max: 1 };
        let mut config = ContainerConfig::new(id, rootfs, ProcessConfig::new(args.iter().copied()), log);
        config.cgroup_parent = self.options.cgroup_parents[0].clone();
        config
    }

    pub(crate) fn sh(&mut self, script: &str) -> ContainerConfig {
        self.config(&["sh", "-c", script])
    }

    /// Creates and starts.
    pub(crate) fn start(&mut self, config: &ContainerConfig) {
        self.client.create(config).unwrap();
        self.client.start(&config.id).unwrap();
    }

    /// Runs to the end; what the record then says.
    pub(crate) fn run(&mut self, config: &ContainerConfig) -> Record {
        let mut events = self.client.subscribe().unwrap();
        self.start(config);
        exited(&mut events, &config.id)
    }

    /// Runs a script to the end; its exit code and standard output.
    pub(crate) fn output(&mut self, config: &ContainerConfig) -> (i32, String) {
        let record = self.run(config);
        (record.exit_code.unwrap(), text(config, Stream::Stdout))
    }

    /// Every cgroup of this keeper's containers that exists.
    pub(crate) fn cgroups(&self) -> Vec<PathBuf> {
        let hierarchies = fs::read_dir("/sys/fs/cgroup").unwrap().flatten().map(|entry| entry.path());
        let roots = hierarchies.chain(["/sys/fs/cgroup".into()]);
        let parents = roots.map(|root| root.join(&self.options.cgroup_parents[0]));
        parents
            .filter_map(|parent| fs::read_dir(parent).ok())
            .flatten()
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.path())
            .collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The keeper of a failed test may be gone: then a new one cleans up what it left.
        let client = Client::connect(&self.options.socket, PATIENCE);
        let mut client = client.unwrap_or_else(|_| start(&self.options));
        let ended = client.shutdown(true);
        let parent = Path::new(&self.options.cgroup_parents[0]).to_owned();
        let hierarchies = fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
        for root in hierarchies.map(|entry| entry.path()).chain(["/sys/fs/cgroup".into()]) {
            let _ = fs::remove_dir(root.join(&parent));
            let _ = fs::remove_dir(root.join("skep-test"));
        }
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

pub(crate) fn start(options: &Options) -> Client {
    let binary = Path::new(env!("CARGO_BIN_EXE_skep-keeper"));
    let log = options.socket.with_extension("log");
    spawn(binary, options.to_args(), &options.socket, Some(&log), PATIENCE).unwrap()
}

/// A root file system of busybox alone.
fn image(root: &Path) {
    for dir in ["bin", "etc", "root", "data", "tmp"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
    for applet in [
        "sh", "cat", "echo", "ls", "id", "sleep", "true", "false", "mount", "stat", "dd", "head", "touch",
        "hostname", "env", "pwd", "kill", "tty", "stty", "wc", "mkdir", "tail", "grep", "readlink",
        "unshare", "ip",
    ] {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    let passwd = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/srv:/bin/sh\n";
    fs::write(root.join("etc/passwd"), passwd).unwrap();
    fs::write(root.join("etc/group"), "root:x:0:\nwww:x:34:\nlogs:x:40:web\n").unwrap();
    fs::write(root.join("data/file"), "from the image\n").unwrap();
    fs::write(root.join("bin/not-executable"), "x").unwrap();
}

/// Waits for the end of `id`.
pub(crate) fn exited(events: &mut Events, id: &str) -> Record {
    loop {
        let event = events.next_event(Some(PATIENCE)).unwrap().expect("the container has not ended in time");
        if let Event::Exited(record) = event
            && record.id == id
        {
            return record;
        }
    }
}

pub(crate) fn lines(config: &ContainerConfig) -> Vec<LogLine> {
    let mut reader = LogReader::open(&config.log.path, LogOptions::default()).unwrap();
    std::iter::from_fn(|| reader.next_line().unwrap()).collect()
}

/// What a container has written to `stream`.
pub(crate) fn text(config: &ContainerConfig, stream: Stream) -> String {
    let mut text = Vec::new();
    for line in lines(config).into_iter().filter(|line| line.stream == stream) {
        text.extend(line.bytes);
        if !line.partial {
            text.push(b'\n');
        }
    }
    String::from_utf8(text).unwrap()
}

/// Waits until `done` holds.
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
