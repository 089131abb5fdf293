//! Asks the leader, wherever it is.

use std::time::Duration;

use skep_identity::{LiveIdentity, client_channel};
use skep_model::{Diagnosis, Inquiry, limits};
use skep_wire::v1::dispatcher_client::DispatcherClient;
use skep_wire::{Wire, v1};
use thiserror::Error;
use tonic::Request;

/// How long one manager may take; nodes are asked one checkup after the other.
const CALL_TIMEOUT: Duration = Duration::from_secs(2 * limits::DOCTOR_DEADLINE.as_secs() + 2);
/// How long a manager may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// No manager did what was asked.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct DoctorCallError(String);

/// Asks the first of these managers (`host:port`) that leads.
///
/// # Errors
/// When none of them leads or answers: what each of them said.
pub async fn ask(
    identity: &LiveIdentity,
    managers: &[String],
    inquiry: Inquiry,
) -> Result<Diagnosis, DoctorCallError> {
    let mut reasons = Vec::new();
    for address in managers {
        match ask_one(identity, address, inquiry).await {
            Ok(diagnosis) => return Ok(diagnosis),
            Err(reason) => reasons.push(format!("{address}: {reason}")),
        }
    }
    Err(DoctorCallError(if reasons.is_empty() { "no manager is known".into() } else { reasons.join("; ") }))
}

async fn ask_one(identity: &LiveIdentity, address: &str, inquiry: Inquiry) -> Result<Diagnosis, String> {
    let connecting = tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::TcpStream::connect(address));
    connecting.await.map_err(|_| "no answer")?.map_err(|error| error.to_string())?;
    let mut request = Request::new(v1::DoctorRequest {
        repair: inquiry == Inquiry::Repair,
        recall: inquiry == Inquiry::Recall,
    });
    request.set_timeout(CALL_TIMEOUT);
    let mut client = DispatcherClient::new(client_channel(identity, address.to_owned()));
    let answer = client.doctor(request).await.map_err(|status| status.message().to_owned())?.into_inner();
    let diagnosis = answer.diagnosis.ok_or("its answer is empty")?;
    Diagnosis::from_wire(diagnosis).map_err(|error| error.to_string())
}
