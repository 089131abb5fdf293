use crate::managers::Running;

/// What anyone has applied stands in the logs of a majority; members that are down count as having it.
pub(crate) fn check(running: &[Running], members: usize) -> Result<(), String> {
    let metrics: Vec<_> = running.iter().map(|manager| manager.core.metrics()).collect();
    let Some(applied) = metrics.iter().filter_map(|metrics| metrics.applied).max() else { return Ok(()) };
    let lacking = metrics.iter().filter(|metrics| metrics.last_log < Some(applied)).count();
    if 2 * (members - lacking) <= members {
        return Err(format!("entry {applied} is applied and lacks on {lacking} of {members} members"));
    }
    Ok(())
}
