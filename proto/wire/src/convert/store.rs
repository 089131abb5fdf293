//! What goes through the log.

use skep_model::{Change, Transaction};

use super::{Wire, required};
use crate::{WireError, v1};

impl Wire for Transaction {
    type Form = Vec<v1::Change>;
    fn to_wire(&self) -> Vec<v1::Change> {
        self.changes.to_wire()
    }
    fn from_wire(form: Vec<v1::Change>) -> Result<Self, WireError> {
        Ok(Self { changes: Wire::from_wire(form)? })
    }
}

impl Wire for Change {
    type Form = v1::Change;
    fn to_wire(&self) -> v1::Change {
        let change = match self {
            Self::Create(object) => v1::change::Change::Create(object.to_wire()),
            Self::Update(object) => v1::change::Change::Update(object.to_wire()),
            Self::Remove { key, version } => {
                v1::change::Change::Remove(v1::change::Remove { key: Some(key.to_wire()), version: *version })
            }
        };
        v1::Change { change: Some(change) }
    }
    fn from_wire(form: v1::Change) -> Result<Self, WireError> {
        Ok(match form.change.ok_or(WireError::Missing { field: "Change.change" })? {
            v1::change::Change::Create(object) => Self::Create(Wire::from_wire(object)?),
            v1::change::Change::Update(object) => Self::Update(Wire::from_wire(object)?),
            v1::change::Change::Remove(remove) => {
                Self::Remove { key: required(remove.key, "Change.remove.key")?, version: remove.version }
            }
        })
    }
}
