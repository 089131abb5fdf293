use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The sum of the processes' proportional set sizes, in KiB (`Pss` of proc(5), smaps_rollup): a page that n processes share
/// counts for 1/n to each. A process that ended meanwhile counts nothing.
pub(crate) fn proportional_kib(processes: &[u32]) -> Result<f64> {
    let mut sum = 0.0;
    for process in processes {
        let path = format!("/proc/{process}/smaps_rollup");
        let Ok(text) = fs::read_to_string(&path) else {
            anyhow::ensure!(!Path::new(&format!("/proc/{process}")).exists(), "cannot read {path}");
            continue;
        };
        sum += pss(&text).with_context(|| format!("{path} has no Pss"))?;
    }
    Ok(sum)
}

fn pss(rollup: &str) -> Option<f64> {
    rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found() {
        assert_eq!(
            pss("00400000-7ffd000 ---p 0 00:00 0 [rollup]\nRss:   10 kB\nPss:    7 kB\nPss_Dirty: 1 kB\n"),
            Some(7.0)
        );
        assert_eq!(pss("Rss: 1 kB"), None);
        assert!(proportional_kib(&[std::process::id()]).unwrap() > 100.0);
    }
}
