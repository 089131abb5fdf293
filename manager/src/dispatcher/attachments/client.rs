//! Asks the leader, wherever it is.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use skep_identity::{LiveIdentity, client_channel};
use skep_model::{AttachmentId, EndpointNetwork, NetworkId};
use skep_wire::v1::dispatcher_client::DispatcherClient;
use skep_wire::{Wire, WireError, v1};
use thiserror::Error;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::AttachmentWish;

/// How long one manager may take: it waits for addresses, and for other nodes.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a manager may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// What a container was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// By what managers know it.
    pub attachment: AttachmentId,
    /// Its networks, each with its address there.
    pub places: Vec<(EndpointNetwork, Ipv4Addr)>,
}

/// No manager did what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AttachmentCallError {
    /// There is no such network.
    #[error("{0}")]
    NotFound(String),
    /// It is not to be had.
    #[error("{0}")]
    Refused(String),
    /// None of them leads or answers: what each of them said.
    #[error("networks of the swarm need a manager, and none could be asked: {0}")]
    Unavailable(String),
}

/// Gets a container of this node its places from the first of these managers (`host:port`) that leads.
///
/// # Errors
/// When they are not to be had, or none of them answers; then it is not known whether they were given.
pub async fn attach(
    identity: &LiveIdentity,
    managers: &[String],
    wish: &AttachmentWish,
) -> Result<Attached, AttachmentCallError> {
    let request = v1::AttachRequest {
        container: wish.container.clone(),
        name: wish.name.clone(),
        places: wish.places.to_wire(),
    };
    let mut asked = Asked::default();
    for address in managers {
        let Some(mut client) = asked.reach(identity, address).await else { continue };
        match client.attach(timed(request.clone())).await {
            Ok(answer) => return attached(answer.into_inner()).map_err(malformed),
            Err(status) => asked.refused(address, &status)?,
        }
    }
    Err(asked.none())
}

/// Says which attachments this node still has; gives those of them that managers do not know.
///
/// # Errors
/// When none of the managers answers.
pub async fn keep(
    identity: &LiveIdentity,
    managers: &[String],
    kept: &BTreeSet<AttachmentId>,
) -> Result<Vec<AttachmentId>, AttachmentCallError> {
    let attachments: Vec<AttachmentId> = kept.iter().copied().collect();
    let request = v1::KeepAttachmentsRequest { attachments: attachments.to_wire() };
    let mut asked = Asked::default();
    for address in managers {
        let Some(mut client) = asked.reach(identity, address).await else { continue };
        match client.keep_attachments(timed(request.clone())).await {
            Ok(answer) => return Wire::from_wire(answer.into_inner().unknown).map_err(malformed),
            Err(status) => asked.refused(address, &status)?,
        }
    }
    Err(asked.none())
}

fn timed<T>(request: T) -> Request<T> {
    let mut request = Request::new(request);
    request.set_timeout(CALL_TIMEOUT);
    request
}

fn attached(answer: v1::AttachResponse) -> Result<Attached, WireError> {
    let v1::AttachResponse { attachment, networks, addresses } = answer;
    let networks: Vec<EndpointNetwork> = Wire::from_wire(networks)?;
    let addresses: Vec<(NetworkId, Ipv4Addr)> = Wire::from_wire(addresses)?;
    let places = networks.into_iter().zip(addresses.into_iter().map(|(_, address)| address)).collect();
    Ok(Attached { attachment: Wire::from_wire(attachment)?, places })
}

/// Why the managers that were asked did not do it.
#[derive(Debug, Default)]
struct Asked(Vec<String>);

impl Asked {
    async fn reach(&mut self, identity: &LiveIdentity, address: &str) -> Option<DispatcherClient<Channel>> {
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::TcpStream::connect(address));
        let reason = match connecting.await {
            Ok(Ok(_)) => return Some(DispatcherClient::new(client_channel(identity, address.to_owned()))),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        self.0.push(format!("{address}: {reason}"));
        None
    }

    /// What only the leader can say ends the search for it.
    fn refused(&mut self, address: &str, status: &Status) -> Result<(), AttachmentCallError> {
        let message = status.message().to_owned();
        match status.code() {
            Code::NotFound => Err(AttachmentCallError::NotFound(message)),
            Code::FailedPrecondition | Code::InvalidArgument | Code::PermissionDenied => {
                Err(AttachmentCallError::Refused(message))
            }
            _ => {
                self.0.push(format!("{address}: {message}"));
                Ok(())
            }
        }
    }

    fn none(self) -> AttachmentCallError {
        let all = if self.0.is_empty() { "no manager is known".into() } else { self.0.join("; ") };
        AttachmentCallError::Unavailable(all)
    }
}

fn malformed(error: WireError) -> AttachmentCallError {
    AttachmentCallError::Unavailable(format!("its answer cannot be read: {error}"))
}
