//! The dispatcher over gRPC: a thin shell that checks who calls and converts.

use futures::StreamExt;
use futures::stream::BoxStream;
use skep_model::{NodeDescription, NodeReport, NodeRole, SessionId, Timestamp};
use skep_wire::{Wire, v1};
use tonic::{Request, Response, Status};

use super::{Arrival, DispatchError, Dispatcher};
use crate::authorize::{Authorizer, caller_address};
use crate::leader::LeaderSlot;

/// Serves agents of this manager, while it leads.
#[derive(Debug)]
pub(crate) struct DispatcherServer {
    leader: LeaderSlot,
    authorizer: Authorizer,
}

impl DispatcherServer {
    /// Serves with whatever dispatcher the leader has.
    pub(crate) fn new(leader: LeaderSlot, authorizer: Authorizer) -> Self {
        Self { leader, authorizer }
    }

    fn dispatcher(&self) -> Result<std::sync::Arc<Dispatcher>, Status> {
        self.leader.dispatcher().ok_or_else(|| Status::unavailable("this manager does not lead the swarm"))
    }
}

#[tonic::async_trait]
impl v1::dispatcher_server::Dispatcher for DispatcherServer {
    type SessionStream = BoxStream<'static, Result<v1::SessionMessage, Status>>;

    async fn session(
        &self,
        request: Request<v1::SessionRequest>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let peer = self.authorizer.member(&request)?;
        let address = caller_address(&request);
        let request = request.into_inner();
        let description =
            NodeDescription::from_wire(request.description.unwrap_or_default()).map_err(malformed)?;
        let clock = Timestamp::from_wire(request.clock).map_err(malformed)?;
        let arrival = Arrival { address, description, clock };
        let updates = self.dispatcher()?.session(peer.node, arrival).await.map_err(status)?;
        Ok(Response::new(updates.map(|update| Ok(update.to_wire())).boxed()))
    }

    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        let peer = self.authorizer.member(&request)?;
        let request = request.into_inner();
        let session = SessionId::from_wire(request.session).map_err(malformed)?;
        let period =
            self.dispatcher()?.heartbeat(peer.node, session, request.endpoints_version).map_err(status)?;
        Ok(Response::new(v1::HeartbeatResponse { period: Some(period.to_wire()) }))
    }

    async fn report(
        &self,
        request: Request<v1::ReportRequest>,
    ) -> Result<Response<v1::ReportResponse>, Status> {
        let peer = self.authorizer.member(&request)?;
        let request = request.into_inner();
        let session = SessionId::from_wire(request.session).map_err(malformed)?;
        let reports = Vec::from_wire(request.reports).map_err(malformed)?;
        let dispatcher = self.dispatcher()?;
        dispatcher.report(peer.node, session, request.endpoints_version, reports).await.map_err(status)?;
        Ok(Response::new(v1::ReportResponse {}))
    }

    async fn diagnose(
        &self,
        request: Request<v1::DiagnoseRequest>,
    ) -> Result<Response<v1::DiagnoseResponse>, Status> {
        let peer = self.authorizer.member(&request)?;
        let request = request.into_inner();
        let session = SessionId::from_wire(request.session).map_err(malformed)?;
        let report = NodeReport::from_wire(request.report.unwrap_or_default()).map_err(malformed)?;
        let said = (request.checkup, report);
        self.dispatcher()?.diagnosed(peer.node, session, said, peer.not_after).map_err(status)?;
        Ok(Response::new(v1::DiagnoseResponse {}))
    }

    async fn doctor(
        &self,
        request: Request<v1::DoctorRequest>,
    ) -> Result<Response<v1::DoctorResponse>, Status> {
        let peer = self.authorizer.member(&request)?;
        let v1::DoctorRequest { repair, recall } = request.into_inner();
        if repair && peer.role != NodeRole::Manager {
            return Err(Status::permission_denied("only a manager may have nodes repaired: ask on one"));
        }
        let dispatcher = self.dispatcher()?;
        let diagnosis = if recall { dispatcher.recall() } else { dispatcher.doctor(repair).await };
        Ok(Response::new(v1::DoctorResponse { diagnosis: Some(diagnosis.to_wire()) }))
    }
}

fn malformed(error: skep_wire::WireError) -> Status {
    Status::invalid_argument(error.to_string())
}

fn status(error: DispatchError) -> Status {
    let message = error.to_string();
    match error {
        DispatchError::UnknownNode(_) => Status::permission_denied(message),
        DispatchError::NoSession(_) => Status::not_found(message),
        DispatchError::Write(_) | DispatchError::Stopped => Status::unavailable(message),
    }
}
