//! The form of the cluster's words on the wire and on disk: protobuf messages, gRPC services, and conversions to and from
//! `proto/model`, one file per group of types, both ways, losing nothing (a property test holds that).
//!
//! No behaviour. Only the crates that speak gRPC or write to disk know this crate.

mod convert;
mod error;
mod status;

/// The generated messages and services of `proto/skep/v1`.
pub mod v1 {
    #![expect(
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        clippy::large_enum_variant,
        clippy::too_many_lines,
        reason = "generated code"
    )]
    tonic::include_proto!("skep.v1");
}

pub use convert::{Certified, Session, SessionUpdate, Wire, decode, encode};
pub use error::WireError;
pub use status::{status_of_find, status_of_write};
