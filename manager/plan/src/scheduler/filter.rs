//! What a node must have to get a task: Docker Swarm's filters, in its order.

use skep_model::{Availability, PortConfig, ServiceId};
use skep_store::View;

use super::needs::Needs;
use super::node_set::Counted;
use super::refusal::{Lack, Refusal};
use crate::place::takes_tasks;

/// A node that is looked at for a task.
#[derive(Debug)]
pub(super) struct Candidate<'c, 'v> {
    pub(super) view: &'c View,
    pub(super) counted: &'c mut Counted<'v>,
    pub(super) needs: &'c Needs,
    /// How many tasks of the service use it.
    pub(super) active: u32,
}

type Filter = fn(&mut Candidate<'_, '_>) -> Option<Refusal>;

/// All filters; the first that refuses counts. Volumes are no filter: they choose among the nodes (see `volumes.rs`).
const ALL: [Filter; 7] = [ready, resources, driver, constraints, platform, host_port, replicas_max];
/// Those that look at the node and the spec alone: what they refuse, they refuse to every task of the spec.
const LASTING: [Filter; 4] = [ready, driver, constraints, platform];
/// Those that look at what other tasks take.
const PASSING: [Filter; 3] = [resources, host_port, replicas_max];

impl Candidate<'_, '_> {
    /// The first reason against the node; none when it fits.
    pub(super) fn refusal(&mut self) -> Option<Refusal> {
        ALL.iter().find_map(|filter| filter(self))
    }

    /// Whether it may fit, whatever other tasks take.
    pub(super) fn may_fit(&mut self) -> bool {
        LASTING.iter().all(|filter| filter(self).is_none())
    }

    /// Whether there is room for one more task, when it may fit.
    pub(super) fn has_room(&mut self) -> bool {
        PASSING.iter().all(|filter| filter(self).is_none())
    }
}

fn ready(candidate: &mut Candidate<'_, '_>) -> Option<Refusal> {
    let node = candidate.counted.node;
    let state = node.status.state;
    (!takes_tasks(node)).then(|| match node.spec.availability {
        Availability::Active => Refusal::NotReady(state),
        Availability::Pause => Refusal::Paused,
        Availability::Drain => Refusal::Drained,
    })
}

fn resources(candidate: &mut Candidate<'_, '_>) -> Option<Refusal> {
    let reserved = &candidate.needs.reserved;
    if reserved.nano_cpus > 0 || reserved.memory_bytes > 0 {
        let free = candidate.counted.free(candidate.view);
        if reserved.nano_cpus > free.nano_cpus {
            return Some(Refusal::Resources(Lack::Cpus { asked: reserved.nano_cpus, free: free.nano_cpus }));
        }
        let (asked, free) = (reserved.memory_bytes, free.memory_bytes);
        if asked > free {
            return Some(Refusal::Resources(Lack::Memory { asked, free }));
        }
    }
    reserved.generic.iter().find_map(|asked| {
        let free = candidate.counted.stock(candidate.view).free(&asked.kind);
        let lack = || Lack::Generic { kind: asked.kind.clone(), asked: asked.count, free };
        (asked.count > free).then(|| Refusal::Resources(lack()))
    })
}

fn driver(candidate: &mut Candidate<'_, '_>) -> Option<Refusal> {
    candidate.needs.missing_driver.clone().map(Refusal::Driver)
}

fn constraints(candidate: &mut Candidate<'_, '_>) -> Option<Refusal> {
    let (node, fits) = (candidate.counted.node, &candidate.needs.fits);
    let unmet = || fits.first_unmet(node).map(ToString::to_string).unwrap_or_default();
    (!fits.constraints(node)).then(|| Refusal::Constraint(unmet()))
}

fn platform(candidate: &mut Candidate<'_, '_>) -> Option<Refusal> {
    let (node, fits) = (candidate.counted.node, &candidate.needs.fits);
    (!fits.platform(node)).then(|| Refusal::Platform {
        has: format!("{}/{}", node.description.os, node.description.architecture),
        asked: fits.platform_words(),
    })
}

fn host_port(candidate: &mut Candidate<'_, '_>) -> Option<Refusal> {
    // What is free is only counted for those who ask.
    let asked = &candidate.needs.ports;
    let first = asked.first()?;
    let taken = &candidate.counted.free(candidate.view).ports;
    let clash = |port: &PortConfig| taken.iter().find(|(other, _)| other.clashes(port)).map(|held| held.1);
    let found = std::iter::once(first).chain(&asked[1..]).find_map(|port| Some((*port, clash(port)?)));
    found.map(|(port, by)| Refusal::HostPort { port, by: name(candidate.view, by) })
}

fn replicas_max(candidate: &mut Candidate<'_, '_>) -> Option<Refusal> {
    let max = candidate.needs.replicas_max;
    (max > 0 && u64::from(candidate.active) >= max).then_some(Refusal::ReplicasMax(candidate.active))
}

fn name(view: &View, service: ServiceId) -> String {
    view.service(service).map_or_else(|| service.to_string(), |service| service.spec.name.clone())
}
