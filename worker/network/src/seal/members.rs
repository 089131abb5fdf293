use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skep_model::TunnelKey;
use skep_model::limits::TUNNEL_KEY_FORMER_LIFE;

use super::channel::Channel;
use super::keys::Keys;
use super::member::Member;
use super::own_key::OwnKey;
use super::plan::{SealPeer, SealPlan};
use crate::host::tunnel::Number;

/// A session of newer keys has been there for so long when those of older ones are given up: what was on its way with them has
/// come.
const SETTLED: Duration = Duration::from_secs(5);
/// Numbers of channels have so many bits: WireGuard's indexes have 32, and each channel counts its sessions in eight of them.
const INDEX_BITS: u32 = 24;

/// The other nodes.
#[derive(Debug, Default)]
pub(super) struct Members {
    by_number: BTreeMap<Number, Member>,
    by_address: HashMap<Ipv4Addr, Number>,
    by_index: HashMap<u32, (Number, Arc<Channel>)>,
    last_index: u32,
}

impl Members {
    pub(super) fn get(&self, number: Number) -> Option<&Member> {
        self.by_number.get(&number)
    }

    /// Whose address it is.
    pub(super) fn at(&self, address: Ipv4Addr) -> Option<(Number, &Member)> {
        let number = *self.by_address.get(&address)?;
        Some((number, self.by_number.get(&number)?))
    }

    /// The channel of this node that WireGuard's index names.
    pub(super) fn channel(&self, number: Number, index: u32) -> Option<&Channel> {
        let (owner, channel) = self.by_index.get(&(index >> (u32::BITS - INDEX_BITS)))?;
        (*owner == number).then_some(&**channel)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Number, &Member)> {
        self.by_number.iter().map(|(number, member)| (*number, member))
    }

    pub(super) fn clear(&mut self) {
        *self = Self { last_index: self.last_index, ..Self::default() };
    }

    /// Makes the members those of the plan. Channels that there are already go on; those of a node's former key are kept until
    /// [`Self::trim`] finds them useless.
    pub(super) fn follow(&mut self, plan: &SealPlan, keys: &Keys) {
        let mut before = std::mem::take(&mut self.by_number);
        for (number, peer) in &plan.peers {
            let member = self.member(peer, before.remove(number), plan.known_key, keys);
            self.by_number.insert(*number, member);
        }
        self.index();
    }

    /// Gives up the channels of keys that are over: ours that do not count any more, and a node's former key once there is a
    /// session with its present one, or after a long time.
    pub(super) fn trim(&mut self, keys: &Keys) {
        for member in self.by_number.values_mut() {
            let counts = |key: TunnelKey| keys.all().any(|own| own.public == key);
            let present = member.channels.iter().any(|it| it.theirs == member.key && it.is_settled(SETTLED));
            let over = present || member.since.elapsed() >= TUNNEL_KEY_FORMER_LIFE;
            member.channels.retain(|it| counts(it.own) && (it.theirs == member.key || !over));
        }
        self.index();
    }

    /// Whether every node has a session with our present key.
    pub(super) fn all_know(&self, key: TunnelKey) -> bool {
        let knows =
            |member: &Member| member.channels.iter().any(|it| it.own == key && it.is_settled(SETTLED));
        self.by_number.values().all(knows)
    }

    fn member(
        &mut self,
        peer: &SealPeer,
        before: Option<Member>,
        known: Option<TunnelKey>,
        keys: &Keys,
    ) -> Member {
        let since = before.as_ref().filter(|it| it.key == peer.key).map_or_else(Instant::now, |it| it.since);
        let there = before.map(|member| member.channels).unwrap_or_default();
        let mut channel = |own: &OwnKey| {
            let same = there.iter().find(|it| it.own == own.public && it.theirs == peer.key);
            same.cloned().unwrap_or_else(|| {
                self.last_index = (self.last_index + 1) % (1 << INDEX_BITS);
                Arc::new(Channel::new(own, peer.key, self.last_index))
            })
        };
        let mut active = channel(keys.newest());
        let mut channels = vec![Arc::clone(&active)];
        channels.extend(keys.former().map(channel));
        // By a key that others do not know yet nobody answers.
        if let Some(usual) = channels.iter().find(|it| Some(it.own) == known) {
            active = Arc::clone(usual);
        }
        channels.extend(there.into_iter().filter(|it| it.theirs != peer.key && it.is_connected()));
        Member { address: peer.address, key: peer.key, since, channels, active }
    }

    fn index(&mut self) {
        self.by_address = self.by_number.iter().map(|(number, member)| (member.address, *number)).collect();
        let channels = self.by_number.iter().flat_map(|(number, member)| {
            member.channels.iter().map(|channel| (channel.index, (*number, Arc::clone(channel))))
        });
        self.by_index = channels.collect();
    }
}
