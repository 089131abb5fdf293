use skep_rest::{Info, Node, NodeSpec};

use crate::client::{Client, Nothing, Query};
use crate::failure::Failure;

/// A node's id, where `self` means this node.
pub(super) async fn resolve(client: &Client, name: &str) -> Result<String, Failure> {
    if name == "self" {
        return Ok(client.get::<Info>("/info").await?.swarm.node_id);
    }
    let node: Node = client.get(&format!("/nodes/{}", Query::segment(name))).await?;
    Ok(node.id)
}

/// Changes what is wanted of a node, as it stands now.
pub(super) async fn change(
    client: &Client,
    name: &str,
    change: impl FnOnce(&mut NodeSpec),
) -> Result<(), Failure> {
    let path = format!("/nodes/{}", resolve(client, name).await?);
    let node: Node = client.get(&path).await?;
    let mut spec = node.spec;
    change(&mut spec);
    let query = Query::new(format!("{path}/update")).with("version", node.version.index.to_string());
    let _: Nothing = client.post(query.as_str(), &spec).await?;
    Ok(())
}
