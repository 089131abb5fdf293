//! A container's DNS sockets, made in its namespace.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

use super::RESOLVER;
use crate::family::Family;
use crate::netlink::NetlinkSocket;
use crate::nft::{Base, Batch, Expression, Hook, MetaKey, Register, Table};
use crate::{NetworkError, Result};

const TABLE: Table = Table { family: Family::V4, name: "skep" };
const CHAIN: &str = "resolver";

/// Opens a UDP and a TCP socket at free ports and leads port 53 of 127.0.0.11 to them; to be called in the namespace.
///
/// They do not take port 53 itself, or the container could not bind 0.0.0.0:53.
pub(crate) fn open_listener(container: &str) -> Result<Vec<OwnedFd>> {
    let failure = |source| NetworkError::Listener { container: container.to_owned(), source };
    let (udp, tcp) = bind().map_err(failure)?;
    let port = |address: io::Result<SocketAddr>| address.map(|address| address.port()).map_err(failure);
    let mut batch = Batch::new(TABLE);
    batch.table();
    batch.chain(CHAIN, Some(Hook { kind: "nat", number: 3, priority: -100 }));
    batch.flush_chain(CHAIN);
    redirect(&mut batch, 17, port(udp.local_addr())?);
    redirect(&mut batch, 6, port(tcp.local_addr())?);
    batch.commit(&mut NetlinkSocket::netfilter()?)?;
    Ok(vec![udp.into(), tcp.into()])
}

fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let udp = UdpSocket::bind((RESOLVER, 0))?;
    let tcp = TcpListener::bind((RESOLVER, 0))?;
    udp.set_nonblocking(true)?;
    tcp.set_nonblocking(true)?;
    Ok((udp, tcp))
}

fn redirect(batch: &mut Batch, protocol: u8, port: u16) {
    let (first, second) = (Register(0), Register(1));
    let is = |value: &[u8]| Expression::Compare { from: first, equal: true, value: value.to_vec() };
    batch.rule(
        CHAIN,
        &[
            Expression::Payload { base: Base::Network, offset: 16, length: 4, to: first },
            is(&RESOLVER.octets()),
            Expression::Meta { key: MetaKey::Layer4, to: first },
            is(&[protocol]),
            Expression::Payload { base: Base::Transport, offset: 2, length: 2, to: first },
            is(&53_u16.to_be_bytes()),
            Expression::Immediate { to: first, value: RESOLVER.octets().to_vec() },
            Expression::Immediate { to: second, value: port.to_be_bytes().to_vec() },
            Expression::Dnat { address: first, port: Some(second) },
        ],
    );
}
