use std::process::Command;

/// A cargo that builds as one that is called by hand does. What cargo tells to a test (`CARGO_PKG_NAME` and so on) would be in the
/// environment of the build, too, and `ring`, which asks for it, would be built anew each time, with all that uses it.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let names = std::env::vars_os().map(|(name, _)| name);
    let told = |name: &std::ffi::OsString| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    names.filter(told).for_each(|name| {
        command.env_remove(name);
    });
    command
}
