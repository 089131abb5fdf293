//! Published ports.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use skep_model::{PortConfig, PortMode, Protocol, Service, limits};
use skep_store::View;

/// Which ports are published, by which service.
pub(super) struct Ports {
    taken: BTreeMap<(Protocol, u16), Vec<(PortConfig, String)>>,
}

impl Ports {
    pub(super) fn new(view: &View) -> Self {
        let mut taken = BTreeMap::new();
        for service in view.services() {
            for port in service.endpoint.ports.iter().filter(|port| port.mode == PortMode::Ingress) {
                let here: &mut Vec<_> = taken.entry((port.protocol, port.published)).or_default();
                here.push((*port, service.spec.name.clone()));
            }
        }
        Self { taken }
    }

    /// The service's ports with dynamic ones filled in; those that it has already stay as they are.
    ///
    /// Says which service has a port that is asked for.
    pub(super) fn assign(&mut self, service: &Service) -> Result<Vec<PortConfig>, String> {
        let name = &service.spec.name;
        for port in &service.endpoint.ports {
            if let Entry::Occupied(mut here) = self.taken.entry((port.protocol, port.published)) {
                here.get_mut().retain(|(_, owner)| owner != name);
                if here.get().is_empty() {
                    here.remove();
                }
            }
        }
        let mut ports = Vec::with_capacity(service.spec.endpoint.ports.len());
        for port in &service.spec.endpoint.ports {
            // Its node chooses a port that is open in host mode.
            if port.mode == PortMode::Host {
                ports.push(*port);
                continue;
            }
            let published = match port.published {
                0 => self.dynamic(service, *port)?,
                fixed => fixed,
            };
            let wanted = PortConfig { published, ..*port };
            let here = self.taken.entry((port.protocol, published)).or_default();
            if let Some((_, owner)) =
                here.iter().find(|(other, owner)| owner != name && other.clashes(&wanted))
            {
                return Err(format!(
                    "port {published}/{} is already published by service {owner}",
                    port.protocol
                ));
            }
            here.push((wanted, name.clone()));
            ports.push(wanted);
        }
        Ok(ports)
    }

    fn dynamic(&self, service: &Service, port: PortConfig) -> Result<u16, String> {
        let before = service.endpoint.ports.iter().find(|old| {
            (old.protocol, old.target, old.mode) == (port.protocol, port.target, port.mode)
                && !self.taken.contains_key(&(old.protocol, old.published))
        });
        let range = limits::PUBLISHED_PORT_DYNAMIC_FIRST..=limits::PUBLISHED_PORT_DYNAMIC_LAST;
        let free = || range.into_iter().find(|&number| !self.taken.contains_key(&(port.protocol, number)));
        before.map(|old| old.published).or_else(free).ok_or_else(|| {
            format!("no {} port of the dynamic range is free for target port {}", port.protocol, port.target)
        })
    }
}
