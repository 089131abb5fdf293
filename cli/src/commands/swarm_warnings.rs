use skep_rest::Info;

use crate::client::Client;
use crate::failure::Failure;
use crate::output;

/// Says what the swarm's operator should know now that its managers change; nothing on a worker.
pub(crate) async fn warn(client: &Client) -> Result<(), Failure> {
    let info: Info = client.get("/info").await?;
    info.warnings.iter().for_each(|warning| output::warning(&format!("WARNING: {warning}")));
    Ok(())
}
