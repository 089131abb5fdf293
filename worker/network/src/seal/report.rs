use std::net::Ipv4Addr;

/// How the way to other nodes is, for people who look for faults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TunnelReport {
    /// What cannot be had, and why; empty when all is well.
    pub faults: Vec<String>,
    /// The nodes with which packets are exchanged encrypted, by number; empty when no network is encrypted.
    pub sealed: Vec<SealedPeer>,
    /// Datagrams for encrypted networks that came from addresses that are no node's, since the daemon started.
    pub strangers: u64,
    /// Datagrams for encrypted networks that the key of their sender has not sealed, or that came before.
    pub refused: u64,
    /// Packets of encrypted networks that could not be sent.
    pub unsent: u64,
}

/// Another node at the other end of an encrypted way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedPeer {
    /// Its number.
    pub number: u16,
    /// Its address.
    pub address: Ipv4Addr,
    /// Whether there is a session with it: both ends have shaken hands within the last three minutes.
    pub connected: bool,
    /// Whether that session is of both ends' newest keys.
    pub newest: bool,
}
