use crate::family::{Family, octets};
use crate::host::ruleset::{
    PUBLISHED, PUBLISHED_AT, PUBLISHED_AT_TARGETS, PUBLISHED_AT_TURNS, PUBLISHED_TARGETS, PUBLISHED_TURNS,
    VIP_TARGETS, VIP_TURNS, VIPS, destination,
};
use crate::nft::{Base, Expression, Field, MetaKey, Register, Set};

/// The kinds of what leads to services: each has maps of its own, and its own way to tell from a packet what to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A virtual address.
    Vip,
    /// A port on all addresses of the host.
    Port,
    /// A port on one address of the host.
    PortAt,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Vip, Self::Port, Self::PortAt];

    /// The set that tells how a task is chosen: that stands behind the key.
    pub(crate) fn choices(self) -> &'static Set {
        match self {
            Self::Vip => &VIPS,
            Self::Port => &PUBLISHED,
            Self::PortAt => &PUBLISHED_AT,
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

    /// The map to chains that choose.
    pub(crate) fn turns(self) -> &'static Set {
        match self {
            Self::Vip => &VIP_TURNS,
            Self::Port => &PUBLISHED_TURNS,
            Self::PortAt => &PUBLISHED_AT_TURNS,
        }
    }

    /// How the key is read from a packet: registers from the first on, four bytes each. And the register behind it, for what stands
    /// behind the key in sets and maps.
    pub(super) fn read(self, family: Family) -> (Vec<Expression>, Register) {
        let mut behind = 0;
        let mut read = Vec::new();
        for field in self.choices().fields {
            let to = Register(behind);
            read.push(match field {
                Field::Address => destination(family, to),
                Field::Protocol => Expression::Meta { key: MetaKey::Layer4, to },
                Field::Port => port(to),
                _ => break,
            });
            behind += field.length(family) / 4;
        }
        (read, Register(behind))
    }

    /// Leads a packet to the chain that chooses for what it asks for, by the last byte of that.
    pub(crate) fn find_turn(self, family: Family) -> Vec<Expression> {
        let register = Register(0);
        let read = match self {
            Self::Vip => destination(family, register),
            Self::Port | Self::PortAt => port(register),
        };
        let mask = self.turn_key(family, u8::MAX);
        let find = Expression::VerdictMap { set: self.turns().name, from: register };
        vec![read, Expression::Mask { register, mask }, find]
    }

    /// A last byte as it stands in the map of [`Self::turns`].
    pub(super) fn turn_key(self, family: Family, last: u8) -> Vec<u8> {
        let mut key = match self {
            Self::Vip => octets(family.unspecified()),
            Self::Port | Self::PortAt => vec![0, 0],
        };
        if let Some(byte) = key.last_mut() {
            *byte = last;
        }
        key
    }

    /// What the names of its chains start with.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Vip => "vip",
            Self::Port => "port",
            Self::PortAt => "port-at",
        }
    }
}

fn port(to: Register) -> Expression {
    Expression::Payload { base: Base::Transport, offset: 2, length: 2, to }
}
