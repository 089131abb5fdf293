use axum::http::StatusCode;
use skep_model::Timestamp;

use crate::log_line::{LogLine, LogOptions, LogOrigin};
use crate::moment::parse_moment;
use crate::params::Params;
use crate::refusal::Refusal;

/// Which lines are asked for, and what stands before each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogRequest {
    /// Which lines of a container.
    pub(crate) options: LogOptions,
    /// Whether each line starts with its time.
    pub(crate) timestamps: bool,
    /// Whether each line starts with where it comes from.
    pub(crate) details: bool,
    stdout: bool,
    stderr: bool,
}

impl LogRequest {
    /// Reads a query.
    pub(crate) fn new(params: &Params, now: Timestamp) -> Result<Self, Refusal> {
        let (stdout, stderr) = (params.flag("stdout"), params.flag("stderr"));
        if !stdout && !stderr {
            let message = "Bad parameters: you must choose at least one stream";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
        }
        let moment = |key: &str| match params.get(key) {
            None | Some("0") => Ok(0),
            Some(text) => parse_moment(key, text, now).map(Timestamp::as_nanos),
        };
        let options = LogOptions {
            since_ns: moment("since")?,
            until_ns: moment("until")?,
            tail: tail(params)?,
            follow: params.flag("follow"),
            next_run: false,
        };
        let (timestamps, details) = (params.flag("timestamps"), params.flag("details"));
        Ok(Self { options, timestamps, details, stdout, stderr })
    }

    /// What a container writes from now on, until the end of its present run or, if there is none, of its next; with `past` also what
    /// it has written.
    pub(crate) fn attached(params: &Params, now: Timestamp, past: bool) -> Result<Self, Refusal> {
        let request = Self::new(params, now)?;
        let tail = if past { None } else { Some(0) };
        let options = LogOptions { tail, follow: true, next_run: true, ..LogOptions::default() };
        Ok(Self { options, timestamps: false, details: false, ..request })
    }

    /// Whether a line's origin is asked for.
    pub(crate) fn wants(&self, line: &LogLine) -> bool {
        self.wants_origin(line.origin)
    }

    /// Whether what is written there is asked for.
    pub(crate) fn wants_origin(&self, origin: LogOrigin) -> bool {
        match origin {
            LogOrigin::Stdout => self.stdout,
            LogOrigin::Stderr => self.stderr,
        }
    }
}

/// A number of lines; `all`, and negative numbers as with Docker, are all.
fn tail(params: &Params) -> Result<Option<u64>, Refusal> {
    match params.get("tail") {
        None | Some("all") => Ok(None),
        Some(text) => match text.parse::<i64>() {
            Ok(lines) => Ok(u64::try_from(lines).ok()),
            Err(_) => Err(Refusal::malformed(format!(
                "invalid value '{text}' for tail: use a number of lines, or all"
            ))),
        },
    }
}
