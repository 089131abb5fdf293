//! Host ports held against other processes while they are published.

use std::fs;
use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrIn6, SockaddrStorage, bind, getsockname,
    setsockopt, socket, sockopt,
};
use skep_model::Protocol;

/// `/proc/net/tcp`'s state of a connection that only waits for stray packets.
const TIME_WAIT: &str = "06";

/// A port that nobody else can bind for as long as this lives. Nothing listens on it.
#[derive(Debug)]
pub struct PortHold {
    socket: OwnedFd,
}

impl PortHold {
    /// The port: the one that was asked for, or, for 0, the one that the kernel chose; 0 if it does not tell.
    pub fn port(&self) -> u16 {
        let address = getsockname::<SockaddrStorage>(self.socket.as_raw_fd()).ok();
        let of = |address: &SockaddrStorage| {
            let four = address.as_sockaddr_in().map(SockaddrIn::port);
            four.or_else(|| address.as_sockaddr_in6().map(SockaddrIn6::port))
        };
        address.as_ref().and_then(of).unwrap_or(0)
    }
}

/// A port that somebody else has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("port {port}/{protocol} of this host cannot be published: {}", self.reason())]
pub struct PortInUse {
    /// The transport protocol.
    pub protocol: Protocol,
    /// The address that was asked for; 0.0.0.0 for all of IPv4, :: for all of IPv6.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// Who has it, e.g. `nginx (process 4711)`, when /proc tells.
    pub holder: Option<String>,
    /// The kernel's word.
    pub source: Errno,
}

impl PortInUse {
    fn reason(&self) -> String {
        match &self.holder {
            Some(holder) => format!("{holder} uses it; stop that or publish another port"),
            None if self.source == Errno::EADDRINUSE => "another process uses it".into(),
            None => self.source.to_string(),
        }
    }
}

/// Takes a port of this host, in the address's family alone, in the calling thread's network namespace; for port 0 one that the kernel chooses.
///
/// # Errors
/// When another process has it, or the kernel refuses the address.
pub fn reserve(protocol: Protocol, address: impl Into<IpAddr>, port: u16) -> Result<PortHold, PortInUse> {
    let address = address.into();
    let failure = |source, holder| PortInUse { protocol, address, port, holder, source };
    match bound(protocol, address, port, false) {
        Ok(held) => Ok(held),
        Err(Errno::EADDRINUSE) => {
            let users = users(protocol, port);
            if users.is_empty() && protocol == Protocol::Tcp {
                // Only connections in TIME_WAIT are left of a former server.
                return bound(protocol, address, port, true).map_err(|source| failure(source, None));
            }
            Err(failure(Errno::EADDRINUSE, users.iter().find_map(|inode| process_of(inode))))
        }
        Err(source) => Err(failure(source, None)),
    }
}

fn bound(protocol: Protocol, address: IpAddr, port: u16, reuse: bool) -> Result<PortHold, Errno> {
    let kind = match protocol {
        Protocol::Tcp => SockType::Stream,
        Protocol::Udp => SockType::Datagram,
    };
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let held = socket(family, kind, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&held, sockopt::ReuseAddr, &reuse)?;
    // An address that the host has not (yet) is no fault: nothing arrives there.
    match address {
        IpAddr::V4(address) => {
            setsockopt(&held, sockopt::IpFreebind, &true)?;
            bind(held.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(address, port)))?;
        }
        IpAddr::V6(address) => {
            setsockopt(&held, sockopt::Ipv6V6Only, &true)?;
            setsockopt(&held, sockopt::IpFreebind, &true)?;
            bind(held.as_raw_fd(), &SockaddrIn6::from(SocketAddrV6::new(address, port, 0, 0)))?;
        }
    }
    Ok(PortHold { socket: held })
}

/// The inodes of the sockets that use a port, from the kernel's tables for both families.
fn users(protocol: Protocol, port: u16) -> Vec<String> {
    let wanted = format!(":{port:04X}");
    let mut inodes = Vec::new();
    for family in ["", "6"] {
        let path = format!("/proc/thread-self/net/{protocol}{family}");
        let table = fs::read_to_string(path).unwrap_or_default();
        for line in table.lines().skip(1) {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            if let [_, local, _, state, ..] = fields[..]
                && local.ends_with(&wanted)
                && (protocol == Protocol::Udp || state != TIME_WAIT)
                && let Some(inode) = fields.get(9)
            {
                inodes.push((*inode).to_owned());
            }
        }
    }
    inodes
}

/// The process that has a socket open.
fn process_of(inode: &str) -> Option<String> {
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?;
    for process in processes.flatten() {
        let name = process.file_name();
        let Some(pid) = name.to_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else { continue };
        let has = |entry: fs::DirEntry| {
            fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == wanted.as_str())
        };
        if descriptors.flatten().any(has) {
            let command = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {pid})", command.trim()));
        }
    }
    None
}
