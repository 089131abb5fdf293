use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use crate::namespace::{delete, ip, ip6, stem};

/// A network namespace with a bridge that hosts are joined by; clients are on it, too. It goes when this is dropped.
#[derive(Debug)]
pub struct Switch {
    name: String,
}

impl Switch {
    /// The switch's own address.
    pub const GATEWAY: &'static str = "10.98.0.1";
    /// Its IPv6 address.
    pub const GATEWAY6: &'static str = "fd98::1";

    /// Makes it, without hosts.
    ///
    /// # Panics
    /// When it cannot.
    pub fn new() -> Self {
        let own = Self { name: format!("{}s", stem()) };
        let name = own.name.as_str();
        ip(&["netns", "add", name]);
        ip(&["-n", name, "link", "set", "lo", "up"]);
        ip(&["-n", name, "link", "add", "br0", "type", "bridge"]);
        ip(&["-n", name, "address", "add", &format!("{}/24", Self::GATEWAY), "dev", "br0"]);
        ip(&["-n", name, "link", "set", "br0", "up"]);
        ip6(&["-n", name, "address", "add", &format!("{}/64", Self::GATEWAY6), "dev", "br0", "nodad"]);
        own
    }

    /// Cuts a host off from all others, or joins it again.
    pub fn set_cut(&self, number: u8, cut: bool) {
        let state = if cut { "down" } else { "up" };
        ip(&["-n", &self.name, "link", "set", &Self::port(number), state]);
    }

    /// Sets how big the packets to a host may be, in bytes.
    pub fn set_mtu(&self, number: u8, mtu: u32) {
        ip(&["-n", &self.name, "link", "set", &Self::port(number), "mtu", &mtu.to_string()]);
    }

    /// Gives it one more address.
    pub(crate) fn add_address(&self, address: Ipv4Addr) {
        ip(&["-n", &self.name, "address", "add", &format!("{address}/32"), "dev", "br0"]);
    }

    /// The file of its namespace.
    pub fn namespace(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn address(&self, number: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 98, 0, 10 + number)
    }

    pub(crate) fn address6(&self, number: u8) -> Ipv6Addr {
        Ipv6Addr::new(0xfd98, 0, 0, 0, 0, 0, 0, 10 + u16::from(number))
    }

    pub(crate) fn port(number: u8) -> String {
        format!("port{number}")
    }
}

impl Default for Switch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        delete(&self.name);
    }
}
