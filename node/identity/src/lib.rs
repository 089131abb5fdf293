//! Who a node is: the root of a swarm's certificates, a node's certificate and key, join tokens, and the TLS that both
//! sides of every connection between nodes use; and the key that locks what managers keep on their disks.
//!
//! Certificates have the forms of Docker Swarm's (ECDSA P-256; CN the node's id, OU its role, O the swarm's id). Nothing
//! here knows what is said over a connection.

mod authority;
mod certificate;
mod cross;
mod error;
mod identity;
mod joiner;
mod key_encryption_key;
mod live;
mod peer;
mod root;
#[cfg(test)]
mod rotation_test;
mod tls;
mod token;
mod verify;

pub use authority::{Authority, key_digest};
pub use certificate::SERVER_NAME;
pub use cross::root_rotation;
pub use error::{IdentityError, is_unknown_root};
pub use identity::NodeIdentity;
pub use joiner::joiner_channel;
pub use key_encryption_key::{KeyEncryptionKey, MalformedUnlockKey};
pub use live::LiveIdentity;
pub use peer::Peer;
pub use root::{given_root, issuer_of, new_root, valid_until};
pub use tls::{TlsConnection, TlsPeer, client_channel, endpoint};
pub use token::{join_tokens, root_fits_token};
