//! How full the kernel's table of connections is.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use skep_model::limits::CONNECTIONS_SHOWN_PERCENT;
use skep_model::{Check, Finding};

/// Looks after a warning that are skipped: the table stays full for a while.
const QUIET_LOOKS: u64 = 10;

static QUIET: AtomicU64 = AtomicU64::new(0);

/// Connections in the table of the calling thread's network namespace, and how many there may be; none where the kernel tracks
/// none.
pub(crate) fn room() -> Option<(u64, u64)> {
    let number = |name: &str| {
        let text = fs::read_to_string(format!("/proc/sys/net/netfilter/{name}")).ok()?;
        text.trim().parse::<u64>().ok()
    };
    Some((number("nf_conntrack_count")?, number("nf_conntrack_max")?))
}

/// What is wrong with this many connections.
pub(crate) fn judge((count, most): (u64, u64)) -> Option<Finding> {
    let full = count.saturating_mul(100) / most.max(1);
    (most > 0 && full > CONNECTIONS_SHOWN_PERCENT).then(|| {
        let double = most.saturating_mul(2);
        Finding::warning(
            Check::Connections,
            format!("the kernel's table of connections is {full} % full ({count} of {most})"),
        )
        .cause("many connections at a time, or many short ones; when it is full, new ones are dropped")
        .fix(format!("sysctl -w net.netfilter.nf_conntrack_max={double}, and in /etc/sysctl.d to keep it"))
    })
}

/// Says so in the log, not too often.
pub(crate) fn warn_when_full() {
    let Some(finding) = room().and_then(judge) else { return };
    if QUIET.fetch_add(1, Ordering::Relaxed).is_multiple_of(QUIET_LOOKS) {
        tracing::warn!(cause = finding.cause, fix = finding.fix, "{}", finding.failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_nearly_full_is_told() {
        assert_eq!(judge((80, 100)), None);
        assert_eq!(judge((0, 0)), None);
        let finding = judge((900, 1000)).unwrap();
        assert!(finding.failed.contains("90 % full (900 of 1000)") && finding.fix.contains("max=2000"));
    }
}
