use super::frame::Frame;
use super::ruleset;
use super::services::Plan;
use super::tunnel::End;
use crate::Result;
use crate::family::Family;
use crate::netlink::NetlinkSocket;
use crate::nft::{Batch, Table, elements, table_there};

/// The nft table of one family, as it is in the kernel for certain.
#[derive(Debug)]
pub(super) struct OwnTable {
    pub(super) family: Family,
    pub(super) frame: Frame,
    /// Where what leads to services leads.
    pub(super) plan: Plan,
}

impl OwnTable {
    /// Takes over what is there, or makes it, with the rules for this end of the tunnel.
    pub(super) fn open(socket: &mut NetlinkSocket, family: Family, end: Option<End>) -> Result<Self> {
        let table = ruleset::table(family);
        let mut found = Self::empty(family, end);
        if table_there(socket, table)? {
            let mut there = |set| elements(socket, table, set).unwrap_or_default();
            found.plan = Plan::left(family, &mut there);
            found.frame = Frame::read(family, end, &mut there);
        }
        let mut batch = Batch::new(table);
        found.frame.rules(&mut batch);
        if let Err(error) = batch.commit(socket) {
            tracing::warn!(%error, "the nft table of a former version does not fit; making it anew");
            found = Self::empty(family, end);
            let mut batch = Batch::new(table);
            batch.table();
            batch.delete_table();
            found.frame.rules(&mut batch);
            batch.commit(socket)?;
        }
        Ok(found)
    }

    fn empty(family: Family, end: Option<End>) -> Self {
        Self { family, frame: Frame { end, ..Frame::default() }, plan: Plan::default() }
    }

    /// What the kernel calls it.
    pub(super) fn name(&self) -> Table {
        ruleset::table(self.family)
    }
}
