use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// Where skep_harness looks for the binary.
const VARIABLE: &str = "SKEP_TEST_BINARY";

/// Makes sure that a release build of `skep` is measured: when nobody names a binary, builds it and starts this program
/// anew with its name in the environment.
///
/// # Errors
/// When it cannot be built.
pub fn measure_release() -> Result<()> {
    if std::env::var_os(VARIABLE).is_some() {
        return Ok(());
    }
    let binary = build()?;
    let own = std::env::current_exe()?;
    let failed = Command::new(own).args(std::env::args_os().skip(1)).env(VARIABLE, binary).exec();
    bail!("starting the benchmark anew: {failed}")
}

fn build() -> Result<PathBuf> {
    let mut command = skep_harness::cargo();
    command.args(["build", "--release", "--package", "skep", "--message-format", "json-render-diagnostics"]);
    let built = command.current_dir(skep_harness::workspace()).output().context("run cargo")?;
    ensure!(built.status.success(), "skep does not build:\n{}", String::from_utf8_lossy(&built.stderr));
    let text = String::from_utf8_lossy(&built.stdout);
    let executable = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    };
    text.lines().filter_map(executable).next_back().context("cargo names no binary")
}
