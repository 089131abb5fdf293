//! Flows that would keep an old way.

use skep_model::{EndpointTable, Protocol};

use super::Host;
use super::services::{Key, Part};
use crate::conntrack::{Stale, forget};

impl Host {
    /// What the way to the present table leaves behind. `before` has the services that it changed as they were, `parts` the new
    /// parts of the plans, which are not yet those of the tables.
    pub(super) fn stale(&self, before: &EndpointTable, parts: &[Part]) -> Stale {
        // A local task that is only drained answers until it is detached.
        let local = self.local();
        let backends = before.services.iter().flat_map(|service| &service.backends);
        let addresses = backends.flat_map(|backend| &backend.addresses).map(|(_, address)| *address);
        let gone = addresses.filter(|it| !self.owners.has(*it) && !local.contains(it));
        let twins = self.twins();
        let mut stale =
            Stale { targets: gone.flat_map(|address| twins.both(address)).collect(), ..Stale::default() };
        for (table, part) in self.tables.iter().zip(parts) {
            for key in part.plan.keys().filter(|key| !table.plan.contains(*key)) {
                match key {
                    Key::Vip(vip) => {
                        stale.vips.insert(vip);
                    }
                    Key::Port(Protocol::Udp, port, _) => {
                        stale.ports.insert((table.family, port));
                    }
                    Key::Port(Protocol::Tcp, ..) => {}
                }
            }
        }
        stale
    }

    /// Whether flows wait to be forgotten.
    pub(super) fn has_stale(&self) -> bool {
        !self.stale.is_empty()
    }

    /// Forgets stale flows; without it UDP clients go on to nowhere until they pause, which is no reason to fail.
    pub(super) fn forget_stale(&mut self) {
        match forget(&mut self.filter, &std::mem::take(&mut self.stale)) {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "forgot stale UDP flows"),
            Err(error) => tracing::warn!(%error, "cannot forget stale UDP flows"),
        }
    }
}
