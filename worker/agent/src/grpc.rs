//! A manager over gRPC: a thin shell that converts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use skep_model::{CallId, CallPiece, NodeDescription, NodeReport, SessionId, TaskReport, Timestamp};
use skep_runtime::Line;
use skep_wire::v1::call_message::Of;
use skep_wire::v1::dispatcher_client::DispatcherClient;
use skep_wire::v1::relay_client::RelayClient;
use skep_wire::{SessionUpdate, Wire, WireError, v1};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::manager::{Manager, SessionError, Updates};

/// How long a call may take, but for the session's stream.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// A manager at the other end of a channel.
#[derive(Clone)]
pub struct GrpcManager {
    client: DispatcherClient<Channel>,
    connect: Arc<dyn Fn() -> Channel + Send + Sync>,
}

impl fmt::Debug for GrpcManager {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("GrpcManager").finish_non_exhaustive()
    }
}

impl GrpcManager {
    /// Talks through a channel that `connect` makes, and through another one where that is needed.
    pub fn new(connect: impl Fn() -> Channel + Send + Sync + 'static) -> Self {
        Self::over(Arc::new(connect))
    }

    fn over(connect: Arc<dyn Fn() -> Channel + Send + Sync>) -> Self {
        // A node's whole assignment comes as one message.
        let client = DispatcherClient::new(connect())
            .max_decoding_message_size(64 << 20)
            .max_encoding_message_size(64 << 20);
        Self { client, connect }
    }
}

#[async_trait]
impl Manager for GrpcManager {
    async fn session(
        &self,
        description: &NodeDescription,
        clock: Timestamp,
    ) -> Result<Updates, SessionError> {
        let request = v1::SessionRequest { description: Some(description.to_wire()), clock: clock.to_wire() };
        let stream = self.client.clone().session(request).await.map_err(session_error)?.into_inner();
        let updates = stream.map(|message| {
            let message = message.map_err(session_error)?;
            SessionUpdate::from_wire(message).map_err(malformed)
        });
        Ok(Box::pin(updates))
    }

    fn beside(&self) -> Option<Arc<dyn Manager>> {
        Some(Arc::new(Self::over(Arc::clone(&self.connect))))
    }

    async fn heartbeat(&self, session: SessionId, endpoints_version: u64) -> Result<Duration, SessionError> {
        let mut request =
            tonic::Request::new(v1::HeartbeatRequest { session: session.to_wire(), endpoints_version });
        request.set_timeout(CALL_TIMEOUT);
        let answer = self.client.clone().heartbeat(request).await.map_err(session_error)?.into_inner();
        let period = answer.period.ok_or(WireError::Missing { field: "HeartbeatResponse.period" });
        period.and_then(Duration::from_wire).map_err(malformed)
    }

    async fn report(
        &self,
        session: SessionId,
        endpoints_version: u64,
        reports: &[TaskReport],
    ) -> Result<(), SessionError> {
        let reports = reports.iter().map(Wire::to_wire).collect();
        let mut request =
            tonic::Request::new(v1::ReportRequest { session: session.to_wire(), reports, endpoints_version });
        request.set_timeout(CALL_TIMEOUT);
        self.client.clone().report(request).await.map_err(session_error)?;
        Ok(())
    }

    async fn answer(&self, call: CallId, line: Line<CallPiece>) -> Result<(), SessionError> {
        let first = v1::CallMessage { of: Some(Of::Join(call.to_wire())) };
        let said = ReceiverStream::new(line.heard).map(said);
        let messages = futures::stream::iter([first]).chain(said);
        let mut client = RelayClient::new((self.connect)());
        let mut heard = client.answer(messages).await.map_err(session_error)?.into_inner();
        // When the executor has ended, its last words may still be under way: dropping the stream now would lose them. The manager
        // ends it when it has passed them on.
        while let Some(v1::CallMessage { of: Some(Of::Piece(piece)) }) =
            heard.message().await.map_err(session_error)?
        {
            // An executor that has ended listens no more.
            let _ = line.said.send(CallPiece::from_wire(piece).map_err(malformed)?).await;
        }
        Ok(())
    }

    async fn diagnose(
        &self,
        session: SessionId,
        checkup: u64,
        report: &NodeReport,
    ) -> Result<(), SessionError> {
        let report = Some(report.to_wire());
        let mut request =
            tonic::Request::new(v1::DiagnoseRequest { session: session.to_wire(), checkup, report });
        request.set_timeout(CALL_TIMEOUT);
        self.client.clone().diagnose(request).await.map_err(session_error)?;
        Ok(())
    }
}

fn said(piece: CallPiece) -> v1::CallMessage {
    v1::CallMessage { of: Some(Of::Piece(piece.to_wire())) }
}

fn session_error(status: Status) -> SessionError {
    let message = status.message().to_owned();
    match status.code() {
        Code::NotFound => SessionError::NoSession(message),
        Code::PermissionDenied | Code::Unauthenticated => SessionError::Refused(message),
        _ => SessionError::Unreachable(message),
    }
}

fn malformed(error: WireError) -> SessionError {
    SessionError::Unreachable(format!("its answer cannot be read: {error}"))
}
