//! What is between the two ends of a connection.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};

use skep_runtime::sim::spawn_outside;

use crate::network::Network;
use crate::site::Site;

/// What a pipe holds of what was written and has not left: more than HTTP/2 lets be under way.
const HELD_BYTES: usize = 8 << 20;
/// The most that travels at once.
const PIECE_BYTES: usize = 64 << 10;

/// Joins two nodes: gives the ends for both.
pub(super) fn join(network: &Network, one: Site, other: Site) -> (DuplexStream, DuplexStream) {
    let (own, near) = duplex(HELD_BYTES);
    let (far, theirs) = duplex(HELD_BYTES);
    let network = network.clone();
    spawn_outside(async move {
        let ((from_one, to_one), (from_other, to_other)) = (split(near), split(far));
        let there = carry(&network, (one, other), from_one, to_other);
        let back = carry(&network, (other, one), from_other, to_one);
        // One that breaks ends both; one that is closed lets the other go on.
        drop(futures::future::try_join(there, back).await);
    });
    (own, theirs)
}

/// Takes bytes one way, in order, until no more come; what was written before an end was closed still arrives.
async fn carry(
    network: &Network,
    (from, to): (Site, Site),
    mut source: ReadHalf<DuplexStream>,
    mut sink: WriteHalf<DuplexStream>,
) -> io::Result<()> {
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    loop {
        let read = source.read_buf(&mut piece).await?;
        if !network.bytes(from, to).await {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if read == 0 {
            return sink.shutdown().await;
        }
        sink.write_all(&piece).await?;
        piece.clear();
    }
}
