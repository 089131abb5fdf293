//! Does to the cluster whatever a bad week does, under one stream of random numbers.

use std::sync::Arc;
use std::time::Duration;

use skep_executor::fake::FakeContainer;

use crate::chance::Chance;
use crate::drain;
use crate::freeze;
use crate::membership;
use crate::network::Link;
use crate::recovery;
use crate::site::Site;
use crate::world::{Stream, World};

/// How long a leadership transfer may take.
const TRANSFER_LIMIT: Duration = Duration::from_secs(3);

/// The one that does it.
pub(crate) struct Nemesis {
    world: Arc<World>,
    chance: Chance,
    /// The number of the next fresh member.
    next_member: u64,
}

impl Nemesis {
    /// A nemesis that has done nothing yet.
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self { world: Arc::clone(world), chance: world.stream(Stream::Nemesis, 0), next_member: 100 }
    }

    /// Works for so long.
    pub(crate) async fn run(mut self, limit: Duration) {
        loop {
            tokio::time::sleep(self.chance.millis(100, 1_800)).await;
            if self.world.events.elapsed() >= limit {
                return;
            }
            match self.chance.below(100) {
                0..=8 => self.crash_manager(),
                9..=15 => self.crash_leader(),
                16..=17 => self.crash_all(),
                18..=24 => self.crash_agent(),
                25..=34 => self.cut(),
                35..=42 => self.isolate(),
                43..=53 => self.worsen(),
                54..=57 => self.straggle(),
                58..=67 => self.repair(),
                68..=74 => freeze::freeze(&self.world, self.victim(), self.chance.millis(100, 9_000)),
                75..=77 => freeze::fill_disk(&self.world, self.manager(), self.chance.millis(200, 12_000)),
                78..=82 => self.transfer().await,
                83..=86 => self.replace_member().await,
                87..=89 => drain::drain(&self.world, self.agent()).await,
                90..=94 => self.skew(),
                95 => self.recover().await,
                _ => self.end_container(),
            }
        }
    }

    fn manager(&self) -> usize {
        self.chance.below(self.world.managers.count() as u64) as usize
    }

    fn agent(&self) -> usize {
        self.chance.below(self.world.agents.count() as u64) as usize
    }

    fn sites(&self) -> Vec<Site> {
        let managers = (0..self.world.managers.count()).map(Site::Manager);
        managers.chain((0..self.world.agents.count()).map(Site::Agent)).collect()
    }

    /// One that talks to many: more often a manager than an agent.
    fn site(&self) -> Site {
        if self.chance.below(3) > 0 { Site::Manager(self.manager()) } else { Site::Agent(self.agent()) }
    }

    /// One to be frozen: often the leader, since that is what others wait for.
    fn victim(&self) -> Site {
        let leader = self.world.managers.leader().filter(|_| self.chance.below(3) == 0);
        leader.map_or_else(|| self.site(), |leader| leader.site)
    }

    fn crash_manager(&self) {
        let index = self.manager();
        self.world.events.note(format_args!("crash m{index}"));
        self.world.managers.crash(index);
    }

    fn crash_leader(&self) {
        let Some(leader) = self.world.managers.leader() else { return };
        self.world.events.note(format_args!("crash leader {}", leader.site));
        leader.life.kill();
    }

    fn crash_all(&self) {
        self.world.events.note(format_args!("crash all managers"));
        (0..self.world.managers.count()).for_each(|index| self.world.managers.crash(index));
    }

    fn crash_agent(&self) {
        let (index, with_machine) = (self.agent(), self.chance.below(3) == 0);
        let what = if with_machine { "machine of " } else { "" };
        self.world.events.note(format_args!("crash {what}a{index}"));
        self.world.agents.crash(index, with_machine);
    }

    fn cut(&self) {
        let (from, to) = (self.site(), Site::Manager(self.manager()));
        let (from, to) = if self.chance.below(2) == 0 { (from, to) } else { (to, from) };
        self.world.events.note(format_args!("cut {from} -> {to}"));
        self.world.network.change(from, to, |link| link.cut = true);
    }

    fn isolate(&self) {
        let (site, way) = (self.site(), self.chance.below(3));
        self.world.events.note(format_args!("isolate {site} ({})", ["in", "out", "both"][way as usize]));
        for other in self.sites() {
            if way != 1 {
                self.world.network.change(other, site, |link| link.cut = true);
            }
            if way != 0 {
                self.world.network.change(site, other, |link| link.cut = true);
            }
        }
    }

    fn worsen(&self) {
        let (from, to) = (self.site(), Site::Manager(self.manager()));
        // Now and then so slow that what was sent in one session arrives in the next.
        let longest = if self.chance.below(4) == 0 {
            self.chance.millis(400, 3_000)
        } else {
            self.chance.millis(1, 400)
        };
        let shortest = self.chance.between(Duration::from_micros(100), longest);
        let (loss, doubled) = (self.chance.below(30_000), self.chance.below(20_000));
        self.world.events.note(format_args!("worsen {from} <-> {to} to {longest:?}, loss {loss}"));
        for (from, to) in [(from, to), (to, from)] {
            self.world.network.change(from, to, |link| {
                *link = Link { shortest, longest, loss, doubled, ..*link };
            });
        }
    }

    fn straggle(&self) {
        let (site, straggling) = (self.site(), 5_000 + self.chance.below(40_000));
        self.world.events.note(format_args!("stragglers from and to {site}, {straggling}"));
        for other in (0..self.world.managers.count()).map(Site::Manager).filter(|other| *other != site) {
            self.world.network.change(site, other, |link| link.straggling = straggling);
            self.world.network.change(other, site, |link| link.straggling = straggling);
        }
    }

    fn repair(&self) {
        self.world.events.note(format_args!("repair the network"));
        self.world.network.heal();
    }

    async fn transfer(&self) {
        let Some(leader) = self.world.managers.leader() else { return };
        let to = self.world.managers.raft_id(self.manager());
        self.world.events.note(format_args!("transfer from {} to member {to}", leader.site));
        let core = Arc::clone(&leader.core);
        let transferring =
            leader.life.spawn(async move { core.raft().transfer_leader(to, TRANSFER_LIMIT).await });
        let done = matches!(transferring.await, Ok(Ok(())));
        self.world.events.note(format_args!("transferred: {done}"));
    }

    async fn replace_member(&mut self) {
        let index = self.manager();
        self.next_member += 1;
        membership::replace(&self.world, index, self.next_member).await;
    }

    /// At most once in a run, since for a while nobody can do anything.
    async fn recover(&mut self) {
        if self.world.managers.epoch() == 0 {
            let next_id = self.next_member + 1;
            self.next_member += 10;
            recovery::recover(&self.world, next_id).await;
        }
    }

    fn skew(&self) {
        let site = self.site();
        let by = i64::try_from(self.chance.below(6_000)).unwrap_or_default() - 3_000;
        let fast = i64::try_from(self.chance.below(1_000)).unwrap_or_default() - 500;
        let clock = match site {
            Site::Manager(index) => self.world.managers.clock(index),
            Site::Agent(index) => self.world.agents.clock(index),
        };
        self.world.events.note(format_args!("set the clock of {site} by {by} ms, rate {fast} ppm"));
        if let Some(clock) = clock {
            clock.skew(by, fast);
        }
    }

    fn end_container(&self) {
        let machines = self.world.agents.machines();
        let Some((node, machine)) = self.chance.pick(&machines) else { return };
        let containers = machine.containers().into_iter();
        let running: Vec<_> = containers.filter(|(_, state)| *state == FakeContainer::Running).collect();
        let Some((task, _)) = self.chance.pick(&running) else { return };
        let code = i32::try_from(self.chance.below(2)).unwrap_or_default();
        self.world.events.note(format_args!("container of {task} on {node} ends with {code}"));
        machine.end(*task, code);
    }
}
