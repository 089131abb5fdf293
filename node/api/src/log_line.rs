use bytes::Bytes;

/// Which lines of a container's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Not older than this, nanoseconds since the epoch; 0 for all.
    pub since_ns: u64,
    /// Not newer than this; 0 for all.
    pub until_ns: u64,
    /// Only this many of the last ones.
    pub tail: Option<u64>,
    /// Wait for more while the container runs.
    pub follow: bool,
    /// With `follow`: of a container that does not run, wait for its next run and follow that.
    pub next_run: bool,
}

/// Where a container wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogOrigin {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
}

/// One line that a container wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When, nanoseconds since the epoch.
    pub at_ns: u64,
    /// Where.
    pub origin: LogOrigin,
    /// What, with its line end.
    pub text: Bytes,
}
