use std::sync::Arc;
use std::time::Duration;

use nix::unistd::Uid;
use skep_api::Host;
use skep_runtime::{Latest, Shutdown, telemetry};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::DaemonError;
use crate::node::Node;
use crate::options::DaemonOptions;
use crate::pidfile::PidFile;
use crate::places::Places;
use crate::process;
use crate::sockets::Sockets;

/// Threads that run tasks: the daemon waits more than it computes.
const WORKER_THREADS: usize = 2;
/// Threads for calls that block; each costs memory once it was needed.
const BLOCKING_THREADS_MAX: usize = 16;
/// How long a node may take to go on as a member before calls are answered without it.
const RESUME_WAIT: Duration = Duration::from_secs(10);
/// How long calls that are being answered may take to end at a shutdown.
const SERVE_WAIT: Duration = Duration::from_secs(3);

/// Runs a daemon until SIGTERM or SIGINT; containers run on.
///
/// # Errors
/// When it cannot start; nothing is left behind then.
pub fn run(options: DaemonOptions) -> Result<(), DaemonError> {
    let level = if options.debug { "debug" } else { &options.log_level };
    process::prepare();
    telemetry::start(level, options.log_json).map_err(DaemonError::Option)?;
    if !Uid::effective().is_root() {
        return Err(DaemonError::NotRoot);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build()
        .map_err(|source| DaemonError::File { what: "start threads".into(), source })?;
    runtime.block_on(serve(&options))
}

async fn serve(options: &DaemonOptions) -> Result<(), DaemonError> {
    let failed = |source| DaemonError::File { what: "listen for signals".into(), source };
    let mut signals =
        (signal(SignalKind::terminate()).map_err(failed)?, signal(SignalKind::interrupt()).map_err(failed)?);
    let _pidfile = PidFile::take(&options.pidfile)?;
    let places = Places::open(&options.data_root, &options.exec_root)?;
    let node = Node::open(options, places)?;
    let (sockets, listeners) = Sockets::listen(&options.hosts)?;

    let env = node.env.clone();
    let _memory = env.spawn("memory", process::give_back(env.clone()));
    // Connections wait in the socket meanwhile: a command after a restart finds the node as it will be.
    let resuming = resume(&node);
    if env.timeout(RESUME_WAIT, resuming.wait_for(|ready| *ready)).await.is_err() {
        tracing::warn!("the node is not ready yet; calls are answered without it");
    }
    let shutdown = Shutdown::new();
    let host: Arc<dyn Host> = Arc::clone(&node) as _;
    let serving = env.spawn("api", skep_api::serve(host, env.clone(), listeners, shutdown.clone()));
    tracing::info!(
        hosts = options.hosts.join(" "),
        version = env!("CARGO_PKG_VERSION"),
        "the daemon is ready"
    );
    asked_to_end(&mut signals).await;
    tracing::info!("the daemon ends; containers run on");
    shutdown.cancel();
    if env.timeout(SERVE_WAIT, serving.join()).await.is_err() {
        tracing::info!("some calls were cut off");
    }
    drop(sockets);
    node.stop().await;
    Ok(())
}

/// Lets the node go on as what it was; true when that is done.
fn resume(node: &Arc<Node>) -> Latest<bool> {
    let ready = Latest::new(false);
    let (own, done) = (Arc::clone(node), ready.clone());
    let resuming = async move {
        if let Err(error) = own.resume().await {
            tracing::error!(%error, "this node cannot go on as a member of its swarm");
        }
        done.set(true);
    };
    node.env.spawn("resume", resuming).detach();
    ready
}

async fn asked_to_end((terminate, interrupt): &mut (Signal, Signal)) {
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
