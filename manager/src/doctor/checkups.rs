use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skep_model::{Checkup, NodeId, NodeReport, PathReport, limits};
use skep_runtime::{Env, Latest};

use super::Answer;

/// What nodes said in answer to a checkup.
#[derive(Clone, Debug, Default)]
struct Answers {
    checkup: u64,
    nodes: BTreeMap<NodeId, Arc<Answer>>,
}

/// What nodes are asked, and what they answered. In the leader's memory alone: nothing of it is worth a majority.
#[derive(Debug)]
pub(crate) struct Checkups {
    asked: Latest<Option<Checkup>>,
    answers: Latest<Answers>,
    /// What nodes said by themselves of the ways to others.
    paths: Mutex<BTreeMap<NodeId, Vec<PathReport>>>,
    /// One checkup at a time: nodes would only probe against each other.
    turn: tokio::sync::Mutex<()>,
}

impl Default for Checkups {
    fn default() -> Self {
        Self {
            asked: Latest::new(None),
            answers: Latest::new(Answers::default()),
            paths: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl Checkups {
    /// What is to be asked of all nodes.
    pub(crate) fn asked(&self) -> &Latest<Option<Checkup>> {
        &self.asked
    }

    /// Asks these nodes, and gives what those said that answered in time.
    pub(crate) async fn ask(
        &self,
        env: &Env,
        nodes: &BTreeSet<NodeId>,
        checkup: Checkup,
    ) -> BTreeMap<NodeId, Arc<Answer>> {
        let _turn = self.turn.lock().await;
        // 0 stands for what nodes say by themselves.
        let id = env.random().number().max(1);
        self.answers.set(Answers { checkup: id, nodes: BTreeMap::new() });
        self.asked.set(Some(Checkup { id, ..checkup }));
        let all = self.answers.wait_for(|answers| nodes.iter().all(|node| answers.nodes.contains_key(node)));
        // Who has not answered by then is silent.
        let _ = env.timeout(limits::DOCTOR_DEADLINE, all).await;
        self.asked.set(None);
        let mut answered = BTreeMap::new();
        self.answers.update(|answers| answered = std::mem::take(answers).nodes);
        answered
    }

    /// Takes a node's answer to the checkup with this id; one that is not waited for is forgotten.
    pub(crate) fn answered(&self, node: NodeId, checkup: u64, answer: Answer) {
        self.noted(node, answer.report.paths.clone());
        self.answers.update(|answers| {
            if answers.checkup == checkup {
                answers.nodes.insert(node, Arc::new(answer));
            }
        });
    }

    /// Notes what a node said of the ways to others; gives those that became worse or better.
    pub(crate) fn noted(&self, node: NodeId, paths: Vec<PathReport>) -> Vec<PathReport> {
        let mut known = self.lock();
        let before = known.get(&node).map(Vec::as_slice).unwrap_or_default();
        let news = |path: &&PathReport| match before.iter().find(|old| old.peer == path.peer) {
            Some(old) => !old.is_like(path),
            None => !path.is_sound(),
        };
        let changed = paths.iter().filter(news).cloned().collect();
        known.insert(node, paths);
        changed
    }

    /// What these nodes said last of the ways to others.
    pub(crate) fn known(&self, nodes: &BTreeSet<NodeId>) -> BTreeMap<NodeId, Arc<Answer>> {
        let known = self.lock();
        let answer = |paths: &Vec<PathReport>| {
            let report = NodeReport { paths: paths.clone(), ..NodeReport::default() };
            Arc::new(Answer { report, ..Answer::default() })
        };
        nodes.iter().filter_map(|node| Some((*node, answer(known.get(node)?)))).collect()
    }

    /// Forgets what nodes said that are not there any more.
    pub(crate) fn retain(&self, there: impl Fn(NodeId) -> bool) {
        self.lock().retain(|node, _| there(*node));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, Vec<PathReport>>> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
