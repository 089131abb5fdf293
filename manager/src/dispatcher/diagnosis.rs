//! What nodes measure of themselves and of the ways to others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_identity::valid_until;
use skep_model::{Checkup, Diagnosis, NodeId, NodeReport, PathReport, SessionId, Timestamp};
use skep_store::View;

use super::{DispatchError, Dispatcher};
use crate::ca::manager_addresses;
use crate::doctor::{Answer, Scene, judge, recalled};

impl Dispatcher {
    /// Takes what a node measured, asked by the checkup with this id or by itself (0); its certificate ends then.
    ///
    /// # Errors
    /// When the session is not the node's present one.
    pub fn diagnosed(
        &self,
        node: NodeId,
        session: SessionId,
        (checkup, report): (u64, NodeReport),
        certificate_ends: Timestamp,
    ) -> Result<(), DispatchError> {
        if !self.sessions.is_open(node, session) {
            return Err(DispatchError::NoSession(session));
        }
        if checkup == 0 {
            for path in self.checkups.noted(node, report.paths) {
                log(node, &path);
            }
            return Ok(());
        }
        self.checkups.answered(node, checkup, Answer { report, at: self.env.now(), certificate_ends });
        Ok(())
    }

    /// Has all nodes look at themselves and at each other; says what is wrong. Takes at most
    /// [`skep_model::limits::DOCTOR_DEADLINE`], after others that asked before.
    pub async fn doctor(&self, repair: bool) -> Diagnosis {
        let began = self.env.uptime();
        let view = self.door.view();
        self.checkups.retain(|node| view.node(node).is_some());
        let connected = self.sessions.nodes();
        let checkup = Checkup { id: 0, repair, managers: manager_addresses(&view) };
        let answers = self.checkups.ask(&self.env, &connected, checkup).await;
        // What is wrong is said of the state of now: a node may have been removed meanwhile.
        let view = self.door.view();
        judge(&self.scene(&view, connected, answers), self.env.uptime() - began)
    }

    /// What is wrong with the ways between connected nodes, as these noted it by themselves.
    pub fn recall(&self) -> Diagnosis {
        let view = self.door.view();
        let connected = self.sessions.nodes();
        let answers = self.checkups.known(&connected);
        recalled(&self.scene(&view, connected, answers))
    }

    fn scene<'a>(
        &self,
        view: &'a View,
        connected: BTreeSet<NodeId>,
        answers: BTreeMap<NodeId, Arc<Answer>>,
    ) -> Scene<'a> {
        let root = view.cluster().map(|cluster| cluster.root_ca.certificate_pem.clone());
        let root_ends = root.and_then(|root| valid_until(&root).ok());
        Scene { view, now: self.env.now(), root_ends, connected, answers }
    }
}

fn log(node: NodeId, path: &PathReport) {
    let PathReport { peer, mtu, link_mtu, .. } = path;
    if path.is_sound() {
        tracing::info!(from = %node, to = %peer, "packets pass between two nodes as they should again");
    } else if path.is_silent() {
        tracing::warn!(from = %node, to = %peer, "no packets pass between two nodes: \"skep doctor\" says why");
    } else {
        tracing::warn!(from = %node, to = %peer, mtu, link_mtu, "not all packets pass between two nodes: \"skep doctor\" says why");
    }
}
