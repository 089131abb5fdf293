use std::net::Ipv4Addr;

use crate::host::ruleset::REFUSE;
use crate::nft::{Base, Batch, Expression, Register, Verdict};

/// Where a chain leads: an address, and a port unless the port stays.
pub(crate) type Target = (Ipv4Addr, Option<u16>);

/// What a service chain does with a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Where it may be led; nowhere refuses it.
    pub(crate) targets: Vec<Target>,
    /// Whether connections from one address are led to one target, as long as the targets stay; else to one after the other.
    pub(crate) by_source: bool,
}

impl Chain {
    /// What is not the chain of any service: what a former daemon left is believed to be so.
    pub(crate) fn unknown() -> Self {
        Self { targets: vec![(Ipv4Addr::UNSPECIFIED, None)], by_source: false }
    }

    /// Adds its rules: refuse, or to the targets.
    ///
    /// In turn: of n targets the first rule takes every n-th connection, the second every (n-1)-th of the rest, and so on, so
    /// that each target gets exactly its share. By source: rule i takes those whose source's hash modulo n is i.
    pub(crate) fn rules(&self, name: &str, batch: &mut Batch) {
        let (to, port) = (Register(0), Register(1));
        if self.targets.is_empty() {
            batch.rule(name, &[Expression::End(Verdict::Goto(REFUSE.into()))]);
        }
        let count = u32::try_from(self.targets.len()).unwrap_or(u32::MAX);
        for (at, (address, number)) in (0..count).zip(&self.targets) {
            let mut rule = Vec::new();
            // The last takes what is left.
            if at + 1 < count {
                rule.extend(if self.by_source { source_is(at, count, to) } else { turn_of(count - at, to) });
            }
            rule.push(Expression::Immediate { to, value: address.octets().to_vec() });
            rule.extend(number.map(|n| Expression::Immediate { to: port, value: n.to_be_bytes().to_vec() }));
            rule.push(Expression::Dnat { address: to, port: number.is_some().then_some(port) });
            batch.rule(name, &rule);
        }
    }
}

fn turn_of(modulus: u32, to: Register) -> Vec<Expression> {
    let first = Expression::Compare { from: to, equal: true, value: vec![0; 4] };
    vec![Expression::Next { modulus, to }, first]
}

fn source_is(share: u32, modulus: u32, to: Register) -> Vec<Expression> {
    vec![
        Expression::Payload { base: Base::Network, offset: 12, length: 4, to },
        Expression::Hash { from: to, length: 4, modulus, to },
        Expression::Compare { from: to, equal: true, value: share.to_ne_bytes().to_vec() },
    ]
}
