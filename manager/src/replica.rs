//! The store as Raft's state machine: what goes through the log and into snapshots, as bytes.

use std::io::{self, Read, Write};
use std::sync::Arc;

use prost::Message;
use skep_model::{Kind, Object, ObjectKey, Timestamp, Transaction};
use skep_raft::{SnapshotWriter, StateMachine};
use skep_store::{Command, Refused, Store, View};
use skep_wire::{Wire, WireError, v1};

/// Largest encoded message that a snapshot may hold; more is a damaged length.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// One replica of the cluster's state.
#[derive(Debug)]
pub(crate) struct Replica {
    store: Arc<Store>,
}

impl Replica {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store }
    }
}

impl StateMachine for Replica {
    fn apply(&self, index: u64, _term: u64, command: &[u8]) -> Vec<u8> {
        let outcome = match decode_command(command) {
            Ok(command) => self.store.apply(index, command.at, command.transaction),
            Err(error) => {
                // Every member reads the same bytes with the same result; a newer version's command must not stop us all.
                tracing::error!(index, %error, "a command of the log cannot be read and was passed over");
                Ok(())
            }
        };
        encode_outcome(&outcome)
    }

    fn snapshot(&self) -> SnapshotWriter {
        let view = self.store.view();
        Box::new(move |writer| write_state(&view, writer))
    }

    fn restore(&self, reader: &mut dyn Read) -> io::Result<()> {
        read_state(&self.store, reader)
    }
}

/// Writes all of a view: its version, what rests, then its objects.
pub(crate) fn write_state(view: &View, writer: &mut dyn Write) -> io::Result<()> {
    writer.write_all(&view.version().to_be_bytes())?;
    let ranges = view.resting().map(|range| range.to_wire()).collect();
    writer.write_all(&v1::Resting { ranges }.encode_length_delimited_to_vec())?;
    view.objects().try_for_each(|object| writer.write_all(&object.to_wire().encode_length_delimited_to_vec()))
}

/// Replaces everything in the store with what [`write_state`] wrote.
pub(crate) fn read_state(store: &Store, reader: &mut dyn Read) -> io::Result<()> {
    let mut version = [0; 8];
    reader.read_exact(&mut version)?;
    let resting: v1::Resting = read_message(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let resting = Vec::from_wire(resting.ranges).map_err(|error| damaged(&error))?;
    let mut objects = Vec::new();
    while let Some(form) = read_message::<v1::Object>(reader)? {
        objects.push(Object::from_wire(form).map_err(|error| damaged(&error))?);
    }
    store.restore(u64::from_be_bytes(version), objects, resting);
    Ok(())
}

/// The bytes of a command as they stand in the log.
pub(crate) fn encode_command(command: &Command) -> Vec<u8> {
    v1::Command { at: command.at.to_wire(), changes: command.transaction.to_wire() }.encode_to_vec()
}

fn decode_command(bytes: &[u8]) -> Result<Command, WireError> {
    let form = v1::Command::decode(bytes)
        .map_err(|error| WireError::Malformed { message: "Command", reason: error.to_string() })?;
    let transaction = Transaction::from_wire(form.changes)?;
    Ok(Command { at: Timestamp::from_wire(form.at)?, transaction })
}

fn encode_outcome(outcome: &Result<(), Refused>) -> Vec<u8> {
    use v1::outcome::{NameTaken, Refused as Form};
    let refused = outcome.as_ref().err().map(|refused| match refused {
        Refused::Conflict { key } => Form::Conflict(key.to_wire()),
        Refused::Missing { key } => Form::Missing(key.to_wire()),
        Refused::NameTaken { kind, name } => {
            Form::NameTaken(NameTaken { kind: *kind as u32, name: name.clone() })
        }
    });
    v1::Outcome { refused }.encode_to_vec()
}

/// What applying a command gave, from its bytes.
pub(crate) fn decode_outcome(bytes: &[u8]) -> Result<Result<(), Refused>, WireError> {
    use v1::outcome::Refused as Form;
    let form = v1::Outcome::decode(bytes)
        .map_err(|error| WireError::Malformed { message: "Outcome", reason: error.to_string() })?;
    Ok(match form.refused {
        None => Ok(()),
        Some(Form::Conflict(key)) => Err(Refused::Conflict { key: ObjectKey::from_wire(key)? }),
        Some(Form::Missing(key)) => Err(Refused::Missing { key: ObjectKey::from_wire(key)? }),
        Some(Form::NameTaken(taken)) => {
            let kinds = [Kind::Service, Kind::Network, Kind::Stack];
            let kind = kinds.into_iter().find(|kind| *kind as u32 == taken.kind).unwrap_or(Kind::Service);
            Err(Refused::NameTaken { kind, name: taken.name })
        }
    })
}

/// The next message of a snapshot; none at its end.
fn read_message<M: Message + Default>(reader: &mut dyn Read) -> io::Result<Option<M>> {
    let Some(length) = read_length(reader)? else { return Ok(None) };
    if length > MESSAGE_BYTES_MAX {
        return Err(damaged(&"a message of the snapshot has an impossible length"));
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    M::decode(bytes.as_slice()).map(Some).map_err(|error| damaged(&error))
}

fn damaged(error: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

/// A length in protobuf's varint form; none when the reader ends before it.
fn read_length(reader: &mut dyn Read) -> io::Result<Option<usize>> {
    let mut length = 0_u64;
    for shift in (0..63).step_by(7) {
        let mut byte = [0];
        if reader.read(&mut byte)? == 0 {
            return if shift == 0 { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        length |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            return usize::try_from(length).map(Some).map_err(io::Error::other);
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_model::{Change, Meta, Network, NetworkId, NetworkSpec};

    fn network(id: u128, name: &str) -> Network {
        let spec = NetworkSpec { name: name.into(), ..NetworkSpec::default() };
        Network {
            id: NetworkId::new(id),
            meta: Meta::default(),
            spec,
            subnet: None,
            subnet6: None,
            address_cursor: 0,
            removing: false,
        }
    }

    fn create(network: Network) -> Vec<u8> {
        let transaction = Transaction { changes: vec![Change::Create(network.into())] };
        encode_command(&Command { at: Timestamp::from_nanos(5), transaction })
    }

    #[test]
    fn commands_apply_and_say_what_was_refused() {
        let replica = Replica::new(Arc::new(Store::default()));
        assert_eq!(decode_outcome(&replica.apply(1, 1, &create(network(1, "a")))).unwrap(), Ok(()));
        let taken = decode_outcome(&replica.apply(2, 1, &create(network(2, "a")))).unwrap();
        assert_eq!(taken, Err(Refused::NameTaken { kind: Kind::Network, name: "a".into() }));
        replica.apply(3, 1, b"\xff nonsense");
    }

    #[test]
    fn a_snapshot_restores_everything() {
        let replica = Replica::new(Arc::new(Store::default()));
        for id in 1..50 {
            replica.apply(id, 1, &create(network(u128::from(id), &format!("n{id}"))));
        }
        // One network leaves its subnet behind, which rests.
        let subnet = "10.0.0.0/24".parse().ok();
        replica.apply(50, 1, &create(Network { subnet, ..network(50, "gone") }));
        let gone = Change::Remove { key: ObjectKey::Network(NetworkId::new(50)), version: 50 };
        let transaction = Transaction { changes: vec![gone] };
        replica.apply(51, 1, &encode_command(&Command { at: Timestamp::from_nanos(6), transaction }));
        let mut bytes = Vec::new();
        replica.snapshot()(&mut bytes).unwrap();
        let other = Replica::new(Arc::new(Store::default()));
        other.restore(&mut bytes.as_slice()).unwrap();
        assert_eq!(other.store.view().version(), 51);
        let resting = |replica: &Replica| replica.store.view().resting().collect::<Vec<_>>();
        assert_eq!((resting(&other).len(), resting(&other)), (1, resting(&replica)));
        let all = |replica: &Replica| replica.store.view().objects().collect::<Vec<_>>();
        assert_eq!(all(&other), all(&replica));
        for cut in 0..bytes.len() {
            let _ = other.restore(&mut &bytes[..cut]);
        }
    }
}
