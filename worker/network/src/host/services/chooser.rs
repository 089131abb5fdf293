use super::{Balance, Key, Kind};
use crate::family::Family;
use crate::host::ruleset::{REFUSE, source};
use crate::nft::{Batch, Element, Expression, Field, Register, Set, Verdict};

/// How many choosers by turn there are for a number of targets at most. Those of two services with one chooser share its turn: if
/// connections to both came strictly one after the other, each service would see one half of its tasks used.
const TURNS: u32 = 256;

/// A chain that leads a connection to one of so many targets, of whatever has so many: which ones they are is in maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Chooser {
    kind: Kind,
    count: u16,
    /// Whose turn it counts; none when it looks at the source.
    turn: Option<u16>,
}

impl Chooser {
    /// The number of what refuses.
    pub(crate) const NOTHING: u32 = 0;
    /// The most targets among which can be chosen.
    pub(crate) const MAX: u16 = u16::MAX;
    /// The bit of the numbers of those that look at the source.
    const BY_SOURCE: u32 = 1 << 26;

    /// What chooses for the key; none where there is nothing to choose from.
    pub(crate) fn of(key: Key, balance: &Balance) -> Option<Self> {
        let count = u16::try_from(balance.targets.len()).unwrap_or(Self::MAX);
        let turn = u16::try_from(spread(&key.bytes()) % TURNS).unwrap_or(0);
        (count > 0).then_some(Self { kind: key.kind(), count, turn: (!balance.by_source).then_some(turn) })
    }

    /// Its number: kind, turn, count.
    pub(crate) fn number(self) -> u32 {
        let turn = self.turn.map_or(Self::BY_SOURCE, |turn| u32::from(turn) << 16);
        ((self.kind as u32) << 28) | turn | u32::from(self.count)
    }

    /// Whether the number is of one that looks at the source.
    pub(crate) fn is_by_source(number: u32) -> bool {
        number & Self::BY_SOURCE != 0
    }

    /// The element that leads to what refuses.
    pub(crate) fn nothing() -> Element {
        Element::Chain { key: Self::NOTHING.to_ne_bytes().to_vec(), chain: REFUSE.into() }
    }

    /// The map that leads to it.
    pub(crate) fn chains(self) -> &'static Set {
        self.kind.chains()
    }

    /// The element that leads to it.
    pub(crate) fn element(self) -> Element {
        Element::Chain { key: self.number().to_ne_bytes().to_vec(), chain: self.name() }
    }

    /// The name of its chain.
    pub(crate) fn name(self) -> String {
        let (kind, count) = (self.kind.name(), self.count);
        match self.turn {
            Some(turn) => format!("{kind}-{count}-{turn}"),
            None => format!("{kind}-{count}-source"),
        }
    }

    /// Adds its chain: to the target whose turn it is, to the first if that one has just gone, else refused.
    pub(crate) fn make(self, batch: &mut Batch) {
        let name = self.name();
        batch.chain(&name, None);
        let family = batch.family();
        let (read, place) = self.kind.read(family);
        // The key and a place fill no more than half of the registers.
        let (address, port) = (Register(8), Register(8 + Field::Address.length(family) / 4));
        let lead = [
            Expression::Map { set: self.kind.targets().name, from: Register(0), to: address },
            Expression::Dnat { address, port: (self.kind != Kind::Vip).then_some(port) },
        ];
        let first = || vec![Expression::Immediate { to: place, value: vec![0; 4] }];
        for choose in [self.choose(family, place).unwrap_or_else(first), first()] {
            batch.rule(&name, &[read.as_slice(), &choose, &lead].concat());
        }
        batch.rule(&name, &[Expression::End(Verdict::Goto(REFUSE.into()))]);
    }

    /// What puts a place into the register; nothing when there is one only.
    fn choose(self, family: Family, to: Register) -> Option<Vec<Expression>> {
        let modulus = Some(u32::from(self.count)).filter(|count| *count > 1)?;
        let length = Field::Address.length(family);
        Some(match self.turn {
            Some(_) => vec![Expression::Next { modulus, to }],
            None => vec![source(family, to), Expression::Hash { from: to, length, modulus, to }],
        })
    }
}

/// 32 bits of FNV-1a: keys that follow each other come to different places.
fn spread(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn each_chooser_has_a_number_and_a_name_of_its_own() {
        let balance = |count: usize, by_source| Balance {
            targets: vec![(Ipv4Addr::LOCALHOST.into(), None); count],
            by_source,
        };
        let key = |last| Key::Vip(Ipv4Addr::new(10, 0, 0, last).into());
        let chooser = |last, count, by_source| Chooser::of(key(last), &balance(count, by_source));
        assert_eq!(chooser(1, 0, false), None);
        let all = [chooser(1, 1, false), chooser(1, 2, false), chooser(2, 2, false), chooser(2, 2, true)];
        for (at, one) in all.iter().flatten().enumerate() {
            for other in all.iter().flatten().skip(at + 1) {
                assert_ne!((one.number(), one.name()), (other.number(), other.name()));
            }
        }
        assert_eq!(chooser(1, 2, true), chooser(2, 2, true));
        let by_source = |one: &Chooser| Chooser::is_by_source(one.number());
        assert_eq!(all.iter().flatten().filter(|one| by_source(one)).count(), 1);
        assert_eq!(chooser(1, 70_000, false).map(|one| one.count), Some(Chooser::MAX));
    }
}
