//! The expressions that rules are made of.

use crate::netlink::Message;

/// Where an expression puts or finds a value: sixteen registers of four bytes, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Register(pub(crate) u32);

impl Register {
    /// `NFT_REG32_00` and up; the four-byte registers overlay the sixteen-byte ones.
    pub(super) fn number(self) -> u32 {
        8 + self.0
    }
}

/// `NFT_META_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetaKey {
    Mark = 3,
    InterfaceIn = 4,
    Layer4 = 16,
    GroupIn = 21,
    GroupOut = 22,
}

/// `NFT_CT_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CtKey {
    State = 0,
    Direction = 1,
    Status = 2,
    Mark = 3,
    Zone = 17,
    SourceIpv4 = 19,
    DestinationIpv4 = 20,
    SourceIpv6 = 21,
    DestinationIpv6 = 22,
}

/// Where a payload's offset counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Link = 0,
    Network = 1,
    Transport = 2,
}

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Drop,
    Accept,
    Goto(String),
    /// There and, if nothing is decided there, back.
    Jump(String),
}

impl Verdict {
    /// `NFTA_VERDICT_*` into a data attribute.
    pub(crate) fn encode(&self, message: &mut Message) {
        let code: i32 = match self {
            Self::Drop => 0,
            Self::Accept => 1,
            Self::Jump(_) => -3,
            Self::Goto(_) => -4,
        };
        message.nest(2, |verdict| {
            verdict.be32(1, code.cast_unsigned());
            if let Self::Goto(chain) | Self::Jump(chain) = self {
                verdict.text(2, chain);
            }
        });
    }
}

/// One step of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    Meta {
        key: MetaKey,
        to: Register,
    },
    /// Gives the packet what is in the register.
    SetMeta {
        key: MetaKey,
        from: Register,
    },
    Ct {
        key: CtKey,
        to: Register,
    },
    /// The address that the packet's connection leads to after all translation: the source of its replies.
    LeadsTo {
        to: Register,
    },
    /// The address that the packet's connection was to lead to before any translation.
    AskedFor {
        to: Register,
    },
    /// Gives the packet's connection what is in the register.
    SetCt {
        key: CtKey,
        from: Register,
    },
    /// The zone in which the packet is looked up as the first side of a connection (replies are looked up in zone 0);
    /// before connection tracking has seen it.
    SetOriginalZone {
        from: Register,
    },
    Payload {
        base: Base,
        offset: u32,
        length: u32,
        to: Register,
    },
    /// The next hop of the packet's route; the destination itself when that is on the link.
    NextHop {
        to: Register,
    },
    /// The kind of the destination address (`RTN_*`), host order.
    DestinationKind {
        to: Register,
    },
    /// The same for the source address.
    SourceKind {
        to: Register,
    },
    /// Goes on only when the register holds `value` (or, not `equal`, when it does not).
    Compare {
        from: Register,
        equal: bool,
        value: Vec<u8>,
    },
    Mask {
        register: Register,
        mask: Vec<u8>,
    },
    /// Turns over these bits.
    Flip {
        register: Register,
        bits: Vec<u8>,
    },
    /// A named set: goes on when the key is in it (or, `inverted`, when not).
    Member {
        set: &'static str,
        from: Register,
        inverted: bool,
    },
    /// A named map: goes on, with what it gives, when the key is in it.
    Map {
        set: &'static str,
        from: Register,
        to: Register,
    },
    /// A named map to verdicts.
    VerdictMap {
        set: &'static str,
        from: Register,
    },
    Immediate {
        to: Register,
        value: Vec<u8>,
    },
    /// 0, 1, ... below `modulus`, the next one for each packet; host order.
    Next {
        modulus: u32,
        to: Register,
    },
    /// The hash of `length` bytes, modulo `modulus`; host order. Everywhere the same.
    Hash {
        from: Register,
        length: u32,
        modulus: u32,
        to: Register,
    },
    /// To the address in the register and, when asked, the port in the next one.
    Dnat {
        address: Register,
        port: Option<Register>,
    },
    /// From the address in the register.
    Snat {
        address: Register,
    },
    Masquerade,
    /// The packet is not tracked as part of a connection; before connection tracking has seen it.
    NoTrack,
    RejectReset,
    /// An ICMP port unreachable.
    RejectPort,
    End(Verdict),
}
