use std::sync::Arc;

use crate::{
    Attachment, AttachmentId, Cluster, ClusterId, Config, ConfigId, Meta, Network, NetworkId, Node, NodeId,
    Secret, SecretId, Service, ServiceId, ServiceRevision, Stack, StackId, Task, TaskId, TaskRecord,
};

macro_rules! objects {
    ($($kind:ident($type:ty, $key:ty, $of:expr, $word:literal)),+ $(,)?) => {
        /// The kinds of objects in the store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
        pub enum Kind {
            $(#[doc = concat!("A ", $word, ".")] $kind,)+
        }

        /// Names one object of the store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
        pub enum ObjectKey {
            $(#[doc = concat!("A ", $word, ".")] $kind($key),)+
        }

        /// Any object of the store, shared.
        #[derive(Clone, Debug, PartialEq)]
        #[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
        pub enum Object {
            $(#[doc = concat!("A ", $word, ".")] $kind(Arc<$type>),)+
        }

        impl ObjectKey {
            /// The kind of the object.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind,)+ }
            }
        }

        impl Kind {
            /// The kind's name in messages.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$kind => $word,)+ }
            }
        }

        impl Object {
            /// The object's name in the store.
            pub fn key(&self) -> ObjectKey {
                match self { $(Self::$kind(object) => ObjectKey::$kind($of(object)),)+ }
            }

            /// The object's version and times.
            pub fn meta(&self) -> &Meta {
                match self { $(Self::$kind(object) => &object.meta,)+ }
            }

            /// The object with this meta instead of its own.
            #[must_use]
            pub fn with_meta(self, meta: Meta) -> Self {
                match self { $(Self::$kind(mut object) => {
                    Arc::make_mut(&mut object).meta = meta;
                    Self::$kind(object)
                })+ }
            }
        }

        $(impl From<$type> for Object {
            fn from(object: $type) -> Self {
                Self::$kind(Arc::new(object))
            }
        })+
    };
}

objects! {
    Cluster(Cluster, ClusterId, |object: &Cluster| object.id, "cluster"),
    Node(Node, NodeId, |object: &Node| object.id, "node"),
    Stack(Stack, StackId, |object: &Stack| object.id, "stack"),
    Network(Network, NetworkId, |object: &Network| object.id, "network"),
    Service(Service, ServiceId, |object: &Service| object.id, "service"),
    ServiceRevision(
        ServiceRevision,
        (ServiceId, u64),
        |object: &ServiceRevision| (object.service, object.spec_version),
        "service revision"
    ),
    Task(Task, TaskId, |object: &Task| object.id, "task"),
    Attachment(Attachment, AttachmentId, |object: &Attachment| object.id, "attachment"),
    Secret(Secret, SecretId, |object: &Secret| object.id, "secret"),
    Config(Config, ConfigId, |object: &Config| object.id, "config"),
    TaskRecord(TaskRecord, TaskId, |object: &TaskRecord| object.id, "task record"),
}
