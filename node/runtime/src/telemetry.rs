//! Where log lines go.

use tracing_subscriber::EnvFilter;

/// Libraries that say much at the level `debug`.
const QUIET: &str = "sled=info,h2=info,hyper=info,hyper_util=info,rustls=info,tonic=info,tower=info,openraft=error,\
                     netlink_packet_route=info,netlink_proto=info,boringtun=off";
/// openraft tells its inner steps at `info`, and warns of messages that it drops as it should; to boringtun a node that is away
/// is an error, over and over.
const QUIET_ALWAYS: &str = "openraft=error,boringtun=off";

/// Writes log lines to standard error from `level` on (`debug`, `info`, `warn`, `error`, or a filter of
/// `tracing-subscriber`), as text or as JSON objects. The environment variable `SKEP_LOG` wins over `level`. A second call
/// changes nothing.
///
/// # Errors
/// When the level is not one; the text says which are.
pub fn start(level: &str, json: bool) -> Result<(), String> {
    let wanted = std::env::var("SKEP_LOG").unwrap_or_else(|_| level.to_owned());
    // A bare level means ours: what libraries say drowns it.
    let wanted = match wanted.as_str() {
        "debug" => format!("debug,{QUIET}"),
        // dockerd's word for a level that nothing of ours is above.
        "fatal" => format!("error,{QUIET_ALWAYS}"),
        "info" | "warn" | "error" => format!("{wanted},{QUIET_ALWAYS}"),
        _ => wanted,
    };
    let filter = EnvFilter::try_new(&wanted)
        .map_err(|error| format!("'{wanted}' is not a log level (debug, info, warn, error): {error}"))?;
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = if json { lines.json().try_init() } else { lines.with_ansi(false).try_init() };
    // Only fails when it was started before, which tests do.
    started.or(Ok(()))
}
