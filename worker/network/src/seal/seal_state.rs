use std::path::Path;
use std::sync::Arc;

use skep_model::TunnelKey;
use tokio::sync::watch;

use super::keys::Keys;
use super::losses::counted;
use super::plan::SealPlan;
use super::pump::Pump;
use super::report::{SealedPeer, TunnelReport};
use super::shared::Shared;
use crate::Result;
use crate::host::tunnel::Kind;

/// This node's part in encrypted networks.
#[derive(Debug)]
pub(crate) struct Seal {
    keys: Keys,
    /// Tells the present key to whoever tells managers.
    key: watch::Sender<TunnelKey>,
    shared: Arc<Shared>,
    plan: Option<SealPlan>,
    pump: Option<Pump>,
}

impl Seal {
    /// With the keys of a former daemon in the directory, or a new one.
    pub(crate) fn open(directory: &Path) -> Result<Self> {
        let keys = Keys::open(directory)?;
        let key = watch::Sender::new(keys.present());
        Ok(Self { keys, key, shared: Arc::default(), plan: None, pump: None })
    }

    /// The present key, and every later one.
    pub(crate) fn key(&self) -> watch::Receiver<TunnelKey> {
        self.key.subscribe()
    }

    /// Exchanges packets as the plan says, by the link with this index, or not at all.
    ///
    /// # Errors
    /// When the link or the port cannot be had; nothing is exchanged then.
    pub(crate) fn follow(&mut self, plan: Option<SealPlan>, link: Option<u32>) -> Result<()> {
        let (Some(plan), Some(index)) = (plan, link) else {
            self.stop();
            return Ok(());
        };
        if self.plan.as_ref() != Some(&plan) {
            self.shared.change().follow(&plan, &self.keys);
        }
        let of = (index, plan.number, plan.outer);
        self.plan = Some(plan);
        if self.pump.as_ref().is_some_and(|pump| pump.of == of && pump.works()) {
            return Ok(());
        }
        // The one before has the link open, which only one may have.
        self.pump = None;
        match Pump::start(Kind::Sealed.name(), of, &self.shared) {
            Ok(pump) => self.pump = Some(pump),
            Err(error) => {
                self.stop();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Exchanges nothing any more; sessions are forgotten.
    pub(crate) fn stop(&mut self) {
        self.pump = None;
        self.plan = None;
        self.shared.change().clear();
    }

    /// Whether packets are exchanged.
    pub(crate) fn is_used(&self) -> bool {
        self.plan.is_some()
    }

    /// Whether what should work does not any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.pump.as_ref().is_some_and(|pump| !pump.works())
    }

    /// Makes a new key; the former counts until the others have shaken hands with the new one.
    pub(crate) fn rotate(&mut self) -> Result<()> {
        self.keys.rotate(self.plan.as_ref().and_then(|plan| plan.known_key))?;
        self.key.send_replace(self.keys.present());
        if let Some(plan) = &self.plan {
            self.shared.change().follow(plan, &self.keys);
        }
        tracing::info!(key = ?self.keys.present(), "a new key for encrypted networks");
        Ok(())
    }

    /// What is to be done from time to time: a new key when the present one is old, and no former one when it is of no use.
    pub(crate) fn tend(&mut self) -> Result<()> {
        let Some(known) = self.plan.as_ref().map(|plan| plan.known_key) else { return Ok(()) };
        let over = self.keys.former_is_over(known) || self.shared.members().all_know(self.keys.present());
        if self.keys.former().is_some() && over {
            self.keys.forget_former()?;
        }
        self.shared.change().trim(&self.keys);
        if self.keys.is_old(known) && self.keys.former().is_none() { self.rotate() } else { Ok(()) }
    }

    /// How it is.
    pub(crate) fn report(&self, faults: Vec<String>) -> TunnelReport {
        let members = self.shared.members();
        let peer = |(number, member): (crate::host::tunnel::Number, &super::member::Member)| {
            let way = member.way();
            let newest = way.own == self.keys.present() && way.theirs == member.key;
            let connected = way.is_connected();
            SealedPeer {
                number: number.value(),
                address: member.address,
                connected,
                newest: connected && newest,
            }
        };
        let losses = &self.shared.losses;
        TunnelReport {
            faults,
            sealed: members.iter().map(peer).collect(),
            strangers: counted(&losses.strangers),
            refused: counted(&losses.refused),
            unsent: counted(&losses.unsent),
        }
    }
}
