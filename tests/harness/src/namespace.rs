use std::fs::File;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sched::{CloneFlags, setns};

use crate::switch::Switch;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A host's network namespace and one beside it for a client, joined: by a veth pair, or through a [`Switch`] that several
/// hosts are on. They go when this is dropped.
#[derive(Debug)]
pub struct Namespaces {
    host: String,
    client: String,
    address: Ipv4Addr,
    address6: Ipv6Addr,
    /// False when the client's belongs to a switch.
    owns_client: bool,
}

impl Namespaces {
    /// The host's address, when it is alone.
    pub const HOST: &'static str = "10.99.0.2";
    /// The client's address beside it.
    pub const CLIENT: &'static str = "10.99.0.1";
    /// Their IPv6 addresses.
    pub const HOST6: &'static str = "fd99::2";
    /// The client's.
    pub const CLIENT6: &'static str = "fd99::1";

    /// Makes both, with a veth pair between them.
    ///
    /// # Panics
    /// When it cannot: without root's rights, or without the program `ip`.
    pub fn new() -> Self {
        let stem = stem();
        let address = Self::HOST.parse().expect("an address");
        let address6 = Self::HOST6.parse().expect("an address");
        let (host, client) = (format!("{stem}h"), format!("{stem}c"));
        let own = Self { host, client, address, address6, owns_client: true };
        let (host, client) = (own.host.as_str(), own.client.as_str());
        ip(&["netns", "add", host]);
        ip(&["netns", "add", client]);
        ip(&["-n", host, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", client]);
        for (name, address, six) in [(host, Self::HOST, Self::HOST6), (client, Self::CLIENT, Self::CLIENT6)] {
            ip(&["-n", name, "address", "add", &format!("{address}/24"), "dev", "eth0"]);
            ip6(&["-n", name, "address", "add", &format!("{six}/64"), "dev", "eth0", "nodad"]);
            ip(&["-n", name, "link", "set", "lo", "up"]);
            ip(&["-n", name, "link", "set", "eth0", "up"]);
        }
        ip(&["-n", host, "route", "add", "default", "via", Self::CLIENT]);
        own
    }

    /// A host on a switch; the client is the switch itself.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn on(switch: &Switch, number: u8) -> Self {
        let host = format!("{}h{number}", switch.name());
        let address = switch.address(number);
        ip(&["netns", "add", &host]);
        let port = Switch::port(number);
        ip(&[
            "-n",
            &host,
            "link",
            "add",
            "eth0",
            "type",
            "veth",
            "peer",
            "name",
            &port,
            "netns",
            switch.name(),
        ]);
        ip(&["-n", &host, "address", "add", &format!("{address}/24"), "dev", "eth0"]);
        ip(&["-n", &host, "link", "set", "lo", "up"]);
        ip(&["-n", &host, "link", "set", "eth0", "up"]);
        ip(&["-n", &host, "route", "add", "default", "via", Switch::GATEWAY]);
        let address6 = switch.address6(number);
        ip6(&["-n", &host, "address", "add", &format!("{address6}/64"), "dev", "eth0", "nodad"]);
        ip6(&["-n", &host, "route", "add", "default", "via", Switch::GATEWAY6]);
        ip(&["-n", switch.name(), "link", "set", &port, "master", "br0", "up"]);
        Self { host, client: switch.name().to_owned(), address, address6, owns_client: false }
    }

    /// Gives the host a second link to the switch, `eth1`, with this address: `10.97.0.10/24`.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn second_link(&self, switch: &Switch, number: u8, address: &str) {
        let (host, other, port) = (self.host.as_str(), switch.name(), format!("second{number}"));
        ip(&["-n", host, "link", "add", "eth1", "type", "veth", "peer", "name", &port, "netns", other]);
        ip(&["-n", other, "link", "set", &port, "master", "br0", "up"]);
        ip(&["-n", host, "address", "add", address, "dev", "eth1"]);
        ip(&["-n", host, "link", "set", "eth1", "up"]);
    }

    /// Gives the host's second link another address.
    ///
    /// # Panics
    /// When there is none.
    pub fn readdress_second_link(&self, address: &str) {
        ip(&["-n", &self.host, "address", "flush", "dev", "eth1"]);
        ip(&["-n", &self.host, "address", "add", address, "dev", "eth1"]);
    }

    /// The host's address.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The host's IPv6 address.
    pub fn address6(&self) -> Ipv6Addr {
        self.address6
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
        delete(&self.host);
        if self.owns_client {
            delete(&self.client);
        }
    }
}

fn file(name: &str) -> PathBuf {
    PathBuf::from("/run/netns").join(name)
}

/// The start of names that nobody else uses; links' names have at most 15 letters.
pub(crate) fn stem() -> String {
    format!("sk{:x}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn delete(namespace: &str) {
    let deleted = Command::new("ip").args(["netns", "delete", namespace]).output();
    if !deleted.is_ok_and(|output| output.status.success()) {
        eprintln!("the network namespace {namespace} was not removed");
    }
}

/// The same for IPv6; nothing where the kernel has none.
pub(crate) fn ip6(arguments: &[&str]) {
    if std::path::Path::new("/proc/sys/net/ipv6").exists() {
        ip(arguments);
    }
}

pub(crate) fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("the program ip is there (iproute2)");
    assert!(
        output.status.success(),
        "ip {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}
