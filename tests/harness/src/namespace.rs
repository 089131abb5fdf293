use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sched::{CloneFlags, setns};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Two network namespaces joined by a veth pair: a host and a client beside it. They go when this is dropped.
#[derive(Debug)]
pub struct Namespaces {
    host: String,
    client: String,
}

impl Namespaces {
    /// The host's address.
    pub const HOST: &'static str = "10.99.0.2";
    /// The client's address.
    pub const CLIENT: &'static str = "10.99.0.1";

    /// Makes both.
    ///
    /// # Panics
    /// When it cannot: without root's rights, or without the program `ip`.
    pub fn new() -> Self {
        let stem = format!("sk{:x}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let own = Self { host: format!("{stem}h"), client: format!("{stem}c") };
        let (host, client) = (own.host.as_str(), own.client.as_str());
        ip(&["netns", "add", host]);
        ip(&["netns", "add", client]);
        ip(&["-n", host, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", client]);
        for (name, address) in [(host, Self::HOST), (client, Self::CLIENT)] {
            ip(&["-n", name, "address", "add", &format!("{address}/24"), "dev", "eth0"]);
            ip(&["-n", name, "link", "set", "lo", "up"]);
            ip(&["-n", name, "link", "set", "eth0", "up"]);
        }
        ip(&["-n", host, "route", "add", "default", "via", Self::CLIENT]);
        own
    }

    /// The file of the host's namespace.
    pub fn host(&self) -> PathBuf {
        file(&self.host)
    }

    /// The file of the client's namespace.
    pub fn client(&self) -> PathBuf {
        file(&self.client)
    }

    /// Runs `work` inside the namespace of this file, in a thread of its own.
    ///
    /// # Panics
    /// When the namespace is gone, or `work` panics.
    pub fn inside<T: Send>(namespace: &std::path::Path, work: impl FnOnce() -> T + Send) -> T {
        let file = File::open(namespace).expect("the namespace is there");
        std::thread::scope(|scope| {
            let inside = scope.spawn(move || {
                setns(file, CloneFlags::CLONE_NEWNET).expect("the namespace can be entered");
                work()
            });
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Default for Namespaces {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in [&self.host, &self.client] {
            let deleted = Command::new("ip").args(["netns", "delete", name]).output();
            if !deleted.is_ok_and(|output| output.status.success()) {
                eprintln!("the network namespace {name} was not removed");
            }
        }
    }
}

fn file(name: &str) -> PathBuf {
    PathBuf::from("/run/netns").join(name)
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("the program ip is there (iproute2)");
    assert!(
        output.status.success(),
        "ip {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}
