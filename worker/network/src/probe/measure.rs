use std::net::Ipv4Addr;
use std::time::Duration;

use skep_model::{NodeId, PathReport};

use super::sizes::Sizes;
use super::station::{Answered, Station, Try};
use crate::host::tunnel::Number;

/// A small packet, in bytes: whatever passes at all lets it pass.
const SMALL: u32 = 128;
/// Packets of one size in a burst.
const EACH: usize = 4;
/// How often a burst is repeated for those sizes of which nothing came: loss is told from blockage by that.
const BURSTS: usize = 4;
/// How long an answer may take, before one has come.
const PATIENCE_FIRST: Duration = Duration::from_millis(500);
/// The shortest time that is waited for an answer: a busy host takes its time.
const PATIENCE_SHORTEST: Duration = Duration::from_millis(200);
/// ICMP echoes that are sent to a host that is silent within the tunnel.
const ECHOES: usize = 3;

/// Packets of one kind: how big, and with a checksum or without.
#[derive(Clone, Copy, Debug)]
struct Class {
    size: u32,
    checked: bool,
    sent: u32,
    answered: u32,
}

impl Class {
    fn new(size: u32, checked: bool) -> Self {
        Self { size, checked, sent: 0, answered: 0 }
    }

    fn passes(&self) -> bool {
        self.answered > 0
    }
}

/// One node, to be measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) node: NodeId,
    pub(super) number: Number,
    pub(super) address: Ipv4Addr,
    pub(super) link_mtu: u32,
    /// How long ago its own probes count as heard now.
    pub(super) heard_within: Duration,
}

/// What is known so far.
struct Measuring<'a> {
    station: &'a Station,
    target: Target,
    altered: bool,
    shortest: Option<Duration>,
}

/// Measures the way to a node. Takes a round trip when all is well, and a few seconds when nothing passes.
pub(super) async fn measure(station: &Station, target: Target) -> PathReport {
    let mut own = Measuring { station, target, altered: false, shortest: None };
    let full = target.link_mtu;
    let mut classes = [
        Class::new(SMALL, true),
        Class::new(full, true),
        // Checksums of odd lengths are made in another way.
        Class::new(full.saturating_sub(1), true),
        Class::new(SMALL, false),
        Class::new(full, false),
    ];
    for round in 0..BURSTS {
        // Those without checksums tell why others do not come.
        let tried = if round == 0 { 0..3 } else { 0..5 };
        own.burst(&mut classes[tried]).await;
        if classes[..3].iter().all(Class::passes) {
            break;
        }
    }
    let [small, whole, odd, small_unchecked, whole_unchecked] = classes;
    let biggest =
        |classes: &[Class]| classes.iter().filter(|class| class.passes()).map(|class| class.size).max();
    let mut mtu = biggest(&[small, whole]).unwrap_or(0);
    let unchecked_mtu = biggest(&[small_unchecked, whole_unchecked]).unwrap_or(0).max(mtu);
    if mtu == SMALL && unchecked_mtu == SMALL {
        mtu = own.search().await;
    }
    let counted = [small, whole].into_iter().filter(Class::passes);
    let (sent, answered) =
        counted.fold((0, 0), |(sent, answered), class| (sent + class.sent, answered + class.answered));
    let silent = mtu == 0 && unchecked_mtu == 0;
    PathReport {
        peer: target.node,
        link_mtu: full,
        mtu,
        unchecked_mtu: unchecked_mtu.max(mtu),
        sent,
        answered,
        altered: own.altered || (whole.passes() && !odd.passes()),
        round_trip_us: own.shortest.map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
        heard: station.has_heard(target.number, target.heard_within),
        outside: !silent || station.echoes(target.address, ECHOES, PATIENCE_SHORTEST).await,
    }
}

impl Measuring<'_> {
    fn patience(&self) -> Duration {
        self.shortest.map_or(PATIENCE_FIRST, |time| (time * 3).max(PATIENCE_SHORTEST))
    }

    fn note(&mut self, answer: Answered) {
        self.altered |= !answer.intact;
        self.shortest = Some(self.shortest.map_or(answer.round_trip, |time| time.min(answer.round_trip)));
    }

    /// Sends some of every class of which nothing came yet.
    async fn burst(&mut self, classes: &mut [Class]) {
        let open: Vec<usize> = (0..classes.len()).filter(|at| !classes[*at].passes()).collect();
        let tries = open.iter().map(|at| Try { size: classes[*at].size, checked: classes[*at].checked });
        let tries: Vec<Try> = tries.flat_map(|one| [one; EACH]).collect();
        let outcomes = self.station.burst(self.target.number, &tries, self.patience()).await;
        for (answer, at) in outcomes.into_iter().zip(open.iter().flat_map(|at| [*at; EACH])) {
            classes[at].sent += 1;
            if let Some(answer) = answer {
                classes[at].answered += 1;
                self.note(answer);
            }
        }
    }

    /// The biggest packet that arrives, when small ones do and full ones do not.
    async fn search(&mut self) -> u32 {
        let mut sizes = Sizes { passes: SMALL, fails: self.target.link_mtu };
        loop {
            let tried = sizes.next();
            if tried.is_empty() {
                return sizes.passes;
            }
            let tries = tried.iter().map(|size| Try { size: *size, checked: true });
            let tries: Vec<Try> = tries.flat_map(|one| [one; EACH]).collect();
            let outcomes = self.station.burst(self.target.number, &tries, self.patience()).await;
            let arrived = outcomes.iter().zip(&tries).filter(|(answer, _)| answer.is_some());
            let arrived: Vec<u32> = arrived.map(|(_, packet)| packet.size).collect();
            outcomes.into_iter().flatten().for_each(|answer| self.note(answer));
            sizes = sizes.narrowed(&tried, &arrived);
        }
    }
}
