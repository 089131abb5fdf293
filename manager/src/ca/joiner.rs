use std::time::Duration;

use skep_model::{Availability, NodeDescription};
use skep_runtime::Env;
use tokio::net::TcpStream;

use super::error::CaError;

/// How long a new manager may take to be reached.
const DIAL_TIMEOUT: Duration = Duration::from_secs(4);

/// A node that wants to come in.
#[derive(Clone, Debug)]
pub struct Joiner {
    /// Its join token, which says as what.
    pub token: String,
    /// Its request for a certificate, DER.
    pub request: Vec<u8>,
    /// What it says of itself.
    pub description: NodeDescription,
    /// Whether it takes tasks.
    pub availability: Availability,
    /// Where other members reach it, `address:port`.
    pub address: String,
}

impl Joiner {
    /// Looks whether there is a server where the joiner will be one: it holds its port while it asks. A manager whom the others do
    /// not reach would never get its vote.
    pub(super) async fn reached(&self, env: &Env) -> Result<(), CaError> {
        let failed = |reason: String| CaError::NotReached { address: self.address.clone(), reason };
        match env.timeout(DIAL_TIMEOUT, TcpStream::connect(&self.address)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed(format!("no answer within {} s", DIAL_TIMEOUT.as_secs()))),
        }
    }
}
