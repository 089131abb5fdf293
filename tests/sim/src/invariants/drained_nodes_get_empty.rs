use skep_model::Availability;
use skep_store::View;

/// No task is wanted on a drained node.
pub(crate) fn drained_nodes_get_empty(view: &View) -> Result<(), String> {
    for node in view.nodes().filter(|node| node.spec.availability == Availability::Drain) {
        if let Some(task) = view.node_tasks(node.id).find(|task| task.is_wanted()) {
            return Err(format!("task {} is wanted on the drained node {}", task.id, node.id));
        }
    }
    Ok(())
}
