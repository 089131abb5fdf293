/// A link to other nodes. Both work alike, side by side, and nothing of the one is ever taken for the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// VXLAN, for networks that are not encrypted.
    Plain,
    /// Frames for our own WireGuard, see `seal/`, for those that are.
    Sealed,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Plain, Self::Sealed];
    /// The bits of a link's group that both links share.
    pub(crate) const GROUP_MASK: u32 = !1;

    /// What the link is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "skep-vx",
            Self::Sealed => "skep-wg",
        }
    }

    /// The group of the link ("sv", "sw"); the rules match on it.
    pub(crate) fn group(self) -> u32 {
        match self {
            Self::Plain => 0x7376,
            Self::Sealed => 0x7377,
        }
    }

    /// What the hardware address of every end of the link starts with; locally administered. The last two bytes are those
    /// of the plain link's marks by either link: with them the rules remember where a connection came from.
    pub(crate) fn mac_prefix(self) -> [u8; 4] {
        let [first, second] = Self::Plain.mark_prefix();
        match self {
            Self::Plain => [0x02, 0x78, first, second],
            Self::Sealed => [0x02, 0x79, first, second],
        }
    }

    /// The first bytes of a mark that leads back by the link, as they lie in memory ("sk", "sl").
    pub(crate) fn mark_prefix(self) -> [u8; 2] {
        match self {
            Self::Plain => [0x73, 0x6b],
            Self::Sealed => [0x73, 0x6c],
        }
    }

    /// The upper half of the numbers of the routing tables that such marks lead to ("sk", "sl").
    pub(crate) fn table_prefix(self) -> u32 {
        match self {
            Self::Plain => 0x736b_0000,
            Self::Sealed => 0x736c_0000,
        }
    }
}
