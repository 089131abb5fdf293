//! What an operator of the swarm should know without asking for it.

use skep_model::NodeRole;
use skep_rest::Node;
use skep_store::View;

/// Warnings of the state: an even number of managers, clocks that are not right.
pub(crate) fn of(view: &View) -> Vec<String> {
    let managers = view.nodes().filter(|node| node.spec.role == NodeRole::Manager).count();
    let clocks = view.nodes().filter_map(|node| {
        let clock = Node::from(&**node).status.clock()?;
        Some(format!("the clock of {} is {clock}", node.description.hostname))
    });
    even(managers).into_iter().chain(clocks).collect()
}

/// An even number of managers needs one more for a majority than the odd number below, and survives no more losses.
fn even(managers: usize) -> Option<String> {
    if managers == 0 || managers % 2 == 1 {
        return None;
    }
    let (one, losses) = (managers - 1, managers / 2 - 1);
    Some(format!(
        "the swarm has {managers} managers, which survive the loss of {losses} of them: no more than {one} would. \
         Promote or demote one for an odd number"
    ))
}

#[cfg(test)]
mod tests {
    use super::even;

    #[test]
    fn only_an_even_number_is_warned_about() {
        for odd in [0, 1, 3, 5] {
            assert_eq!(even(odd), None);
        }
        assert!(
            even(2).unwrap().contains("2 managers, which survive the loss of 0 of them: no more than 1 ")
        );
        assert!(
            even(4).unwrap().contains("4 managers, which survive the loss of 1 of them: no more than 3 ")
        );
    }
}
