//! Tasks of one service and spec, which are alike to the scheduler.

use skep_model::{GenericResource, NodeId, ServiceId, ServiceSpec, Task, Timestamp, limits};
use skep_store::View;

use super::branch::{Branch, Leaf, Rank};
use super::filter::Candidate;
use super::needs::Needs;
use super::node_set::NodeSet;
use super::refusal::Refusal;
use super::refusals::Refusals;
use super::volumes;

/// What the scheduler knows of such tasks.
#[derive(Debug)]
pub(crate) struct Group {
    service: ServiceId,
    pub(crate) needs: Needs,
    /// By position of the node.
    pub(crate) standings: Vec<Standing>,
    /// Nodes with the tasks' volumes that are still to bind a task; none until it is asked.
    homes: Option<Vec<usize>>,
    /// None until a task may go anywhere.
    tree: Option<Branch>,
    /// Why none of them has a node any more, once that is so.
    refused: Option<Text>,
}

/// How a node stands for these tasks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    /// Tasks of the service that use it.
    pub(crate) active: u32,
    /// Recent failures of the service with this spec there.
    pub(crate) failures: u32,
}

/// Why a task has no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// What has to differ before the text is written anew: numbers change all the time.
    pub(crate) headline: String,
    pub(crate) whole: String,
}

/// The node of a task, and what it gets of its generic resources.
pub(crate) type Chosen = (NodeId, Box<[GenericResource]>);

impl Group {
    pub(crate) fn new(
        nodes: &NodeSet<'_>,
        service: ServiceId,
        spec_version: u64,
        spec: &ServiceSpec,
        now: Timestamp,
    ) -> Self {
        let standings = standings(nodes, service, spec_version, now);
        let needs = Needs::of(spec);
        Self { service, needs, standings, homes: None, tree: None, refused: None }
    }

    /// Why no further task of the group can have a node, when that is known.
    pub(crate) fn refused(&self) -> Option<&Text> {
        self.refused.as_ref()
    }

    /// Checks the task of a global service against the node that it was made for.
    pub(crate) fn check(&mut self, nodes: &mut NodeSet<'_>, node: NodeId) -> Result<Chosen, Text> {
        let Some(position) = nodes.position(node) else { return Err(Refusals::default().into()) };
        // The task counts among those of its node already.
        self.standings.get_mut(position).into_iter().for_each(|standing| standing.active = 0);
        match self.refusal(nodes, position) {
            None => self.take(nodes, position).ok_or_else(|| Refusals::default().into()),
            Some(refusal) => {
                let mut refusals = Refusals::default();
                refusals.add(hostname(nodes, position), &refusal);
                Err(refusals.into())
            }
        }
    }

    /// Gives a task the node where its volumes are.
    pub(crate) fn send_home(&mut self, nodes: &mut NodeSet<'_>, home: NodeId) -> Result<Chosen, Text> {
        let Some(position) = nodes.position(home) else { return Err(Refusals::default().into()) };
        self.homes(nodes).retain(|&other| other != position);
        match self.refusal(nodes, position) {
            None => self.take(nodes, position).ok_or_else(|| Refusals::default().into()),
            Some(refusal) => Err(self.bound(nodes, position, &refusal)),
        }
    }

    /// The best node for one more task, which counts from now on.
    pub(crate) fn choose(&mut self, nodes: &mut NodeSet<'_>) -> Result<Chosen, Text> {
        if let Some((position, refusal)) = self.next_home(nodes) {
            return match refusal {
                None => self.take(nodes, position).ok_or_else(|| Refusals::default().into()),
                Some(refusal) => Err(self.bound(nodes, position, &refusal)),
            };
        }
        let mut tree = self.tree.take().unwrap_or_else(|| self.tree(nodes));
        let (view, needs) = (nodes.view, &self.needs);
        let mut has_room = |(_, active, _, position): Rank| {
            let counted = nodes.all.get_mut(position);
            counted.is_some_and(|counted| Candidate { view, counted, needs, active }.has_room())
        };
        let found = tree.take(&mut has_room);
        self.tree = Some(tree);
        match found.and_then(|position| self.take(nodes, position)) {
            Some(chosen) => Ok(chosen),
            None => {
                let text = Text::from(self.refusals(nodes));
                self.refused = Some(text.clone());
                Err(text)
            }
        }
    }

    /// The tree of the nodes as they stand.
    pub(super) fn tree(&self, nodes: &mut NodeSet<'_>) -> Branch {
        let (view, needs) = (nodes.view, &self.needs);
        let all = nodes.all.iter_mut().zip(&self.standings).enumerate();
        let leaves = all.map(|(position, (counted, standing))| {
            let active = standing.active;
            let rank = (standing.back_off(), active, counted.tasks, position);
            Leaf { rank, open: Candidate { view, counted, needs, active }.may_fit() }
        });
        let leaves = leaves.collect();
        Branch::new(&nodes.all, leaves, &needs.spread)
    }

    /// The first reason against a node; none when it fits.
    pub(crate) fn refusal(&self, nodes: &mut NodeSet<'_>, position: usize) -> Option<Refusal> {
        let active = self.standings.get(position)?.active;
        let (view, counted) = (nodes.view, nodes.all.get_mut(position)?);
        Candidate { view, counted, needs: &self.needs, active }.refusal()
    }

    /// Whether a node may have tasks of the group, whatever other tasks take there.
    pub(crate) fn may_fit(&self, nodes: &mut NodeSet<'_>, position: usize) -> bool {
        let (view, needs) = (nodes.view, &self.needs);
        let counted = nodes.all.get_mut(position);
        counted.is_some_and(|counted| Candidate { view, counted, needs, active: 0 }.may_fit())
    }

    fn refusals(&self, nodes: &mut NodeSet<'_>) -> Refusals {
        let mut refusals = Refusals::default();
        for position in 0..nodes.all.len() {
            if let Some(refusal) = self.refusal(nodes, position) {
                refusals.add(hostname(nodes, position), &refusal);
            }
        }
        refusals
    }

    /// Gives a node one more task, for which it must have room.
    pub(crate) fn take(&mut self, nodes: &mut NodeSet<'_>, position: usize) -> Option<Chosen> {
        let (view, counted) = (nodes.view, nodes.all.get_mut(position)?);
        self.standings.get_mut(position)?.active += 1;
        Some((counted.node.id, counted.take(view, self.service, &self.needs)))
    }

    /// The node that binds the next task for its volumes, and what speaks against it: one that can take it, if there is one.
    fn next_home(&mut self, nodes: &mut NodeSet<'_>) -> Option<(usize, Option<Refusal>)> {
        if self.needs.volumes.is_empty() {
            return None;
        }
        let homes = self.homes(nodes).clone();
        let judged = homes.into_iter().map(|position| (position, self.refusal(nodes, position)));
        let mut judged: Vec<(usize, Option<Refusal>)> = judged.collect();
        judged.sort_by_key(|(position, refusal)| (refusal.is_some(), *position));
        let best = judged.into_iter().next()?;
        self.homes(nodes).retain(|&other| other != best.0);
        Some(best)
    }

    /// The nodes with most of the volumes that no active task of the service keeps for itself.
    fn homes(&mut self, nodes: &NodeSet<'_>) -> &mut Vec<usize> {
        let (volumes, standings) = (&self.needs.volumes, &self.standings);
        self.homes.get_or_insert_with(|| {
            let all = nodes.all.iter().map(|counted| counted.node).zip(standings).enumerate();
            let free = all.filter(|(_, (node, standing))| volumes::binds(node) && standing.active == 0);
            let held: Vec<(usize, usize)> =
                free.map(|(position, (node, _))| (position, volumes::held(node, volumes))).collect();
            let most = held.iter().map(|each| each.1).max().unwrap_or(0);
            held.into_iter().filter(|each| most > 0 && each.1 == most).map(|each| each.0).collect()
        })
    }

    fn bound(&self, nodes: &NodeSet<'_>, position: usize, refusal: &Refusal) -> Text {
        let node = nodes.all.get(position).map(|counted| counted.node);
        let volume = node.map_or("", |node| volumes::named(node, &self.needs.volumes));
        let host = hostname(nodes, position);
        let whole = format!("no suitable node (volume {volume} is on {host}, which {refusal})");
        Text { headline: whole.clone(), whole }
    }
}

impl Standing {
    /// Few failures are nobody's fault; many put a node behind all others.
    pub(crate) fn back_off(self) -> u32 {
        if usize::try_from(self.failures).is_ok_and(|count| count >= limits::NODE_FAILURES_MAX) {
            self.failures
        } else {
            0
        }
    }
}

impl From<Refusals> for Text {
    fn from(refusals: Refusals) -> Self {
        Self { headline: refusals.headline(), whole: refusals.to_string() }
    }
}

pub(crate) fn hostname<'v>(nodes: &NodeSet<'v>, position: usize) -> &'v str {
    nodes.all.get(position).map_or("", |counted| counted.node.description.hostname.as_str())
}

fn standings(nodes: &NodeSet<'_>, service: ServiceId, spec_version: u64, now: Timestamp) -> Vec<Standing> {
    let mut standings = vec![Standing::default(); nodes.all.len()];
    let view: &View = nodes.view;
    for (node, count) in view.service_on_nodes(service) {
        if let Some(standing) = nodes.position(node).and_then(|position| standings.get_mut(position)) {
            standing.active = count;
        }
    }
    let window = u64::try_from(limits::NODE_FAILURES_WINDOW.as_nanos()).unwrap_or(u64::MAX);
    let after = Timestamp::from_nanos(now.as_nanos().saturating_sub(window));
    for task in view.failed_after(service, after).filter(|task| task.spec_version == spec_version) {
        let position = task.node.and_then(|node| nodes.position(node));
        if let Some(standing) = position.and_then(|position| standings.get_mut(position)) {
            standing.failures += 1;
        }
    }
    standings
}

/// The home of a task, for those that have one.
pub(crate) fn home_of(nodes: &NodeSet<'_>, group: &Group, task: &Task, now: Timestamp) -> Option<NodeId> {
    let volumes = &group.needs.volumes;
    if volumes.is_empty() { None } else { volumes::home_of(nodes.view, task, volumes, now) }
}
