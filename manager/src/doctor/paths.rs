//! What is wrong between nodes.

use std::collections::{BTreeMap, BTreeSet};

use skep_model::{Check, Finding, NodeId, PathReport, limits};

use super::Scene;

/// From one node to another.
type Way = (NodeId, NodeId);

/// What is wrong with a way, which may be just as wrong in the other direction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    /// Neither the tunnel nor the host answers.
    CutOff,
    /// Packets of the tunnel do not arrive; the host answers.
    Blocked,
    /// Big packets do not arrive.
    Small { mtu: u32, link_mtu: u32 },
    /// Only packets without checksums arrive.
    WrongChecksums,
    /// Content is changed on the way.
    Altered,
    /// Many packets are lost, in percent.
    Loses(u32),
    /// Nothing was measured.
    NotMeasured,
}

/// All that is wrong between nodes that answered, once for both directions where it is the same.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    wrong(scene, ways(scene))
}

/// The same of the ways that something is known of.
pub(super) fn measured(scene: &Scene<'_>) -> Vec<Finding> {
    wrong(scene, ways(scene).filter(|(_, _, path)| path.is_some()))
}

fn wrong<'a>(
    scene: &Scene<'_>,
    ways: impl Iterator<Item = (NodeId, NodeId, Option<&'a PathReport>)>,
) -> Vec<Finding> {
    let mut troubles: BTreeMap<Way, BTreeSet<Trouble>> = BTreeMap::new();
    for (from, to, path) in ways {
        match path {
            None => drop(troubles.entry((from, to)).or_default().insert(Trouble::NotMeasured)),
            Some(path) if path.is_silent() => {
                let (way, trouble) = blocked(scene, (from, to), path);
                troubles.entry(way).or_default().insert(trouble);
            }
            Some(path) => troubles.entry((from, to)).or_default().extend(troubles_of(path)),
        }
    }
    let mut found = Vec::new();
    for ((from, to), wrong) in &troubles {
        let other_way = troubles.get(&(*to, *from));
        for trouble in wrong {
            let both = other_way.is_some_and(|other| other.contains(trouble));
            if !both || from < to {
                found.push(finding(scene, (*from, *to), both, trouble));
            }
        }
    }
    found
}

/// Every way between two nodes that answered and are in the tunnel, with what its start said of it.
fn ways<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (NodeId, NodeId, Option<&'a PathReport>)> {
    let numbered = |id: &NodeId| scene.view.node(*id).is_some_and(|node| node.number != 0);
    let nodes: Vec<NodeId> = scene.answers.keys().copied().filter(numbered).collect();
    let pairs: Vec<Way> = nodes
        .iter()
        .flat_map(|from| nodes.iter().filter(move |to| *to != from).map(move |to| (*from, *to)))
        .collect();
    pairs.into_iter().map(|(from, to)| (from, to, said(scene, from, to)))
}

fn said<'a>(scene: &'a Scene<'_>, from: NodeId, to: NodeId) -> Option<&'a PathReport> {
    scene.answers.get(&from)?.report.paths.iter().find(|path| path.peer == to)
}

/// Which direction is blocked, when a node is not answered: that of the questions, or that of the answers.
fn blocked(scene: &Scene<'_>, (from, to): Way, path: &PathReport) -> (Way, Trouble) {
    let questions_arrive = said(scene, to, from).is_some_and(|other| other.heard);
    let trouble = if path.outside { Trouble::Blocked } else { Trouble::CutOff };
    match trouble {
        Trouble::Blocked if questions_arrive => ((to, from), trouble),
        _ => ((from, to), trouble),
    }
}

fn troubles_of(path: &PathReport) -> Vec<Trouble> {
    let mut found = Vec::new();
    if path.unchecked_mtu > path.mtu {
        found.push(Trouble::WrongChecksums);
    } else if path.mtu < path.link_mtu {
        found.push(Trouble::Small { mtu: path.mtu, link_mtu: path.link_mtu });
    }
    if path.altered {
        found.push(Trouble::Altered);
    }
    let lost = path.sent.saturating_sub(path.answered).saturating_mul(100) / path.sent.max(1);
    if lost >= limits::LOSS_SHOWN_PERCENT {
        found.push(Trouble::Loses(lost));
    }
    found
}

fn finding(scene: &Scene<'_>, (from, to): Way, both: bool, trouble: &Trouble) -> Finding {
    let (start, end) = (scene.name(from), scene.name(to));
    let (from_address, to_address) = (scene.address(from), scene.address(to));
    let (arrow, at_both) = if both { ("<->", format!("{start} and {end}")) } else { ("->", end.clone()) };
    let fault = |failed: String| Finding::fault(Check::Paths, failed);
    let warning = |failed: String| Finding::warning(Check::Paths, failed);
    let port = scene.tunnel_port();
    let found = match trouble {
        Trouble::CutOff => fault("no packet arrives, neither in the tunnel nor outside it".into())
            .cause(format!("there is no way between {from_address} and {to_address}, or a firewall drops everything"))
            .fix(format!("on {start} try \"ping {to_address}\"; mend routes, cables, security groups or firewalls between the two")),
        Trouble::Blocked => fault(format!("no packet of the tunnel arrives (UDP port {port}); the host answers outside it"))
            .cause(format!("UDP port {port} from {from_address} to {to_address} is blocked on the way, or by a firewall of {at_both}"))
            .fix(format!("let UDP port {port} in on {at_both}{}", if both { String::new() } else { format!(" from {from_address}") })),
        Trouble::Small { mtu, link_mtu } => {
            warning(format!("packets of at most {mtu} bytes arrive, instead of {link_mtu}; containers' packets are made so small"))
                .cause(format!("a link on the way takes packets of {} bytes at most, with the tunnel's headers", mtu + AROUND))
                .fix(format!("set the MTU of all links between {from_address} and {to_address} to {} or more", link_mtu + AROUND))
        }
        Trouble::WrongChecksums => fault("packets with a UDP checksum are lost, those without arrive".into())
            .cause(format!("the network card of {start} (or its virtual switch) makes wrong checksums within tunnels"))
            .fix(format!(
                "on {start}: ethtool -K LINK tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off, and if that is not \
                 enough: ethtool -K LINK tx off"
            )),
        Trouble::Altered => fault("content arrives that was not sent, or packets of odd lengths do not arrive".into())
            .cause("a network card or its driver, or a device on the way, changes packets")
            .fix(format!("on {start} and {end}: ethtool -K LINK tx off rx off gro off gso off; if it helps, update driver or firmware")),
        Trouble::Loses(percent) => warning(format!("{percent} % of packets are lost"))
            .cause("a link on the way is overloaded or bad")
            .fix(format!("look at error counters (ip -s link) on {start} and {end}, and at switches between the two")),
        Trouble::NotMeasured => warning("nothing was measured".into())
            .cause(format!("{start} does not know of {end} yet, or another program of {start} uses UDP port {}", limits::PROBE_PORT))
            .fix(format!("try again in a moment; else look for \"probed\" in the daemon's log on {start}")),
    };
    found.at(format!("{start} {arrow} {end}"))
}

/// What the tunnel puts around a packet, in bytes.
const AROUND: u32 = 50;
