//! Spreading a service's tasks again.

use skep_model::{Change, Service, ServiceMode, Transaction};
use skep_plan::{Move, moves};

use super::{ControlApi, ControlError};

impl ControlApi {
    /// Has the tasks of a service moved, one at a time, until it is spread evenly; gives the moves. With `dry_run` nothing is moved.
    /// Where each task goes is decided anew when its turn comes.
    ///
    /// # Errors
    /// When there is no such service, it is no replicated one, or it is being rebalanced already.
    pub async fn rebalance_service(&self, reference: &str, dry_run: bool) -> Result<Vec<Move>, ControlError> {
        let now = self.env.now();
        self.door
            .change(|view| {
                let service = view.find_service(reference)?;
                check(service, dry_run)?;
                let moves = moves(view, service, now);
                let rebalance = moves.iter().map(|each| each.task).collect();
                let listed = Service { rebalance, ..Service::clone(service) };
                let changes =
                    if dry_run || moves.is_empty() { vec![] } else { vec![Change::Update(listed.into())] };
                Ok((Transaction { changes }, moves))
            })
            .await
    }
}

fn check(service: &Service, dry_run: bool) -> Result<(), ControlError> {
    let name = &service.spec.name;
    if !matches!(service.spec.mode, ServiceMode::Replicated { .. }) {
        let text = format!(
            "service {name} cannot be rebalanced: its mode is {}, not replicated",
            service.spec.mode.word()
        );
        return Err(ControlError::Precondition(text));
    }
    let left = service.rebalance.len();
    if left > 0 && !dry_run {
        let tasks = if left == 1 { "task has" } else { "tasks have" };
        let text = format!(
            "service {name} is being rebalanced already: {left} {tasks} still to move; wait for that to end"
        );
        return Err(ControlError::Precondition(text));
    }
    Ok(())
}
