use crate::family::Family;
use crate::host::ruleset::{
    PUBLISHED, PUBLISHED_AT, PUBLISHED_AT_CHOOSERS, PUBLISHED_AT_TARGETS, PUBLISHED_CHOOSERS,
    PUBLISHED_TARGETS, VIP_CHOOSERS, VIP_TARGETS, VIPS, destination,
};
use crate::nft::{Base, Expression, Field, MetaKey, Register, Set};

/// The kinds of what leads to services: each has maps of its own, and its own way to tell from a packet what to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A virtual address.
    Vip = 1,
    /// A port on all addresses of the host.
    Port = 2,
    /// A port on one address of the host.
    PortAt = 3,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Vip, Self::Port, Self::PortAt];

    /// The map to the numbers of choosers.
    pub(crate) fn choosers(self) -> &'static Set {
        match self {
            Self::Vip => &VIPS,
            Self::Port => &PUBLISHED,
            Self::PortAt => &PUBLISHED_AT,
        }
    }

    /// The map from those numbers to chains.
    pub(crate) fn chains(self) -> &'static Set {
        match self {
            Self::Vip => &VIP_CHOOSERS,
            Self::Port => &PUBLISHED_CHOOSERS,
            Self::PortAt => &PUBLISHED_AT_CHOOSERS,
        }
    }

    /// The map to targets; behind the key stands a place among them.
    pub(crate) fn targets(self) -> &'static Set {
        match self {
            Self::Vip => &VIP_TARGETS,
            Self::Port => &PUBLISHED_TARGETS,
            Self::PortAt => &PUBLISHED_AT_TARGETS,
        }
    }

    /// How the key is read from a packet: registers from the first on, four bytes each. And the register behind it.
    pub(crate) fn read(self, family: Family) -> (Vec<Expression>, Register) {
        let mut behind = 0;
        let mut read = Vec::new();
        for field in self.choosers().fields {
            let to = Register(behind);
            behind += field.length(family) / 4;
            read.push(match field {
                Field::Address => destination(family, to),
                Field::Protocol => Expression::Meta { key: MetaKey::Layer4, to },
                _ => Expression::Payload { base: Base::Transport, offset: 2, length: 2, to },
            });
        }
        (read, Register(behind))
    }

    /// What the names of its chains start with.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vip => "vip",
            Self::Port => "port",
            Self::PortAt => "port-at",
        }
    }
}
