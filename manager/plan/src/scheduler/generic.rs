//! Things that the operator says nodes have, e.g. two of `GPU`.

use std::collections::BTreeMap;

use skep_model::{GenericCount, GenericResource, GenericValue, Node};
use skep_store::View;

/// What of these is free on a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stock {
    kinds: BTreeMap<String, Kind>,
}

/// What is free of one kind: a number, or, where the operator named them, these.
#[derive(Clone, Debug, Default)]
struct Kind {
    number: u64,
    names: Vec<String>,
}

impl Kind {
    fn free(&self) -> u64 {
        if self.names.is_empty() { self.number } else { self.names.len() as u64 }
    }
}

impl Stock {
    /// All that the node has.
    pub(crate) fn whole(node: &Node) -> Self {
        let mut stock = Self::default();
        for resource in &node.description.generic {
            let kind = stock.kinds.entry(resource.kind.clone()).or_default();
            match &resource.value {
                GenericValue::Discrete(number) => kind.number = kind.number.saturating_add(*number),
                GenericValue::Named(name) => kind.names.push(name.clone()),
            }
        }
        stock
    }

    /// What the node has less what its tasks hold.
    pub(super) fn of(view: &View, node: &Node) -> Self {
        let mut stock = Self::whole(node);
        // Without anything to give there is nothing to count.
        if !stock.kinds.is_empty() {
            let holding = view.node_tasks(node.id).filter(|task| !task.status.state.is_ended());
            // What is gone from the node already cannot be taken away again.
            for task in holding {
                let _ = stock.take_again(&task.generic);
            }
        }
        stock
    }

    /// Takes what a task was given; none when some of it is not there, and then what is there is taken all the same.
    pub(crate) fn take_again(&mut self, given: &[GenericResource]) -> Option<()> {
        let taken: Vec<Option<()>> = given.iter().map(|resource| self.take_one(resource)).collect();
        taken.into_iter().collect()
    }

    /// How many of a kind are free.
    pub(super) fn free(&self, kind: &str) -> u64 {
        self.kinds.get(kind).map_or(0, Kind::free)
    }

    /// Gives a task what it asks, which must be free: the first of the names where there are names.
    pub(super) fn claim(&mut self, asked: &[GenericCount]) -> Box<[GenericResource]> {
        let mut claimed = Vec::new();
        for GenericCount { kind, count } in asked {
            let Some(free) = self.kinds.get_mut(kind) else { continue };
            if free.names.is_empty() {
                free.number = free.number.saturating_sub(*count);
                claimed.push((kind.clone(), GenericValue::Discrete(*count)));
                continue;
            }
            let count = usize::try_from(*count).unwrap_or(usize::MAX).min(free.names.len());
            claimed.extend(free.names.drain(..count).map(|name| (kind.clone(), GenericValue::Named(name))));
        }
        claimed.into_iter().map(|(kind, value)| GenericResource { kind, value }).collect()
    }

    fn take_one(&mut self, resource: &GenericResource) -> Option<()> {
        let kind = self.kinds.get_mut(&resource.kind)?;
        match &resource.value {
            GenericValue::Discrete(number) => {
                let left = kind.number.checked_sub(*number);
                kind.number = left.unwrap_or_default();
                left.map(drop)
            }
            GenericValue::Named(name) => {
                let found = kind.names.iter().position(|free| free == name);
                // Where the last name is taken, a number must not come to light.
                kind.number = 0;
                found.map(|found| drop(kind.names.remove(found)))
            }
        }
    }
}
