use std::process::ExitCode;

use crate::{call, server};

/// Asks the server in the same container how it is, for health checks: succeeds when it is well. `variable` reads the environment.
pub fn check(variable: impl Fn(&str) -> Option<String>) -> ExitCode {
    let port = variable("WHOAMI_PORT").unwrap_or_else(|| "80".to_owned());
    let url = format!("http://127.0.0.1:{port}/health");
    let (_, answer) = call::call(&url);
    if answer.contains("\nStatus: 200\n") {
        return ExitCode::SUCCESS;
    }
    server::say(answer.trim_end());
    ExitCode::FAILURE
}
