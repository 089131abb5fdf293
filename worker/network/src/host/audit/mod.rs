//! What is in the kernel, compared with what should be: people and programs change networks, and nobody tells us.

mod deviation;

pub use deviation::Deviation;

use super::Host;
use super::links;
use super::own_table::OwnTable;
use super::ruleset::SETS;
use super::services::Part;
use super::tunnel::{Kind, Tunnel};
use crate::family::Family;
use crate::nft::{Batch, Contents, generation, table_there};
use crate::sysctl::Sysctls;
use crate::{Address, Result};

impl Host {
    /// What is not as it should be; with `repair`, it is brought back, and what is said of it is whether that helped.
    pub(crate) fn audit(&mut self, repair: bool) -> Result<Vec<Deviation>> {
        let found = self.deviations()?;
        if !repair || found.is_empty() {
            return Ok(found.into_iter().map(|what| Deviation { what, repaired: false }).collect());
        }
        self.bring_back()?;
        let left = self.deviations()?;
        let deviation = |what: String| Deviation { repaired: !left.contains(&what), what };
        Ok(found.into_iter().map(deviation).collect())
    }

    /// Looks, brings back, and says in the log what it was.
    pub(super) fn look_after(&mut self) {
        match self.audit(true) {
            Ok(found) => {
                for Deviation { what, repaired } in found {
                    if repaired {
                        tracing::warn!("{what}; somebody changed it: brought back");
                    } else {
                        tracing::error!("{what}, and cannot be brought back; trying again");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "whether the network is as it should be is not known"),
        }
    }

    fn deviations(&mut self) -> Result<Vec<String>> {
        let wrong = Sysctls::wrong(self.ipv6()).into_iter();
        let setting = |(name, value)| format!("the setting {name} is {value}: containers may reach nobody");
        let mut found: Vec<String> = wrong.map(setting).collect();
        // A former daemon's state is right until the first table says otherwise.
        if self.applied.is_none() {
            return Ok(found);
        }
        found.extend(self.table_deviations()?);
        found.extend(self.link_deviations()?);
        for kind in Kind::ALL {
            found.extend(self.tunnel_deviations(kind)?);
        }
        Ok(found)
    }

    fn table_deviations(&mut self) -> Result<Vec<String>> {
        let now = generation(&mut self.filter)?;
        // Nobody has changed any table since.
        if now.is_some() && now == self.sound_at {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for table in &self.tables {
            // Which of both it is: what is said of one might be said of the other.
            let of = if table.family == Family::V6 { " (IPv6)" } else { "" };
            if !table_there(&mut self.filter, table.name())? {
                found.push(format!("the nft table skep is missing{of}"));
                continue;
            }
            let mut batch = Batch::recording(table.name());
            self.whole(&table.plan, &mut batch);
            let wanted = batch.into_contents();
            let there = Contents::read(&mut self.filter, table.name(), &SETS)?;
            found.extend(wanted.drift(&there).iter().map(|drift| format!("{drift}{of}")));
        }
        self.sound_at = now.filter(|_| found.is_empty());
        Ok(found)
    }

    fn link_deviations(&mut self) -> Result<Vec<String>> {
        let (up, routes) = links::state(&mut self.route)?;
        let mut found = Vec::new();
        for (container, plug) in &self.containers {
            if !up.contains(&plug.index) {
                found.push(format!("the link {} of container {container} is down or gone", plug.link));
            }
            let addresses = plug.addresses.iter().flat_map(Address::both);
            let lost = addresses.filter(|address| !routes.contains(&(plug.index, *address)));
            found.extend(
                lost.map(|address| format!("there is no route to {address} of container {container}")),
            );
        }
        Ok(found)
    }

    fn tunnel_deviations(&mut self, kind: Kind) -> Result<Vec<String>> {
        let mut there = Tunnel::new(kind);
        there.look(&mut self.route)?;
        let (name, device) = (kind.name(), self.reach.device(kind));
        if there.device() != device {
            let wrong = if device.is_none() { "is there without need" } else { "is gone, down or changed" };
            return Ok(vec![format!("the link {name} to other nodes {wrong}")]);
        }
        let wanted = self.reach.entries(kind, &self.local());
        let missing = wanted.difference(there.entries()).map(|entry| format!("missing: {entry:?} of {name}"));
        let strange =
            there.entries().difference(&wanted).map(|entry| format!("not ours: {entry:?} of {name}"));
        Ok(missing.chain(strange).collect())
    }

    /// Makes everything as it should be.
    fn bring_back(&mut self) -> Result<()> {
        self.sysctls.set()?;
        if self.ipv6() {
            self.sysctls.set_ipv6()?;
        }
        if self.applied.is_none() {
            return Ok(());
        }
        if !self.table_deviations()?.is_empty() {
            let part = |table: &OwnTable| Part { keys: None, plan: table.plan.clone() };
            let parts: Vec<_> = self.tables.iter().map(part).collect();
            self.rebuild(&parts)?;
        }
        for plug in self.containers.values() {
            if let Err(error) = links::configure_host(&mut self.route, plug.index, &plug.addresses) {
                tracing::warn!(%error, link = plug.link, "the link of a container cannot be brought back");
            }
        }
        self.ways.forget();
        self.extend_tunnel();
        self.trim_tunnel()
    }
}
