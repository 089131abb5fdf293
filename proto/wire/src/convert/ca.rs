//! What members get from the certificate authority.

use skep_model::{NodeRole, Timestamp};

use super::Wire;
use crate::{WireError, v1};

/// What a member gets: who it is from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// Its role.
    pub role: NodeRole,
    /// Its certificate, PEM.
    pub certificate_pem: String,
    /// The root certificates that members' certificates hang on, PEM.
    pub root_pem: String,
    /// A manager's id in Raft.
    pub raft_id: Option<u64>,
    /// Where managers are reached, `address:port`.
    pub managers: Vec<String>,
    /// The swarm's clock.
    pub at: Timestamp,
    /// The swarm's epoch.
    pub epoch: u64,
}

impl Wire for Certified {
    type Form = v1::Certified;
    fn to_wire(&self) -> v1::Certified {
        v1::Certified {
            role: self.role.to_wire(),
            certificate_pem: self.certificate_pem.clone(),
            root_pem: self.root_pem.clone(),
            raft_id: self.raft_id.unwrap_or_default(),
            managers: self.managers.clone(),
            at: self.at.to_wire(),
            epoch: self.epoch,
        }
    }
    fn from_wire(form: v1::Certified) -> Result<Self, WireError> {
        Ok(Self {
            role: Wire::from_wire(form.role)?,
            certificate_pem: form.certificate_pem,
            root_pem: form.root_pem,
            raft_id: Some(form.raft_id).filter(|id| *id != 0),
            managers: form.managers,
            at: Wire::from_wire(form.at)?,
            epoch: form.epoch,
        })
    }
}
