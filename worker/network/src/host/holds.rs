use std::collections::BTreeMap;

use super::services::{Key, Plan};
use crate::family::Family;
use crate::{PortHold, PortInUse, reserve};

/// The ports of this host that are held for services and containers.
#[derive(Debug, Default)]
pub(super) struct Holds(BTreeMap<(Family, Key), PortHold>);

impl Holds {
    /// Holds the plan's ports of the family; those that others have are taken out of it.
    pub(super) fn reserve(&mut self, family: Family, plan: &mut Plan) -> Vec<PortInUse> {
        let mut refused = Vec::new();
        let new = |key: &Key| key.is_of(family) && !self.0.contains_key(&(family, *key));
        for key in plan.keys().filter(new).collect::<Vec<_>>() {
            let Key::Port(protocol, port, address) = key else { continue };
            match reserve(protocol, address.unwrap_or(family.unspecified()), port) {
                Ok(hold) => {
                    self.0.insert((family, key), hold);
                }
                // On its way from one address to another, a port is held by ourselves.
                Err(_) if self.holds(family, key) => {}
                Err(taken) => {
                    plan.remove(key);
                    refused.push(taken);
                }
            }
        }
        refused
    }

    fn holds(&self, family: Family, key: Key) -> bool {
        let Key::Port(protocol, port, _) = key else { return false };
        self.0.keys().any(|(of, held)| *of == family && held.is_port(protocol, port))
    }

    /// Gives back the ports that the plan does not lead from.
    pub(super) fn release(&mut self, family: Family, plan: &Plan) {
        self.0.retain(|(of, key), _| *of != family || plan.contains(*key));
    }

    /// Gives back all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
