//! The sockets that probes are sent from, in the calling thread's network namespace.

#![expect(unsafe_code, reason = "some options of sockets have no safe wrapper")]

use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockProtocol, SockType, SockaddrIn, bind, setsockopt, socket, sockopt,
};
use skep_model::limits::PROBE_PORT;

use crate::host::tunnel::{Kind, Number};
use crate::{NetworkError, Result};

/// `IP_PMTUDISC_PROBE`: packets are not cut, however big the kernel believes the way to be.
const PROBE: i32 = 3;
/// `SOL_RAW`, and its option for which kinds of ICMP are not wanted.
const RAW: i32 = 255;
const ICMP_FILTER: i32 = 1;

/// A socket within the tunnel, at this node's address there.
pub(crate) fn open_probe_socket(own: Number) -> Result<UdpSocket> {
    let failure =
        |source| NetworkError::Netlink { action: "open the socket for probes of the tunnel", source };
    let open = || {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let opened = socket(AddressFamily::Inet, SockType::Datagram, flags, None)?;
        // One that has just been closed may not be gone yet.
        setsockopt(&opened, sockopt::ReuseAddr, &true)?;
        setsockopt(&opened, sockopt::BindToDevice, &Kind::Plain.name().into())?;
        set(&opened, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, PROBE)?;
        let [a, b, c, d] = own.hop().octets();
        bind(opened.as_raw_fd(), &SockaddrIn::new(a, b, c, d, PROBE_PORT))?;
        Ok(opened)
    };
    Ok(open().map_err(failure)?.into())
}

/// A socket for ICMP echoes outside the tunnel, from this node's address for others. It is no UDP socket, but is used as one:
/// whole packets come and go.
pub(crate) fn open_echo_socket(own: Ipv4Addr) -> Result<UdpSocket> {
    let failure = |source| NetworkError::Netlink { action: "open the socket for ICMP echoes", source };
    let open = || {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let opened = socket(AddressFamily::Inet, SockType::Raw, flags, SockProtocol::Icmp)?;
        // All kinds but echo replies, which are kind 0.
        set(&opened, RAW, ICMP_FILTER, !1)?;
        let [a, b, c, d] = own.octets();
        bind(opened.as_raw_fd(), &SockaddrIn::new(a, b, c, d, 0))?;
        Ok(opened)
    };
    Ok(open().map_err(failure)?.into())
}

/// Whether datagrams that are sent from now on have a UDP checksum.
pub(super) fn set_checksum(socket: &impl AsFd, wanted: bool) -> nix::Result<()> {
    set(socket, libc::SOL_SOCKET, libc::SO_NO_CHECK, i32::from(!wanted))
}

fn set(socket: &impl AsFd, level: i32, name: i32, value: i32) -> nix::Result<()> {
    let length = libc::socklen_t::try_from(size_of_val(&value)).map_err(|_| Errno::EINVAL)?;
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: the pointer is to a value of that length, which lives through the call; the kernel only reads it.
    let done = unsafe { libc::setsockopt(descriptor, level, name, (&raw const value).cast(), length) };
    Errno::result(done).map(drop)
}
