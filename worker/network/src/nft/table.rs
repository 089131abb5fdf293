use crate::family::Family;

/// A table: there may be one of a name in each family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) family: Family,
    pub(crate) name: &'static str,
}

impl Table {
    /// `struct nfgenmsg`: family, version 0, resource 0.
    pub(super) fn header(self) -> [u8; 4] {
        [self.family.number(), 0, 0, 0]
    }
}
