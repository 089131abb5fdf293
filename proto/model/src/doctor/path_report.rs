use crate::NodeId;

/// How packets pass from one node to another, through the tunnel between them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct PathReport {
    /// The other node.
    pub peer: NodeId,
    /// The biggest packet that the tunnel's link takes, in bytes.
    pub link_mtu: u32,
    /// The biggest packet that arrived, in bytes; 0 when none did.
    pub mtu: u32,
    /// The same for packets without a UDP checksum: where it is bigger, a network card makes wrong checksums.
    pub unchecked_mtu: u32,
    /// Packets of sizes that pass, which were sent.
    pub sent: u32,
    /// How many of these were answered.
    pub answered: u32,
    /// Whether content arrived that was not sent.
    pub altered: bool,
    /// The shortest round trip, in microseconds; 0 without an answer.
    pub round_trip_us: u64,
    /// Whether packets of the other node's own probes arrive here.
    pub heard: bool,
    /// Whether the other host answers outside the tunnel (ICMP echo).
    pub outside: bool,
}

impl PathReport {
    /// Whether nothing passes.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.mtu == 0 && self.unchecked_mtu == 0
    }

    /// Whether all passes, unaltered.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.mtu >= self.link_mtu && !self.altered
    }

    /// Whether another report says the same, but for times and single lost packets.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let state =
            |path: &Self| (path.peer, path.link_mtu, path.mtu, path.unchecked_mtu > path.mtu, path.altered);
        // What was heard and answered outside tells causes of silence only.
        let cause = |path: &Self| path.is_silent().then_some((path.heard, path.outside));
        state(self) == state(other) && cause(self) == cause(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> PathReport {
        PathReport {
            peer: NodeId::new(1),
            link_mtu: 1450,
            mtu: 1450,
            unchecked_mtu: 1450,
            sent: 10,
            answered: 10,
            altered: false,
            round_trip_us: 100,
            heard: true,
            outside: true,
        }
    }

    #[test]
    fn what_comes_and_goes_by_itself_is_no_news() {
        let path = sound();
        assert!(path.is_sound() && !path.is_silent());
        assert!(path.is_like(&PathReport { round_trip_us: 7, answered: 9, heard: false, ..sound() }));
        assert!(!path.is_like(&PathReport { mtu: 1400, ..sound() }));
        assert!(!path.is_like(&PathReport { altered: true, ..sound() }));
        let silent = PathReport { mtu: 0, unchecked_mtu: 0, ..sound() };
        assert!(silent.is_silent() && !silent.is_like(&PathReport { heard: false, ..silent.clone() }));
    }
}
