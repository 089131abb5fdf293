use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ruleset;
use super::services::Plan;
use super::tunnel::{Entry, Kind, Tunnel};
use super::{Host, links};
use crate::Result;
use crate::family::Family;
use crate::nft::{elements, table_there};

/// What of ours is in the kernel, for tests and for people who look for faults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Whether the nft table is there.
    pub table: bool,
    /// Our links on this host, sorted.
    pub links: Vec<String>,
    /// The virtual addresses and published ports that lead somewhere or are refused, sorted.
    pub leads: Vec<String>,
    /// Whether there is an end of the tunnel to other nodes.
    pub tunnel: bool,
    /// The other nodes that the tunnel leads to, sorted: their numbers and addresses.
    pub peers: Vec<(u16, Ipv4Addr)>,
    /// The numbers of the nodes to which replies are led back by a routing rule, sorted.
    pub rules: Vec<u16>,
    /// The addresses of tasks on other nodes that have a route by the tunnel, sorted.
    pub remote: Vec<Ipv4Addr>,
    /// Their IPv6 addresses, sorted.
    pub remote6: Vec<Ipv6Addr>,
    /// Whether there is a link for encrypted networks.
    pub sealed_link: bool,
    /// The addresses of tasks on other nodes that have a route by that link, sorted.
    pub sealed: Vec<Ipv4Addr>,
}

impl Host {
    /// What of ours is in the kernel.
    pub(crate) fn observed(&mut self) -> Result<Observed> {
        let name = ruleset::table(Family::V4);
        let table = table_there(&mut self.filter, name)?;
        let mut links: Vec<_> = links::ours(&mut self.route)?.into_iter().map(|link| link.name).collect();
        let mut leads = Vec::new();
        if table {
            let plan =
                Plan::left(Family::V4, |set| elements(&mut self.filter, name, set).unwrap_or_default());
            leads.extend(plan.keys().map(|key| key.to_string()));
        }
        leads.sort();
        links.sort();
        // Asked anew: what we believe to be there is not the question.
        let [mut tunnel, mut sealed] = Kind::ALL.map(Tunnel::new);
        tunnel.look(&mut self.route)?;
        sealed.look(&mut self.route)?;
        let mut seen = Observed {
            table,
            links,
            leads,
            tunnel: tunnel.device().is_some(),
            sealed_link: sealed.device().is_some(),
            sealed: sealed.entries().iter().filter_map(Entry::destination).filter_map(ipv4).collect(),
            ..Observed::default()
        };
        for entry in tunnel.entries() {
            match entry {
                Entry::Forward(number, address) => seen.peers.push((number.value(), *address)),
                Entry::Rule(Family::V4, number) => seen.rules.push(number.value()),
                entry => match entry.destination() {
                    Some(IpAddr::V4(address)) => seen.remote.push(address),
                    Some(IpAddr::V6(address)) => seen.remote6.push(address),
                    None => {}
                },
            }
        }
        Ok(seen)
    }
}

fn ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}
