//! The links between nodes: one for each ordered pair, so that a cut may be one-way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use skep_runtime::sim::spawn_outside;

use crate::chance::Chance;
use crate::site::Site;

/// How often a cut connection looks whether it is whole again.
const LOOK: Duration = Duration::from_millis(50);
/// How long a connection waits for one again before it breaks.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a retransmission takes.
const AGAIN: Duration = Duration::from_millis(150);
/// How long a sender hears nothing of what was lost.
const SILENCE: Duration = Duration::from_secs(20);

/// All bytes that come after a straggler on its connection wait for it, so there are fewer of them: one for so many messages.
const STRAGGLERS_RARER: u64 = 8;
/// The shortest and the longest time by which a straggler is later than other messages.
const STRAGGLES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(9));

/// How one link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The shortest delay.
    pub(crate) shortest: Duration,
    /// The longest delay; messages overtake each other within it.
    pub(crate) longest: Duration,
    /// Lost messages, in 100,000.
    pub(crate) loss: u64,
    /// Doubled messages, in 100,000.
    pub(crate) doubled: u64,
    /// Messages of which a packet is sent again and again, in 100,000: they arrive seconds after their time, when whoever sent
    /// them may have given up.
    pub(crate) straggling: u64,
    /// Nothing comes through.
    pub(crate) cut: bool,
}

/// A link as it should be.
pub(crate) const GOOD: Link = Link {
    shortest: Duration::from_micros(300),
    longest: Duration::from_millis(3),
    loss: 0,
    doubled: 0,
    straggling: 0,
    cut: false,
};

/// All links. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    links: Arc<Mutex<BTreeMap<(Site, Site), Link>>>,
    chance: Chance,
}

impl Network {
    /// Good links everywhere.
    pub(crate) fn new(chance: Chance) -> Self {
        Self { links: Arc::default(), chance }
    }

    /// The link from one node to another.
    pub(crate) fn link(&self, from: Site, to: Site) -> Link {
        self.lock().get(&(from, to)).copied().unwrap_or(GOOD)
    }

    /// Changes a link.
    pub(crate) fn change(&self, from: Site, to: Site, change: impl FnOnce(&mut Link)) {
        change(self.lock().entry((from, to)).or_insert(GOOD));
    }

    /// Makes every link good.
    pub(crate) fn heal(&self) {
        self.lock().clear();
    }

    /// Takes a message from one node to another: false when it was lost on the way.
    pub(crate) async fn carry(&self, from: Site, to: Site) -> bool {
        let link = self.link(from, to);
        let lost = self.chance.hits(link.loss);
        tokio::time::sleep(self.chance.between(link.shortest, link.longest)).await;
        if link.straggling > 0 && self.chance.hits(link.straggling) {
            tokio::time::sleep(self.chance.between(STRAGGLES.0, STRAGGLES.1)).await;
        }
        // Also a link that was cut on the way loses what is under way.
        !lost && !link.cut && !self.link(from, to).cut
    }

    /// How many copies of a message arrive if none is lost.
    pub(crate) fn copies(&self, from: Site, to: Site) -> usize {
        1 + usize::from(self.chance.hits(self.link(from, to).doubled))
    }

    /// Takes the next piece of a connection: what is lost is sent again, a cut is waited for. False when the connection broke.
    pub(crate) async fn stream(&self, from: Site, to: Site) -> bool {
        let link = self.link(from, to);
        tokio::time::sleep(self.chance.between(link.shortest, link.longest)).await;
        if self.chance.hits(link.loss) {
            tokio::time::sleep(AGAIN).await;
        }
        let mut waited = Duration::ZERO;
        while self.link(from, to).cut {
            if waited > PATIENCE {
                return false;
            }
            waited += LOOK;
            tokio::time::sleep(LOOK).await;
        }
        true
    }

    /// Takes the next bytes of a TCP connection: as `stream`, and now and then as late as a straggler. False when the
    /// connection broke.
    pub(crate) async fn bytes(&self, from: Site, to: Site) -> bool {
        let straggling = self.link(from, to).straggling / STRAGGLERS_RARER;
        if straggling > 0 && self.chance.hits(straggling) {
            tokio::time::sleep(self.chance.between(STRAGGLES.0, STRAGGLES.1)).await;
        }
        self.stream(from, to).await
    }

    /// A request and its answer. `serve` runs when the request arrives and gives what will answer, or nothing when nobody is
    /// there. None when there is no answer: at once when nobody was there, after a long silence when a message was lost.
    pub(crate) async fn exchange<T: Send + 'static>(
        &self,
        from: Site,
        to: Site,
        serve: impl FnOnce() -> Option<JoinHandle<T>> + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let network = self.clone();
        spawn_outside(async move {
            match network.both_ways(from, to, serve).await {
                Some(Some(result)) => drop(reply.send(result)),
                Some(None) => {}
                None => tokio::time::sleep(SILENCE).await,
            }
        });
        answer.await.ok()
    }

    /// None when something was lost, `Some(None)` when nobody was there.
    async fn both_ways<T: Send + 'static>(
        &self,
        from: Site,
        to: Site,
        serve: impl FnOnce() -> Option<JoinHandle<T>>,
    ) -> Option<Option<T>> {
        if !self.carry(from, to).await {
            return None;
        }
        let Some(serving) = serve() else { return Some(None) };
        let result = serving.await.ok()?;
        self.carry(to, from).await.then_some(Some(result))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Site, Site), Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
