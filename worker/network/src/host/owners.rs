use std::collections::HashMap;
use std::net::Ipv4Addr;

use skep_model::{EndpointService, EndpointTable, ServiceId};

/// Which services have tasks at an address: one, but two while an address moves.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    services: HashMap<Ipv4Addr, Vec<ServiceId>>,
}

impl Owners {
    /// Those of a table.
    pub(crate) fn new(table: &EndpointTable) -> Self {
        let mut owners = Self::default();
        table.services.iter().for_each(|service| owners.add(service));
        owners
    }

    /// What was different before (`undo`, see [`EndpointTable::merge`]) is as in the table now.
    pub(crate) fn follow(&mut self, table: &EndpointTable, undo: &EndpointTable) {
        undo.services.iter().for_each(|service| self.remove(service));
        let changed =
            undo.services.iter().map(|service| service.id).chain(undo.services_gone.iter().copied());
        changed.filter_map(|id| table.service(id)).for_each(|service| self.add(service));
    }

    /// Whether any service has a task there.
    pub(crate) fn has(&self, address: Ipv4Addr) -> bool {
        self.services.contains_key(&address)
    }

    /// The services that have a task there.
    pub(crate) fn of(&self, address: Ipv4Addr) -> &[ServiceId] {
        self.services.get(&address).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, service: &EndpointService) {
        for address in addresses(service) {
            let owners = self.services.entry(address).or_default();
            if !owners.contains(&service.id) {
                owners.push(service.id);
            }
        }
    }

    fn remove(&mut self, service: &EndpointService) {
        for address in addresses(service) {
            if let Some(owners) = self.services.get_mut(&address) {
                owners.retain(|id| *id != service.id);
                if owners.is_empty() {
                    self.services.remove(&address);
                }
            }
        }
    }
}

/// All addresses of the service's tasks.
pub(crate) fn addresses(service: &EndpointService) -> impl Iterator<Item = Ipv4Addr> {
    service.backends.iter().flat_map(|backend| &backend.addresses).map(|(_, address)| *address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Cell, on, service, table};

    #[test]
    fn owners_follow_the_table_there_and_back() {
        let cells = [Cell::new("a", vec![on(1, 5)]), Cell::new("b", vec![on(1, 6)])];
        let mut known = EndpointTable::default();
        known.merge(table(
            1,
            vec![service("one", 1, &[&cells[0]]), service("two", 2, &[&cells[0], &cells[1]])],
        ));
        let mut owners = Owners::new(&known);
        let at = |owners: &Owners, cell: usize| owners.of(cells[cell].address()).to_vec();
        assert_eq!(
            (at(&owners, 0), at(&owners, 1)),
            (vec![ServiceId::new(1), ServiceId::new(2)], vec![ServiceId::new(2)])
        );
        let change = EndpointTable {
            partial: true,
            services: vec![service("one", 1, &[&cells[1]]), service("new", 3, &[&cells[0]])],
            services_gone: vec![ServiceId::new(2)],
            ..table(2, Vec::new())
        };
        let undo = known.merge(change);
        owners.follow(&known, &undo);
        assert_eq!((at(&owners, 0), at(&owners, 1)), (vec![ServiceId::new(3)], vec![ServiceId::new(1)]));
        let redo = known.merge(undo);
        owners.follow(&known, &redo);
        let mut again = at(&owners, 0);
        again.sort();
        assert_eq!(
            (again, at(&owners, 1)),
            (vec![ServiceId::new(1), ServiceId::new(2)], vec![ServiceId::new(2)])
        );
        assert!(!owners.has(on(1, 7).address));
    }
}
