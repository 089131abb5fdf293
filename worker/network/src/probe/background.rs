use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use skep_model::limits::PROBE_PERIOD;
use skep_model::{NodeId, PathReport};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::Ground;
use super::measure::{Target, measure};
use super::station::{Station, random};
use crate::conntrack_room;
use crate::host::HostThread;

/// Ways that are measured at the same time.
const AT_ONCE: usize = 32;
/// How long after a node became known it is probed: it may hear of this one a little later.
const FIRST: Duration = Duration::from_secs(1);
/// How long after nothing passed it is tried again, before that is believed.
const AGAIN: Duration = Duration::from_secs(3);
/// How long ago probes count as heard when all nodes probe at one time.
const HEARD_NOW: Duration = Duration::from_secs(3);
/// The time between two tries whether small ways are mended though routers said otherwise: all the host's connections find
/// their packet size again then.
const FORGET_PERIOD: Duration = Duration::from_secs(300);
/// The time between two looks at the table of connections.
const ROOM_PERIOD: Duration = Duration::from_secs(60);

/// Probes the ways to all other nodes.
#[derive(Debug)]
pub(crate) struct Prober {
    shared: Arc<Shared>,
    probing: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    host: Weak<HostThread>,
    state: Mutex<State>,
    /// The ways as they were measured last, and how often they changed.
    known: watch::Sender<(u64, BTreeMap<NodeId, PathReport>)>,
    changed: Notify,
    room: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct State {
    ground: Option<Ground>,
    station: Option<Arc<Station>>,
    /// When each way is probed next.
    due: BTreeMap<NodeId, Instant>,
    /// The ways on which nothing passed, once.
    suspected: BTreeMap<NodeId, u32>,
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.probing.abort();
    }
}

impl Prober {
    /// Starts on the current runtime, with nothing to probe.
    pub(crate) fn start(host: &Arc<HostThread>) -> Self {
        let shared = Arc::new(Shared {
            host: Arc::downgrade(host),
            state: Mutex::default(),
            known: watch::Sender::new((0, BTreeMap::new())),
            changed: Notify::new(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
        });
        let probing = tokio::spawn(run(Arc::clone(&shared)));
        Self { shared, probing }
    }

    /// Probes what there is from now on.
    pub(crate) async fn follow(&self, ground: Option<Ground>) {
        self.shared.follow(ground).await;
    }

    /// See [`crate::Network::next_paths`].
    pub(crate) async fn next(&self, seen: u64) -> (u64, Vec<PathReport>) {
        let mut known = self.shared.known.subscribe();
        let news = known.wait_for(|(version, _)| *version > seen).await.is_ok();
        if !news {
            // The sender lives as long as this.
            std::future::pending::<()>().await;
        }
        let now = known.borrow();
        (now.0, now.1.values().cloned().collect())
    }

    /// Measures all ways now.
    pub(crate) async fn measure_all(&self) -> Vec<PathReport> {
        self.shared.open_station().await;
        self.shared.forget_small_paths().await;
        let targets = self.shared.targets(|_| true, HEARD_NOW);
        let mut measured = self.shared.measure(targets).await;
        for path in &measured {
            self.shared.believe(path).await;
        }
        // What is not heard until all are measured is not there: others may have begun later.
        self.shared.hear(&mut measured);
        measured
    }

    /// Answers nobody any more.
    pub(crate) fn stop(&self) {
        *self.shared.state() = State::default();
    }
}

async fn run(shared: Arc<Shared>) {
    let mut room_due = Instant::now() + ROOM_PERIOD;
    let mut forget_due = Instant::now() + FORGET_PERIOD;
    loop {
        let next = shared.state().due.values().min().copied().unwrap_or(room_due).min(room_due);
        tokio::select! {
            () = shared.changed.notified() => continue,
            () = tokio::time::sleep_until(next.into()) => {}
        }
        if Instant::now() >= room_due {
            conntrack_room::warn_when_full();
            room_due = Instant::now() + ROOM_PERIOD;
        }
        if Instant::now() >= forget_due {
            shared.forget_small_paths().await;
            forget_due = Instant::now() + FORGET_PERIOD;
        }
        shared.open_station().await;
        let now = Instant::now();
        let targets = shared.targets(|due| due <= now, PROBE_PERIOD);
        for path in shared.measure(targets).await {
            shared.note(path).await;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn follow(&self, ground: Option<Ground>) {
        {
            let mut state = self.state();
            if state.ground == ground {
                return;
            }
            let stays = matches!((&state.ground, &ground), (Some(old), Some(new)) if old.same_place(new));
            if !stays {
                state.station = None;
            }
            let now = Instant::now();
            let peers = ground.as_ref().map(|ground| ground.peers.clone()).unwrap_or_default();
            let before = state.ground.as_ref().map(|ground| ground.peers.clone()).unwrap_or_default();
            state.due.retain(|node, _| peers.contains_key(node));
            state.suspected.retain(|node, _| peers.contains_key(node));
            for (node, peer) in &peers {
                if before.get(node) != Some(peer) || !stays {
                    state.due.insert(*node, now + FIRST.mul_f64(fraction()));
                }
            }
            state.ground = ground;
            self.known.send_if_modified(|(version, known)| {
                let count = known.len();
                known.retain(|node, _| peers.contains_key(node));
                let news = known.len() != count;
                *version += u64::from(news);
                news
            });
        }
        // At once, so that others are answered.
        self.open_station().await;
        self.changed.notify_one();
    }

    /// Opens the sockets if they are not; they may be refused while another program has the port.
    async fn open_station(&self) {
        let ground = self.state().ground.clone();
        let Some(ground) = ground.filter(|_| self.state().station.is_none()) else { return };
        let Some(host) = self.host.upgrade() else { return };
        let wanted = ground.clone();
        let opened = host.call(move |host| host.open_probe_sockets(&wanted)).await;
        let started = match opened {
            Ok((inside, outside)) => Station::start(inside, outside).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match started {
            Ok(station) => {
                let mut state = self.state();
                if state.ground.as_ref().is_some_and(|now| now.same_place(&ground)) {
                    state.station = Some(Arc::new(station));
                }
            }
            Err(error) => {
                tracing::warn!(error, "the ways to other nodes cannot be probed");
            }
        }
    }

    /// A way that is mended looks small for as long as the kernel remembers what routers said of it.
    async fn forget_small_paths(&self) {
        let Some(host) = self.host.upgrade() else { return };
        let forget = |host: &mut crate::host::Host| {
            if host.has_small_paths() { host.forget_path_mtus() } else { Ok(()) }
        };
        if let Err(error) = host.call(forget).await {
            tracing::warn!(%error, "ways that are mended may look small for ten minutes");
        }
    }

    fn targets(&self, due: impl Fn(Instant) -> bool, heard_within: Duration) -> Vec<Target> {
        let state = self.state();
        let Some(ground) = state.ground.as_ref() else { return Vec::new() };
        let wanted =
            ground.peers.iter().filter(|(node, _)| state.due.get(*node).is_some_and(|moment| due(*moment)));
        let target = |(node, (number, address)): (&NodeId, &(_, _))| Target {
            node: *node,
            number: *number,
            address: *address,
            link_mtu: ground.device.mtu,
            heard_within,
        };
        wanted.map(target).collect()
    }

    async fn measure(&self, targets: Vec<Target>) -> Vec<PathReport> {
        let station = self.state().station.clone();
        let Some(station) = station else {
            self.postpone(targets.iter().map(|target| target.node));
            return Vec::new();
        };
        let mut measuring = JoinSet::new();
        for target in targets {
            let (station, room) = (Arc::clone(&station), Arc::clone(&self.room));
            measuring.spawn(async move {
                // It is never closed.
                let _turn = room.acquire().await;
                measure(&station, target).await
            });
        }
        measuring.join_all().await
    }

    fn postpone(&self, nodes: impl Iterator<Item = NodeId>) {
        let mut state = self.state();
        for node in nodes {
            let next = Instant::now() + PROBE_PERIOD.mul_f64(1.0 - fraction() / 5.0);
            if let Some(due) = state.due.get_mut(&node) {
                *due = next;
            }
        }
    }

    /// Takes note of what was measured in the background; that nothing passes is only believed the second time.
    async fn note(&self, path: PathReport) {
        self.postpone(std::iter::once(path.peer));
        let doubtful = {
            let mut state = self.state();
            if path.is_silent() {
                let times = state.suspected.entry(path.peer).or_insert(0);
                *times += 1;
                let doubtful = *times == 1;
                if doubtful && let Some(due) = state.due.get_mut(&path.peer) {
                    *due = Instant::now() + AGAIN;
                }
                doubtful
            } else {
                state.suspected.remove(&path.peer);
                false
            }
        };
        if !doubtful {
            self.believe(&path).await;
        }
    }

    /// Has routes follow what was measured, and tells others when it is news.
    async fn believe(&self, path: &PathReport) {
        let number = {
            let state = self.state();
            let peer = state.ground.as_ref().and_then(|ground| ground.peers.get(&path.peer));
            let Some((number, _)) = peer else { return };
            *number
        };
        // Where nothing passes, nothing was learned of sizes.
        if path.mtu != 0
            && let Some(host) = self.host.upgrade()
        {
            let mtu = Some(path.mtu).filter(|mtu| *mtu < path.link_mtu);
            match host.call(move |host| host.set_path_mtu(number, mtu)).await {
                Ok(true) => {
                    tracing::info!(node = %path.peer, mtu = path.mtu, "packets to the node have this size from now on")
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(node = %path.peer, %error, "the routes to the node keep their packet size")
                }
            }
        }
        self.known.send_if_modified(|(version, known)| match known.get(&path.peer) {
            Some(before) if before.is_like(path) => false,
            before => {
                if !path.is_sound() || before.is_some() {
                    tracing::info!(node = %path.peer, mtu = path.mtu, altered = path.altered, "the way to the node changed");
                }
                known.insert(path.peer, path.clone());
                *version += 1;
                true
            }
        });
    }

    fn hear(&self, measured: &mut [PathReport]) {
        let state = self.state();
        let (Some(ground), Some(station)) = (&state.ground, &state.station) else { return };
        for path in measured {
            let peer = ground.peers.get(&path.peer);
            path.heard |= peer.is_some_and(|(number, _)| station.has_heard(*number, HEARD_NOW));
        }
    }
}

/// From 0 to 1, at random.
fn fraction() -> f64 {
    f64::from(u32::try_from(random() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}
