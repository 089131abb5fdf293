use std::collections::BTreeSet;

use skep_model::NodeRole;
use skep_store::View;

use crate::world::World;

/// The members of Raft are the swarm's managers, each with a vote that counts in full: no change of the members is half done.
pub(crate) fn managers_are_the_voters(world: &World, view: &View) -> Result<(), String> {
    let Some(leader) = world.managers.leader() else { return Err("nobody leads".to_owned()) };
    let members = leader.core.metrics().members;
    if let Some((id, _)) = members.iter().find(|(_, member)| !member.voter) {
        return Err(format!("member {id} has no vote, or only half of one"));
    }
    let managers = view.nodes().filter(|node| node.spec.role == NodeRole::Manager);
    let wanted: BTreeSet<u64> =
        managers.filter_map(|node| node.manager.as_ref()).map(|manager| manager.raft_id).collect();
    let found: BTreeSet<u64> = members.into_keys().collect();
    if found == wanted { Ok(()) } else { Err(format!("members are {found:?} and should be {wanted:?}")) }
}
