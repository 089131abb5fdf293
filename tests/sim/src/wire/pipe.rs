//! What is between the two ends of a connection. How long it takes does not depend on how many bytes there are, which differs a
//! little from run to run: an answer that tonic makes itself bears the real date.

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chance::Chance;

    #[tokio::test(start_paused = true)]
    async fn a_cut_holds_what_is_under_way_and_a_long_one_breaks_the_connection() {
        let network = Network::new(Chance::new(1, 1));
        let (one, other) = (Site::Agent(0), Site::Manager(0));
        let (mut own, mut theirs) = join(&network, one, other);
        let mut buffer = [0; 4];
        network.change(one, other, |link| link.cut = true);
        own.write_all(b"held").await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_secs(2), theirs.read_exact(&mut buffer)).await;
        assert!(waiting.is_err());
        network.heal();
        theirs.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"held");
        network.change(one, other, |link| link.cut = true);
        own.write_all(b"lost").await.unwrap();
        assert_eq!(theirs.read(&mut buffer).await.unwrap(), 0);
        assert_eq!(own.read(&mut buffer).await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_written_before_an_end_was_closed_arrives() {
        let (mut own, mut theirs) = join(&Network::new(Chance::new(1, 1)), Site::Agent(0), Site::Manager(0));
        own.write_all(b"last").await.unwrap();
        drop(own);
        let mut read = Vec::new();
        theirs.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, b"last");
    }
}
