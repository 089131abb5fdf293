//! Flows that would keep an old way.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use skep_model::{EndpointTable, Protocol};

use super::Host;
use super::services::Plan;
use crate::conntrack::{Stale, forget};

impl Host {
    /// What the way from one table and plan to the next leaves behind; the host has the next table already.
    pub(super) fn stale(&self, before: &EndpointTable, plan: &Plan) -> Stale {
        let addresses = |table: &EndpointTable| -> BTreeSet<Ipv4Addr> {
            let backends = table.services.iter().flat_map(|service| &service.backends);
            backends.flat_map(|backend| &backend.addresses).map(|(_, address)| *address).collect()
        };
        let present = addresses(&self.table);
        // A local task that is only drained answers until it is detached.
        let local = self.local();
        let gone = addresses(before).into_iter().filter(|it| !present.contains(it) && !local.contains(it));
        let new_ports = plan.published.keys().filter(|port| !self.plan.published.contains_key(port));
        let udp = new_ports.filter(|(protocol, _)| *protocol == Protocol::Udp);
        Stale {
            targets: gone.collect(),
            vips: plan.vips.keys().filter(|vip| !self.plan.vips.contains_key(vip)).copied().collect(),
            ports: udp.map(|(_, port)| *port).collect(),
        }
    }

    /// Forgets stale flows; without it UDP clients go on to nowhere until they pause, which is no reason to fail.
    pub(super) fn forget(&mut self, stale: &Stale) {
        match forget(&mut self.filter, stale) {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "forgot stale UDP flows"),
            Err(error) => tracing::warn!(%error, "cannot forget stale UDP flows"),
        }
    }
}
