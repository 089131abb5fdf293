/// Load averages of 1, 5 and 15 minutes, as /proc/loadavg has them; empty when it cannot be read.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Processors, kernel and memory, for whoever compares two runs.
pub(crate) fn description() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = read("/proc/meminfo");
    let kibibytes =
        memory.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    format!(
        "{processors} cores, {} GiB, Linux {}",
        kibibytes >> 20,
        read("/proc/sys/kernel/osrelease").trim()
    )
}
