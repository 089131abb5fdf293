//! The calling side: a node that joins, or that renews its certificate.

use std::net::IpAddr;
use std::time::Duration;

use skep_identity::{
    IdentityError, LiveIdentity, client_channel, is_unknown_root, joiner_channel, root_fits_token,
};
use skep_model::{ClusterId, NodeCertificate, NodeId, limits};
use skep_wire::v1::ca_client::CaClient;
use skep_wire::{Certified, Wire, WireError, v1};
use thiserror::Error;
use tokio::net::TcpStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::joiner::Joiner;
use super::renewal::Renewal;

/// How long one call may take, with the time that the swarm needs to take note.
const CALL_TIMEOUT: Duration = Duration::from_secs(12);

/// A manager did not do what was asked.
#[derive(Debug, Error)]
pub enum CaCallError {
    /// It cannot be reached, or is not ready: another one may be.
    #[error("the manager at {address} cannot be reached: {reason}")]
    Unreachable {
        /// The manager.
        address: String,
        /// Why.
        reason: String,
    },
    /// It says no.
    #[error("the manager at {address} refuses: {reason}")]
    Refused {
        /// The manager.
        address: String,
        /// Why.
        reason: String,
    },
    /// Somebody else answers there, or the token is of another swarm.
    #[error(
        "the manager at {address} is not of the swarm that the join token names: check the address and the token \
         (\"skep swarm join-token\" on a manager shows both)"
    )]
    OtherSwarm {
        /// The manager.
        address: String,
    },
    /// It shows a certificate that does not hang on the root that this node trusts.
    #[error(
        "the manager at {address} has a certificate of a root that this node does not know: the swarm's root was replaced \
         more than {rotations} times while the node was away, or another swarm is there; let the node leave with \
         \"skep swarm leave --force\" and join again",
        rotations = limits::CROSS_CERTIFICATES_MAX
    )]
    UnknownRoot {
        /// The manager.
        address: String,
    },
    /// The token or a certificate cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// The address of this host from which `manager` (`host:port`) is reached.
///
/// # Errors
/// When it is not.
pub async fn local_address_towards(manager: &str) -> Result<IpAddr, CaCallError> {
    let unreachable = |error: std::io::Error| CaCallError::Unreachable {
        address: manager.to_owned(),
        reason: error.to_string(),
    };
    let connecting = tokio::time::timeout(CALL_TIMEOUT, TcpStream::connect(manager));
    let stream = connecting.await.map_err(|late| unreachable(late.into()))?.map_err(unreachable)?;
    Ok(stream.local_addr().map_err(unreachable)?.ip())
}

/// Asks the manager at `address` to let a node in. The manager has to have the root certificate that the token names.
///
/// # Errors
/// See [`CaCallError`].
pub async fn join(address: &str, joiner: &Joiner) -> Result<(ClusterId, NodeId, Certified), CaCallError> {
    let mut anybody = CaClient::new(joiner_channel(None, address.to_owned())?);
    let root = anybody.root(timed(v1::RootRequest {})).await.map_err(|status| refused(address, &status))?;
    let root_pem = root.into_inner().root_pem;
    if !root_fits_token(&joiner.token, &root_pem)? {
        return Err(CaCallError::OtherSwarm { address: address.to_owned() });
    }
    let mut manager = CaClient::new(joiner_channel(Some(&root_pem), address.to_owned())?);
    let request = v1::JoinRequest {
        token: joiner.token.clone(),
        request: joiner.request.clone(),
        description: Some(joiner.description.to_wire()),
        availability: joiner.availability.to_wire(),
        address: joiner.address.clone(),
    };
    let answer = manager.join(timed(request)).await.map_err(|status| match refused(address, &status) {
        // It showed a root that is not its own.
        CaCallError::UnknownRoot { address } => CaCallError::OtherSwarm { address },
        other => other,
    })?;
    let answer = answer.into_inner();
    let malformed = |error: WireError| unreadable(address, &error);
    let cluster = ClusterId::from_wire(answer.cluster).map_err(malformed)?;
    let node = NodeId::from_wire(answer.node).map_err(malformed)?;
    Ok((cluster, node, certified(address, answer.certified)?))
}

/// A new certificate for a member over the key that it has.
///
/// # Errors
/// See [`CaCallError`].
pub async fn renew(
    identity: &LiveIdentity,
    address: &str,
    renewal: &Renewal,
) -> Result<Certified, CaCallError> {
    let request = skep_identity::NodeIdentity::request_over(&identity.get().key_pem)?;
    let call = v1::RenewRequest {
        request,
        address: renewal.address.clone(),
        lost_raft_id: renewal.lost_raft_id.unwrap_or_default(),
    };
    let mut manager = member(identity, address);
    let answer = manager.renew(timed(call)).await.map_err(|status| refused(address, &status))?;
    certified(address, answer.into_inner().certified)
}

/// The same for a member whose certificate has ended: it proves who it is by its key.
///
/// # Errors
/// See [`CaCallError`].
pub async fn come_back(
    identity: &LiveIdentity,
    address: &str,
    renewal: &Renewal,
) -> Result<Certified, CaCallError> {
    let known = identity.get();
    let request = skep_identity::NodeIdentity::request_over(&known.key_pem)?;
    let call = v1::ReturnRequest {
        node: known.node()?.to_wire(),
        request,
        address: renewal.address.clone(),
        lost_raft_id: renewal.lost_raft_id.unwrap_or_default(),
    };
    let mut manager = CaClient::new(joiner_channel(Some(&known.root_pem), address.to_owned())?);
    let answer = manager.r#return(timed(call)).await.map_err(|status| refused(address, &status))?;
    certified(address, answer.into_inner().certified)
}

/// The root that the swarm has now, PEM, as a manager says that hangs on the root (PEM) that this node trusts. Needs no
/// certificate: a node that was away while the root was rotated has none that managers accept.
///
/// # Errors
/// See [`CaCallError`].
pub async fn root(trusted_pem: &str, address: &str) -> Result<String, CaCallError> {
    let mut manager = CaClient::new(joiner_channel(Some(trusted_pem), address.to_owned())?);
    let answer = manager.root(timed(v1::RootRequest {})).await.map_err(|status| refused(address, &status))?;
    Ok(answer.into_inner().root_pem)
}

/// Tells the swarm which certificate this member uses: over a new connection, which is made with it.
///
/// # Errors
/// See [`CaCallError`].
pub async fn report(
    identity: &LiveIdentity,
    address: &str,
    certificate: &NodeCertificate,
) -> Result<(), CaCallError> {
    let call = v1::ReportCertificateRequest { certificate: Some(certificate.to_wire()) };
    let reported = member(identity, address).report_certificate(timed(call)).await;
    reported.map(drop).map_err(|status| refused(address, &status))
}

/// Tells the swarm that this member leaves.
///
/// # Errors
/// See [`CaCallError`].
pub async fn leave(identity: &LiveIdentity, address: &str) -> Result<(), CaCallError> {
    let left = member(identity, address).leave(timed(v1::LeaveRequest {})).await;
    left.map(drop).map_err(|status| refused(address, &status))
}

fn member(identity: &LiveIdentity, address: &str) -> CaClient<Channel> {
    CaClient::new(client_channel(identity, address.to_owned()))
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_TIMEOUT);
    request
}

fn certified(address: &str, form: Option<v1::Certified>) -> Result<Certified, CaCallError> {
    let form = form.ok_or(WireError::Missing { field: "certified" });
    form.and_then(Certified::from_wire).map_err(|error| unreadable(address, &error))
}

fn unreadable(address: &str, error: &WireError) -> CaCallError {
    let reason = format!("its answer cannot be read: {error}");
    CaCallError::Unreachable { address: address.to_owned(), reason }
}

fn refused(address: &str, status: &Status) -> CaCallError {
    let address = address.to_owned();
    match status.code() {
        Code::PermissionDenied | Code::InvalidArgument | Code::FailedPrecondition => {
            CaCallError::Refused { address, reason: status.message().to_owned() }
        }
        _ if is_unknown_root(status) => CaCallError::UnknownRoot { address },
        _ => CaCallError::Unreachable { address, reason: cause(status) },
    }
}

/// What is at the bottom of it: `tcp connect error` alone says nothing.
fn cause(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}
