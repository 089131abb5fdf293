use crate::managers::Running;

/// Raft stops only when its node dies.
pub(crate) fn check(manager: &Running) -> Result<(), String> {
    match manager.core.metrics().failure {
        Some(failure) if !manager.life.is_doomed() => {
            Err(format!("Raft stopped by itself on {}: {failure}", manager.site))
        }
        _ => Ok(()),
    }
}
