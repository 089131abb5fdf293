use std::time::Duration;

use skep_model::{Check, Diagnosis, Finding, NodeReport};

use super::{Scene, nodes, paths};

/// What is wrong, the worst first.
pub(crate) fn judge(scene: &Scene<'_>, took: Duration) -> Diagnosis {
    let silent = scene.view.nodes().filter(|node| !scene.answers.contains_key(&node.id));
    let mut findings: Vec<Finding> = silent.map(|node| nodes::silent(scene, node)).collect();
    findings.extend(nodes::root(scene));
    for (id, answer) in &scene.answers {
        findings.extend(nodes::answered(scene, *id, answer));
    }
    findings.extend(paths::judge(scene));
    let pairs = scene.answers.values().map(|answer| answer.report.paths.len()).sum::<usize>();
    diagnosis(&Check::ALL, (scene.answers.len(), pairs), took, findings)
}

/// What is wrong between nodes by what these noted themselves. Of a way that they said nothing about nothing is known.
pub(crate) fn recalled(scene: &Scene<'_>) -> Diagnosis {
    let pairs = scene.answers.values().map(|answer| answer.report.paths.len()).sum::<usize>();
    let findings = paths::measured(scene);
    diagnosis(&[Check::Paths], (scene.answers.len(), pairs), Duration::ZERO, findings)
}

/// What a member found that no manager answers, and why they do not: all of it is its own.
pub fn without_managers(name: &str, report: NodeReport, reason: &str, took: Duration) -> Diagnosis {
    let mut findings = vec![
        Finding::fault(Check::Managers, format!("no manager answers, so this node alone was looked at: {reason}"))
            .cause("no manager leads, managers are down, or this node does not reach them")
            .fix("on a manager see \"skep node ls\" and run \"skep doctor\" there; let TCP port 2377 in on managers"),
    ];
    let silent = report.paths.iter().filter(|path| path.is_silent());
    findings.extend(silent.map(|path| {
        let outside = if path.outside {
            "its host answers outside the tunnel"
        } else {
            "its host does not answer either"
        };
        Finding::fault(
            Check::Paths,
            format!("no packet of the tunnel comes back from the node {}; {outside}", path.peer),
        )
        .cause("the tunnel's UDP port (4789 unless another was chosen) is blocked, or the host is off or cut off")
        .fix("run \"skep doctor\" on a manager, which knows both sides")
    }));
    let pairs = report.paths.len();
    findings.extend(report.findings);
    let findings = findings.into_iter().map(|finding| finding.at(name)).collect();
    diagnosis(&Check::WITHOUT_MANAGERS, (1, pairs), took, findings)
}

fn diagnosis(
    checks: &[Check],
    (nodes, pairs): (usize, usize),
    took: Duration,
    mut findings: Vec<Finding>,
) -> Diagnosis {
    findings.sort_by(|one, other| {
        let key = |finding: &Finding| (finding.severity, finding.place.clone(), finding.check);
        key(one).cmp(&key(other))
    });
    findings.dedup();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Diagnosis { checks: count(checks.len()), nodes: count(nodes), pairs: count(pairs), took, findings }
}
