//! What is wrong with single nodes.

use std::time::Duration;

use skep_model::{Check, Finding, Node, NodeId, TaskState, limits};

use super::{Answer, Scene};
use crate::dispatcher::{Arrival, is_reached};

/// A clock that is off by this much makes certificates useless that were just made, elsewhere.
const CLOCK_FAULT: Duration = Duration::from_secs(60);
/// The root is to be replaced when it ends sooner.
const ROOT_LEFT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Nodes that said nothing.
pub(super) fn silent(scene: &Scene<'_>, node: &Node) -> Finding {
    let (name, address) = (scene.name(node.id), &node.status.address);
    let paths =
        scene.answers.values().flat_map(|answer| &answer.report.paths).filter(|path| path.peer == node.id);
    let (mut asked, mut reached) = (0, 0);
    for path in paths {
        asked += 1;
        reached += usize::from(!path.is_silent() || path.outside);
    }
    let seen = format!("{reached} of {asked} other nodes reach its host");
    let finding = if scene.connected.contains(&node.id) {
        let seconds = limits::DOCTOR_DEADLINE.as_secs();
        Finding::fault(Check::Managers, format!("it did not say within {seconds} s how it is"))
    } else {
        Finding::fault(Check::Managers, "it is not connected to the managers")
    };
    let finding = if reached > 0 {
        let cause =
            format!("its daemon hangs or does not run, or does not reach the managers' port ({seen})");
        finding
            .cause(cause)
            .fix(format!("on {name} look at the daemon's log and restart it; run \"skep doctor\" there"))
    } else {
        let cause = format!("the host is off, or cut off from the others ({seen})");
        finding.cause(cause).fix(format!(
            "start the host, or mend its network ({address}); if it is gone for good: skep node rm --force {name}"
        ))
    };
    finding.at(name)
}

/// What a node said of itself, and what its answer shows.
pub(super) fn answered(scene: &Scene<'_>, id: NodeId, answer: &Answer) -> Vec<Finding> {
    let name = scene.name(id);
    let own = answer.report.findings.iter().cloned();
    let judged = [clock(answer), certificate(scene, answer, &name)].into_iter().flatten();
    let mut found: Vec<Finding> = own.chain(judged).collect();
    found.extend(managers(scene, answer));
    found.extend(services(scene, id));
    found.into_iter().map(|finding| finding.at(name.clone())).collect()
}

fn clock(answer: &Answer) -> Option<Finding> {
    let shown = Arrival { clock: answer.report.clock, ..Arrival::default() };
    let ahead_ms = shown.clock_ahead_ms(answer.at);
    let apart = Duration::from_millis(ahead_ms.unsigned_abs());
    let side = if ahead_ms < 0 { "behind" } else { "ahead of" };
    let failed = format!("its clock is {:.1} s {side} the leader's", apart.as_secs_f64());
    let finding = match apart {
        Duration::ZERO => return None,
        apart if apart < CLOCK_FAULT => Finding::warning(Check::Clock, failed),
        _ => Finding::fault(Check::Clock, failed),
    };
    let cause = "no time service runs on one of the two, or it reaches no server";
    Some(
        finding
            .cause(cause)
            .fix("run chrony or systemd-timesyncd on every host; \"chronyc makestep\" sets a clock at once"),
    )
}

fn certificate(scene: &Scene<'_>, answer: &Answer, name: &str) -> Option<Finding> {
    let validity = scene.view.cluster()?.spec.node_certificate_validity;
    let left = answer.certificate_ends.since(scene.now);
    // Nodes renew theirs when half of the time is over.
    let due = limits::CERTIFICATE_LEFT_FAULT.min(validity / 10);
    (left < due).then(|| {
        let failed = format!("its certificate ends in {} minutes and was not renewed", left.as_secs() / 60);
        let fix = format!(
            "look for \"certificate\" in the daemon's log on {name}; restart the daemon, which tries again"
        );
        Finding::fault(Check::Certificates, failed)
            .cause("managers refused to renew it, or were not reached")
            .fix(fix)
    })
}

/// The root, which is everybody's.
pub(super) fn root(scene: &Scene<'_>) -> Option<Finding> {
    let left = scene.root_ends?.since(scene.now);
    (left < ROOT_LEFT).then(|| {
        let failed = format!("the root certificate ends in {} days", left.as_secs() / 86_400);
        let finding = if left.is_zero() {
            Finding::fault(Check::Certificates, failed)
        } else {
            Finding::warning(Check::Certificates, failed)
        };
        finding
            .cause("root certificates are not renewed by themselves")
            .fix("skep swarm ca --rotate")
            .at("swarm")
    })
}

fn managers(scene: &Scene<'_>, answer: &Answer) -> Vec<Finding> {
    let failed = answer.report.managers.iter().filter(|manager| !manager.error.is_empty());
    // One that is silent itself is named as such.
    let silent =
        |address: &str| scene.manager_at(address).is_some_and(|node| !scene.answers.contains_key(&node.id));
    let failed = failed.filter(|manager| !silent(&manager.address));
    let finding = |manager: &skep_model::ManagerReport| {
        let address = &manager.address;
        let whose = scene.manager_at(address).map(|node| scene.name(node.id)).unwrap_or_default();
        let port = address.rsplit(':').next().unwrap_or_default();
        Finding::fault(
            Check::Managers,
            format!("it does not reach the manager {whose} at {address}: {}", manager.error),
        )
        .cause("a firewall blocks the port, or there is no route to the address")
        .fix(format!("let TCP port {port} in on {whose}"))
    };
    failed.map(finding).collect()
}

/// Tasks that other nodes do not reach.
fn services(scene: &Scene<'_>, id: NodeId) -> Option<Finding> {
    let node = scene.view.node(id)?;
    let running = scene.view.node_tasks(id).filter(|task| task.status.state == TaskState::Running);
    let count = running.filter(|task| task.is_wanted()).count();
    let alone = scene.view.nodes().count() == 1;
    (count > 0 && !alone && !is_reached(node)).then(|| {
        let failed = format!("no other node leads to the {count} tasks that run on it");
        Finding::fault(Check::Services, failed)
            .cause(format!(
                "managers know the node by an address that says nothing to others: {}",
                node.status.address
            ))
            .fix("let the node leave, and join with --advertise-addr and an address that others reach")
    })
}
