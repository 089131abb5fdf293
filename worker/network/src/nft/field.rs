use crate::family::Family;

/// A part of a set's key, or of what a map gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// An address of the table's family.
    Address,
    /// A link's index.
    Link,
    /// A transport protocol.
    Protocol,
    /// A port.
    Port,
    /// Four bytes of this machine's order (to the `nft` program, a mark).
    Number,
}

impl Field {
    /// Its bytes in a register; a multiple of four.
    pub(crate) fn length(self, family: Family) -> u32 {
        match self {
            Self::Address => u32::from(family.bits()) / 8,
            _ => 4,
        }
    }

    /// The `nft` program's number of the type; only for its listing.
    pub(super) fn kind(self, family: Family) -> u32 {
        match (self, family) {
            (Self::Address, Family::V4) => 7,
            (Self::Address, Family::V6) => 8,
            (Self::Protocol, _) => 12,
            (Self::Port, _) => 13,
            (Self::Number, _) => 19,
            (Self::Link, _) => 20,
        }
    }
}
