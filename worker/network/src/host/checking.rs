//! What `skep doctor` needs of the host.

use std::net::{IpAddr, Ipv4Addr};

use skep_model::{Check, Finding, Protocol};

use super::Host;
use super::ruleset::{install, table};
use super::services::Key;
use super::tunnel::{Device, End, Kind, Number, Outer};
use crate::family::Family;
use crate::netlink::NetlinkSocket;
use crate::nft::Batch;
use crate::sysctl::has_ipv6;
use crate::{Result, reserve};

/// The biggest packet of the link that is made on trial.
const MTU_BYTES: u32 = 1450;

/// A TCP port of this host that leads to tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// The service's name.
    pub(crate) service: String,
    /// The host's address to ask.
    pub(crate) address: IpAddr,
    /// The port there.
    pub(crate) port: u16,
    /// The port in the task.
    pub(crate) target: u16,
}

impl Host {
    /// The TCP ports of services that lead to a task.
    pub(crate) fn published(&self) -> Vec<Published> {
        let mut found = Vec::new();
        for service in &self.table.services {
            for port in service.published.iter().filter(|port| port.protocol == Protocol::Tcp) {
                let address = port.address.unwrap_or(Ipv4Addr::LOCALHOST.into());
                // One that is open on an address of other nodes alone is not to be asked here.
                if self.leads_on(Key::of_port(port)) && is_own(address) {
                    let service = service.name.clone();
                    found.push(Published { service, address, port: port.published, target: port.target });
                }
            }
        }
        found
    }

    fn leads_on(&self, key: Key) -> bool {
        self.tables.iter().any(|table| table.plan.leads_on(key))
    }

    /// Services that the table wants and that lead nowhere, though they have tasks.
    pub(crate) fn check_services(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for service in &self.table.services {
            let name = &service.name;
            for port in &service.published {
                let key = (port.protocol, port.published);
                let address = port.address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
                if !self.tables.iter().any(|table| table.plan.contains(Key::of_port(port)))
                    && let Err(taken) = reserve(port.protocol, address, port.published)
                {
                    let failed =
                        format!("the port {}/{} of the service {name} is not published here", key.1, key.0);
                    let fix = "stop the other program, or publish another port";
                    found.push(Finding::fault(Check::Ports, failed).cause(taken.to_string()).fix(fix));
                }
            }
            let ready = service.backends.iter().filter(|backend| backend.ready).count();
            let leads_nowhere = |vip: &Ipv4Addr| !self.leads_on(Key::Vip((*vip).into()));
            for vip in service.vips.iter().filter_map(|vip| vip.address).filter(leads_nowhere) {
                if ready > 0 {
                    let failed =
                        format!("the address {vip} of the service {name} leads to none of its {ready} tasks");
                    let cause = "the nodes of these tasks are not among those that this one reaches";
                    let fix =
                        "see \"skep node ls\": nodes need an address that others reach (--advertise-addr)";
                    found.push(Finding::fault(Check::Services, failed).cause(cause).fix(fix));
                }
            }
        }
        found
    }
}

/// Whether the address is one of this host, in the calling thread's network namespace.
fn is_own(address: IpAddr) -> bool {
    std::net::UdpSocket::bind((address, 0)).is_ok()
}

/// Makes all that a host's network consists of, in the calling thread's network namespace, which is of no use after.
pub(crate) fn try_everything(address: Ipv4Addr, port: u16) -> Result<()> {
    let outer = Outer { address, port };
    if let Some(number) = Number::new(1) {
        let device = Device { kind: Kind::Plain, number, outer: Some(outer), mtu: MTU_BYTES };
        device.make(&mut NetlinkSocket::route()?)?;
    }
    let end = Number::new(1).map(|number| End { number, outer });
    let families = Family::ALL.into_iter().filter(|family| *family == Family::V4 || has_ipv6());
    let batches = families.map(|family| {
        let mut batch = Batch::new(table(family));
        install(&mut batch, end.map(|end| end.shown(family)), end.as_ref());
        batch
    });
    Batch::commit_all(batches, &mut NetlinkSocket::netfilter()?)
}
