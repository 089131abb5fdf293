use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use skep_identity::TlsPeer;
use skep_model::SessionId;
use skep_wire::Wire;
use skep_wire::v1::dispatcher_server::Dispatcher;
use skep_wire::v1::{
    AttachRequest, AttachResponse, DiagnoseRequest, DiagnoseResponse, DoctorRequest, DoctorResponse,
    HeartbeatRequest, HeartbeatResponse, KeepAttachmentsRequest, KeepAttachmentsResponse, ReportRequest,
    ReportResponse, SessionMessage, SessionRequest,
};
use tonic::{Request, Response, Status};

use super::reception::Reception;
use crate::faults::AT_ANSWER;
use crate::plant::Plant;
use crate::world::World;

/// Receives what agents send, in the manager's life.
pub(super) struct AgentCalls<D> {
    product: Arc<D>,
    reception: Reception,
}

impl<D> AgentCalls<D> {
    /// Lets the product's server do what is asked.
    pub(super) fn new(product: D, reception: Reception) -> Self {
        Self { product: Arc::new(product), reception }
    }
}

/// Which agent calls.
fn caller<T>(world: &World, request: &Request<T>) -> Result<usize, Status> {
    let peer = request.extensions().get::<TlsPeer>().and_then(|connection| connection.peer);
    let agent = peer.and_then(|peer| world.agents.of_node(peer.node));
    agent.ok_or_else(|| Status::unauthenticated("not an agent"))
}

fn session_of(update: &Result<SessionMessage, Status>) -> Option<SessionId> {
    SessionId::from_wire(update.as_ref().ok()?.session.clone()).ok()
}

#[async_trait]
impl<D: Dispatcher> Dispatcher for AgentCalls<D> {
    type SessionStream = BoxStream<'static, Result<SessionMessage, Status>>;

    async fn session(
        &self,
        request: Request<SessionRequest>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let (product, world, manager) =
            (Arc::clone(&self.product), self.reception.world()?, self.reception.site);
        let agent = caller(&world, &request)?;
        let work = async move {
            let answer = product.session(request).await?;
            let number = world.sessions.number();
            let world = Arc::downgrade(&world);
            Ok(answer.map(|updates| {
                let seen = updates.inspect(move |update| {
                    if let (Some(world), Some(id)) = (world.upgrade(), session_of(update)) {
                        world.sessions.opened(manager, agent, number, id);
                    }
                });
                seen.boxed()
            }))
        };
        self.reception.perform(0, work).await
    }

    async fn heartbeat(
        &self,
        request: Request<HeartbeatRequest>,
    ) -> Result<Response<HeartbeatResponse>, Status> {
        let product = Arc::clone(&self.product);
        self.reception.perform(0, async move { product.heartbeat(request).await }).await
    }

    async fn diagnose(
        &self,
        request: Request<DiagnoseRequest>,
    ) -> Result<Response<DiagnoseResponse>, Status> {
        let product = Arc::clone(&self.product);
        self.reception.perform(0, async move { product.diagnose(request).await }).await
    }

    async fn doctor(&self, request: Request<DoctorRequest>) -> Result<Response<DoctorResponse>, Status> {
        let product = Arc::clone(&self.product);
        self.reception.perform(0, async move { product.doctor(request).await }).await
    }

    async fn attach(&self, request: Request<AttachRequest>) -> Result<Response<AttachResponse>, Status> {
        let product = Arc::clone(&self.product);
        self.reception.perform(0, async move { product.attach(request).await }).await
    }

    async fn keep_attachments(
        &self,
        request: Request<KeepAttachmentsRequest>,
    ) -> Result<Response<KeepAttachmentsResponse>, Status> {
        let product = Arc::clone(&self.product);
        self.reception.perform(0, async move { product.keep_attachments(request).await }).await
    }

    async fn report(&self, mut request: Request<ReportRequest>) -> Result<Response<ReportResponse>, Status> {
        let (product, world, manager) =
            (Arc::clone(&self.product), self.reception.world()?, self.reception.site);
        let agent = caller(&world, &request)?;
        let work = async move {
            let present = world.sessions.present(manager, agent);
            let is_old = present.is_some_and(|present| request.get_ref().session != present.to_wire());
            if let (Some(Plant::OldSession), Some(present)) = (world.plant, present) {
                request.get_mut().session = present.to_wire();
            }
            let answer = product.report(request).await;
            if answer.is_ok() && is_old {
                world.violate(&format!("{manager} took a report of a{agent} from an old session"));
            }
            answer
        };
        self.reception.perform(AT_ANSWER, work).await
    }
}
