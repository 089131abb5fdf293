//! What is wrong with this node, and with its swarm as far as it can ask.

use std::sync::Arc;
use std::time::Duration;

use skep_api::HostError;
use skep_engine::{Engine, check_host};
use skep_identity::LiveIdentity;
use skep_manager::doctor::{ask, without_managers};
use skep_model::{Check, Checkup, Diagnosis, Inquiry};

use crate::node::Node;

/// Has all nodes look, if managers can be asked; this one alone, if not.
pub(super) async fn check(node: &Node, inquiry: Inquiry) -> Result<Diagnosis, HostError> {
    let began = node.env.uptime();
    let took = || node.env.uptime().saturating_sub(began);
    let member =
        node.member(|member| (member.identity.clone(), member.managers.get(), Arc::clone(&member.engine)));
    match member {
        Some(member) => Ok(as_member(node, member, inquiry, took).await),
        None if inquiry == Inquiry::Recall => Ok(Diagnosis::default()),
        None => Ok(alone(node, took).await),
    }
}

async fn as_member(
    node: &Node,
    (identity, managers, engine): (LiveIdentity, Vec<String>, Arc<Engine>),
    inquiry: Inquiry,
    took: impl Fn() -> Duration,
) -> Diagnosis {
    match ask(&identity, &managers, inquiry).await {
        Ok(diagnosis) => diagnosis,
        Err(_) if inquiry == Inquiry::Recall => Diagnosis::default(),
        Err(error) => {
            // Of each manager is said already why it does not answer.
            let report = engine.check(&Checkup::default()).await;
            without_managers(&node.facts.hostname, report, &error.to_string(), took())
        }
    }
}

async fn alone(node: &Node, took: impl Fn() -> Duration) -> Diagnosis {
    let found = check_host(&node.env, &node.places.data_root).await;
    let mut findings: Vec<_> = found.into_iter().map(|finding| finding.at(&node.facts.hostname)).collect();
    findings.sort();
    let checks = u32::try_from(Check::ALONE.len()).unwrap_or(u32::MAX);
    Diagnosis { checks, nodes: 1, pairs: 0, took: took(), findings }
}
