//! Says what the machine measured of itself and of the ways to others: when managers ask, and when ways change.

use skep_model::{Checkup, NodeReport, SessionId};

use crate::manager::{Manager, SessionError};
use crate::task_manager::Shared;

/// Does so until the session is not known any more. What a manager does not take is no reason to end a session: one of an older
/// version has no use for it, and what was asked for is asked again. `asked_before` is the version of what earlier sessions asked:
/// that has been answered, or is not waited for any more.
pub(crate) async fn diagnose(
    shared: &Shared,
    manager: &dyn Manager,
    session: SessionId,
    asked_before: u64,
) -> SessionError {
    let (mut asked, mut seen) = (asked_before, 0);
    loop {
        let sent = tokio::select! {
            biased;
            (version, checkup) = shared.checkup.changed(asked) => {
                asked = version;
                match checkup {
                    Some(checkup) => check(shared, manager, session, &checkup).await,
                    None => Ok(()),
                }
            }
            (version, paths) = shared.executor.next_paths(seen) => {
                seen = version;
                let report = NodeReport { clock: shared.env.now(), paths, ..NodeReport::default() };
                manager.diagnose(session, 0, &report).await
            }
        };
        if let Err(error) = sent {
            tracing::info!(%error, "managers did not hear what this node measured");
            if matches!(error, SessionError::NoSession(_)) {
                return error;
            }
        }
    }
}

async fn check(
    shared: &Shared,
    manager: &dyn Manager,
    session: SessionId,
    checkup: &Checkup,
) -> Result<(), SessionError> {
    let report = shared.executor.check(checkup).await;
    // Only now: what takes long must not make the clock look wrong.
    let report = NodeReport { clock: shared.env.now(), ..report };
    manager.diagnose(session, checkup.id, &report).await
}
