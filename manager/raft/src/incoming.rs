//! The snapshot that is being received, piece by piece.

use std::io::{self, Write};

use skep_log::SealedWriter;

use crate::message::{Piece, Refusal};
use crate::snapshots::{SnapshotData, Snapshots};

/// At most one snapshot at a time; a new one ends the one before.
#[derive(Default)]
pub(crate) struct Incoming {
    current: Option<Open>,
}

struct Open {
    /// The sender and its number for this sending.
    source: (u64, u64),
    next: u64,
    writer: SealedWriter,
}

impl Incoming {
    /// Takes one piece; answers with the whole snapshot after the last one.
    pub(crate) fn take(
        &mut self,
        snapshots: &Snapshots,
        from: u64,
        piece: &Piece,
    ) -> Result<Option<SnapshotData>, Refusal> {
        let source = (from, piece.sending);
        let mut open = match self.current.take() {
            Some(open) if open.source == source && open.next == piece.offset => open,
            _ if piece.offset == 0 => Open { source, next: 0, writer: snapshots.receive().map_err(lost)? },
            other => {
                self.current = other;
                let reason = format!("piece at {} does not continue what was received", piece.offset);
                return Err(Refusal::SnapshotLost(reason));
            }
        };
        open.writer.write_all(&piece.bytes.0).map_err(lost)?;
        open.next += piece.bytes.0.len() as u64;
        if piece.last {
            return snapshots.received(open.writer).map(Some).map_err(lost);
        }
        self.current = Some(open);
        Ok(None)
    }
}

fn lost(error: io::Error) -> Refusal {
    Refusal::SnapshotLost(error.to_string())
}
