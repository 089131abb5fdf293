//! Which TCP ports are listened on in a network namespace, asked of the kernel (`NETLINK_SOCK_DIAG`, sock_diag(7)).

use std::collections::BTreeSet;
use std::os::fd::AsFd;

use crate::netlink::{Message, NetlinkSocket};
use crate::{Result, in_namespace};

/// `SOCK_DIAG_BY_FAMILY` of linux/sock_diag.h.
const BY_FAMILY: u16 = 20;
/// `AF_INET`, `AF_INET6`: a server on `[::]` takes IPv4 connections, too.
const FAMILIES: [u8; 2] = [2, 10];
/// `IPPROTO_TCP`.
const TCP: u8 = 6;
/// The bit of `TCP_LISTEN`, state 10 of include/net/tcp_states.h.
const LISTENING: u32 = 1 << 10;
/// `struct inet_diag_req_v2`: the kernel wants all of it; ports, addresses and interface stay zero, which is any.
const REQUEST_BYTES: usize = 56;
/// Where `struct inet_diag_msg` has the own port, in network order.
const SOURCE_PORT: std::ops::Range<usize> = 4..6;

/// Asks in one namespace, as often as is wanted: a question costs some 10 µs.
#[derive(Debug)]
pub struct Listeners {
    socket: NetlinkSocket,
}

impl Listeners {
    /// Opens a socket in the namespace.
    ///
    /// # Errors
    /// When the namespace cannot be entered, or the kernel has no such sockets.
    pub async fn open(namespace: impl AsFd + Send + 'static) -> Result<Self> {
        Ok(Self { socket: in_namespace(namespace, NetlinkSocket::diagnosis).await?? })
    }

    /// The ports on which a server listens, at whichever address.
    ///
    /// # Errors
    /// When the kernel does not tell (it was built without `CONFIG_INET_DIAG`).
    pub fn ports(&mut self) -> Result<BTreeSet<u16>> {
        let mut ports = BTreeSet::new();
        for family in FAMILIES {
            let mut request = [0; REQUEST_BYTES];
            (request[0], request[1]) = (family, TCP);
            request[4..8].copy_from_slice(&LISTENING.to_ne_bytes());
            let message = Message::new(BY_FAMILY, 0, &request, "list the listening sockets");
            let found = self.socket.dump(message)?;
            let port = |body: &Vec<u8>| body.get(SOURCE_PORT)?.try_into().ok().map(u16::from_be_bytes);
            ports.extend(found.iter().filter_map(port));
        }
        Ok(ports)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

    use super::*;
    use crate::lab::{fresh_namespace, inside};

    #[tokio::test]
    async fn servers_of_the_namespace_are_seen_and_no_others() {
        let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let namespace = fresh_namespace();
        let mut listeners = Listeners::open(namespace.try_clone().unwrap()).await.unwrap();
        assert_eq!(listeners.ports().unwrap(), BTreeSet::new(), "{elsewhere:?} is in another namespace");
        let four = inside(&namespace, || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 80)).unwrap());
        let six = inside(&namespace, || TcpListener::bind((Ipv6Addr::UNSPECIFIED, 8080)).unwrap());
        assert_eq!(listeners.ports().unwrap(), BTreeSet::from([80, 8080]));
        drop((four, six));
        assert_eq!(listeners.ports().unwrap(), BTreeSet::new());
    }
}
