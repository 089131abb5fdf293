use super::{Balance, Key, Turn};
use crate::family::Family;
use crate::host::ruleset::{REFUSE, source};
use crate::nft::{Batch, Expression, Field, Register, Verdict};

/// One way in a chain to choose a task: one of so many, whatever service has so many. Which ones they are is in maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Chooser {
    /// The chain. Services that share one, and have as many tasks, take turns together: if connections to two of them came strictly
    /// one after the other, each service would see one half of its tasks used.
    pub(super) turn: Turn,
    /// Among so many; none are refused.
    count: u16,
    /// Whether it looks at the source.
    by_source: bool,
}

impl Chooser {
    /// The most targets among which can be chosen.
    pub(super) const MAX: u16 = u16::MAX;
    /// The bit of the numbers of those that look at the source.
    const BY_SOURCE: u32 = 1 << 16;

    /// What chooses for the key.
    pub(super) fn of(key: Key, balance: &Balance) -> Self {
        let count = u16::try_from(balance.targets.len()).unwrap_or(Self::MAX);
        Self { turn: Turn::of(key), count, by_source: balance.by_source }
    }

    /// Its number among those of the chain.
    pub(super) fn number(self) -> u32 {
        u32::from(self.count) | if self.by_source { Self::BY_SOURCE } else { 0 }
    }

    /// Whether the number is of one that looks at the source.
    pub(super) fn is_by_source(number: u32) -> bool {
        number & Self::BY_SOURCE != 0
    }

    /// Adds its rules to the chain: to the target whose turn it is, to the first if that one has just gone.
    pub(super) fn rules(self, batch: &mut Batch) {
        let chain = self.turn.name();
        let kind = self.turn.kind;
        let family = batch.family();
        let (mut mine, place) = kind.read(family);
        mine.push(Expression::Immediate { to: place, value: self.number().to_ne_bytes().to_vec() });
        mine.push(Expression::Member { set: kind.choices().name, from: Register(0), inverted: false });
        if self.count == 0 {
            mine.push(Expression::End(Verdict::Goto(REFUSE.into())));
            batch.rule(&chain, &mine);
            return;
        }
        // The key and a place fill no more than half of the registers.
        let (address, port) = (Register(8), Register(8 + Field::Address.length(family) / 4));
        let has_port = kind != super::Kind::Vip;
        let lead = [
            Expression::Map { set: kind.targets().name, from: Register(0), to: address },
            Expression::Dnat { address, port: has_port.then_some(port) },
        ];
        let first = || vec![Expression::Immediate { to: place, value: vec![0; 4] }];
        for choose in [self.choose(family, place).unwrap_or_else(first), first()] {
            batch.rule(&chain, &[mine.as_slice(), &choose, &lead].concat());
        }
    }

    /// What puts a place into the register; nothing when there is one only.
    fn choose(self, family: Family, to: Register) -> Option<Vec<Expression>> {
        let modulus = Some(u32::from(self.count)).filter(|count| *count > 1)?;
        let length = Field::Address.length(family);
        Some(if self.by_source {
            vec![source(family, to), Expression::Hash { from: to, length, modulus, to }]
        } else {
            vec![Expression::Next { modulus, to }]
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn each_chooser_of_a_chain_has_a_number_of_its_own() {
        let key = Key::Vip(Ipv4Addr::new(10, 0, 0, 1).into());
        let chooser = |count: usize, by_source| {
            let targets = vec![(Ipv4Addr::LOCALHOST.into(), None); count];
            Chooser::of(key, &Balance { targets, by_source })
        };
        let all = [(0, false), (1, false), (2, false), (2, true)].map(|(count, by)| chooser(count, by));
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| other.number() != one.number()));
        }
        assert_eq!(all.map(|one| Chooser::is_by_source(one.number())), [false, false, false, true]);
        assert_eq!(chooser(70_000, false).count, Chooser::MAX);
    }
}
