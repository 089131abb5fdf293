//! What a transaction does to the store.

use crate::{Object, ObjectKey};

/// One change to one object.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum Change {
    /// Make an object that must not exist yet.
    Create(
        // A strategy for any object is large: boxed, several of them fit a test's stack.
        #[cfg_attr(
            feature = "testing",
            proptest(strategy = "proptest::prelude::Strategy::boxed(proptest::prelude::any::<Object>())")
        )]
        Object,
    ),
    /// Replace an object; refused when its stored version is not the one that the object carries (that was read).
    Update(
        #[cfg_attr(
            feature = "testing",
            proptest(strategy = "proptest::prelude::Strategy::boxed(proptest::prelude::any::<Object>())")
        )]
        Object,
    ),
    /// Delete an object that must have this version.
    Remove {
        /// Which object.
        key: ObjectKey,
        /// The version that was read.
        version: u64,
    },
}

impl Change {
    /// The object that is changed.
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Create(object) | Self::Update(object) => object.key(),
            Self::Remove { key, .. } => *key,
        }
    }
}

/// Changes that happen together or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Transaction {
    /// The changes, in order; no two of one object.
    pub changes: Vec<Change>,
}
