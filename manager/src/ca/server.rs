//! The authority over gRPC: a thin shell that checks who calls and converts.

use skep_model::{Availability, NodeCertificate, NodeDescription, NodeId};
use skep_wire::{Wire, WireError, v1};
use tonic::{Request, Response, Status};

use super::authority::Ca;
use super::error::CaError;
use super::joiner::Joiner;
use super::renewal::Renewal;
use crate::authorize::Authorizer;

/// Serves joiners and members.
#[derive(Debug)]
pub(crate) struct CaServer {
    ca: Ca,
    authorizer: Authorizer,
}

impl CaServer {
    pub(crate) fn new(ca: Ca, authorizer: Authorizer) -> Self {
        Self { ca, authorizer }
    }
}

#[tonic::async_trait]
impl v1::ca_server::Ca for CaServer {
    async fn root(&self, _request: Request<v1::RootRequest>) -> Result<Response<v1::RootResponse>, Status> {
        let root_pem = self.ca.root_pem().map_err(|error| status(&error))?;
        Ok(Response::new(v1::RootResponse { root_pem }))
    }

    async fn join(&self, request: Request<v1::JoinRequest>) -> Result<Response<v1::JoinResponse>, Status> {
        let request = request.into_inner();
        let joiner = Joiner {
            token: request.token,
            request: request.request,
            description: NodeDescription::from_wire(request.description.unwrap_or_default())
                .map_err(malformed)?,
            availability: Availability::from_wire(request.availability).map_err(malformed)?,
            address: request.address,
        };
        let (cluster, node, certified) = self.ca.join(joiner).await.map_err(|error| status(&error))?;
        Ok(Response::new(v1::JoinResponse {
            cluster: cluster.to_wire(),
            node: node.to_wire(),
            certified: Some(certified.to_wire()),
        }))
    }

    async fn renew(&self, request: Request<v1::RenewRequest>) -> Result<Response<v1::RenewResponse>, Status> {
        let peer = self.authorizer.member(&request)?;
        let request = request.into_inner();
        let renewal = renewal(request.address, request.lost_raft_id);
        let renewed = self.ca.renew(peer.node, &request.request, &renewal).await;
        let certified = renewed.map_err(|error| status(&error))?;
        Ok(Response::new(v1::RenewResponse { certified: Some(certified.to_wire()) }))
    }

    async fn r#return(
        &self,
        request: Request<v1::ReturnRequest>,
    ) -> Result<Response<v1::RenewResponse>, Status> {
        let request = request.into_inner();
        let node = NodeId::from_wire(request.node).map_err(malformed)?;
        let renewal = renewal(request.address, request.lost_raft_id);
        let renewed = self.ca.renew(node, &request.request, &renewal).await;
        let certified = renewed.map_err(|error| status(&error))?;
        Ok(Response::new(v1::RenewResponse { certified: Some(certified.to_wire()) }))
    }

    async fn report_certificate(
        &self,
        request: Request<v1::ReportCertificateRequest>,
    ) -> Result<Response<v1::ReportCertificateResponse>, Status> {
        let peer = self.authorizer.member(&request)?;
        let certificate = request.into_inner().certificate.unwrap_or_default();
        let certificate = NodeCertificate::from_wire(certificate).map_err(malformed)?;
        self.ca.report(peer.node, certificate).await.map_err(|error| status(&error))?;
        Ok(Response::new(v1::ReportCertificateResponse {}))
    }

    async fn leave(&self, request: Request<v1::LeaveRequest>) -> Result<Response<v1::LeaveResponse>, Status> {
        let peer = self.authorizer.member(&request)?;
        self.ca.leave(peer.node).await.map_err(|error| status(&error))?;
        Ok(Response::new(v1::LeaveResponse {}))
    }
}

fn renewal(address: String, lost_raft_id: u64) -> Renewal {
    Renewal { address, lost_raft_id: Some(lost_raft_id).filter(|id| *id != 0) }
}

fn malformed(error: WireError) -> Status {
    Status::invalid_argument(error.to_string())
}

fn status(error: &CaError) -> Status {
    let message = error.to_string();
    match error {
        CaError::Token | CaError::UnknownNode(_) | CaError::OtherKey(_) => Status::permission_denied(message),
        CaError::NotReached { .. } => Status::failed_precondition(message),
        CaError::Identity(_) => Status::invalid_argument(message),
        CaError::NotReady | CaError::Write(_) => Status::unavailable(message),
    }
}
