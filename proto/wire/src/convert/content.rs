//! Secrets and configs, which are alike but for their ids.

use skep_model::{AssignedContent, ContentKey};

use super::{Wire, required};
use crate::{WireError, v1};

macro_rules! held {
    ($($object:ident, $reference:ident);+) => {$(
        impl Wire for skep_model::$object {
            type Form = v1::$object;
            fn to_wire(&self) -> v1::$object {
                v1::$object {
                    id: self.id.to_wire(),
                    meta: Some(self.meta.to_wire()),
                    spec: Some(self.spec.to_wire()),
                    versions: self.versions.to_wire(),
                }
            }
            fn from_wire(form: v1::$object) -> Result<Self, WireError> {
                Ok(Self {
                    id: Wire::from_wire(form.id)?,
                    meta: required(form.meta, concat!(stringify!($object), ".meta"))?,
                    spec: required(form.spec, concat!(stringify!($object), ".spec"))?,
                    versions: Wire::from_wire(form.versions)?,
                })
            }
        }

        impl Wire for skep_model::$reference {
            type Form = v1::$reference;
            fn to_wire(&self) -> v1::$reference {
                v1::$reference {
                    id: self.id.to_wire(),
                    name: self.name.clone(),
                    version: self.version,
                    file: Some(self.file.to_wire()),
                }
            }
            fn from_wire(form: v1::$reference) -> Result<Self, WireError> {
                Ok(Self {
                    id: Wire::from_wire(form.id)?,
                    name: form.name,
                    version: form.version,
                    file: required(form.file, concat!(stringify!($reference), ".file"))?,
                })
            }
        }
    )+};
}
held!(Secret, SecretReference; Config, ConfigReference);

impl Wire for ContentKey {
    type Form = v1::ContentKey;
    fn to_wire(&self) -> v1::ContentKey {
        use v1::content_key::Of;
        let (of, version) = match *self {
            Self::Secret(id, version) => (Of::Secret(id.to_wire()), version),
            Self::Config(id, version) => (Of::Config(id.to_wire()), version),
        };
        v1::ContentKey { of: Some(of), version }
    }
    fn from_wire(form: v1::ContentKey) -> Result<Self, WireError> {
        use v1::content_key::Of;
        Ok(match form.of.ok_or(WireError::Missing { field: "ContentKey.of" })? {
            Of::Secret(id) => Self::Secret(Wire::from_wire(id)?, form.version),
            Of::Config(id) => Self::Config(Wire::from_wire(id)?, form.version),
        })
    }
}

impl Wire for AssignedContent {
    type Form = v1::AssignedContent;
    fn to_wire(&self) -> v1::AssignedContent {
        v1::AssignedContent {
            key: Some(self.key.to_wire()),
            templated: self.templated,
            content: self.content.to_wire(),
        }
    }
    fn from_wire(form: v1::AssignedContent) -> Result<Self, WireError> {
        Ok(Self {
            key: required(form.key, "AssignedContent.key")?,
            templated: form.templated,
            content: Wire::from_wire(form.content)?,
        })
    }
}
