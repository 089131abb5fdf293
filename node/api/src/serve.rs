use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures::future::join_all;
use hyper::body::Incoming;
use hyper::{Request, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use skep_runtime::{Env, Shutdown, Task};
use tokio::net::{UnixListener, UnixStream};
use tower::ServiceExt as _;

use crate::api::Api;
use crate::events::EventHistory;
use crate::host::Host;
use crate::router::router;
use crate::swarm_events;

/// How long calls that are under way at shutdown may go on.
const GRACE: Duration = Duration::from_secs(5);
/// Before the next try when no connection can be taken, say because there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers on every listener until shutdown; then streams end, calls under way get five seconds, and connections close.
pub async fn serve(host: Arc<dyn Host>, env: Env, listeners: Vec<UnixListener>, shutdown: Shutdown) {
    let events = EventHistory::new();
    let recording = env.spawn("api events", events.clone().record(Arc::clone(&host)));
    let swarm = swarm_events::record(events.clone(), Arc::clone(&host), env.clone());
    let recording = (recording, env.spawn("swarm events", swarm));
    let router =
        router(Api { host, env: env.clone(), shutdown: shutdown.clone(), events, execs: Default::default() });
    let serving = listeners.into_iter().map(|listener| {
        let acceptor = Acceptor {
            env: env.clone(),
            router: router.clone(),
            shutdown: shutdown.clone(),
            open: Vec::new(),
        };
        env.spawn("api listener", acceptor.run(listener))
    });
    let serving: Vec<Task<()>> = serving.collect();
    for lost in join_all(serving.into_iter().map(Task::join)).await.into_iter().filter_map(Result::err) {
        tracing::error!(%lost, "the API stopped answering on a listener");
    }
    drop(recording);
}

/// Takes connections of one listener.
struct Acceptor {
    env: Env,
    router: Router,
    shutdown: Shutdown,
    open: Vec<Task<()>>,
}

impl Acceptor {
    async fn run(mut self, listener: UnixListener) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => self.admit(stream),
                Err(error) => {
                    tracing::warn!(%error, "the API cannot take a connection");
                    self.env.sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        let all = join_all(self.open.into_iter().map(Task::join));
        if self.env.timeout(GRACE, all).await.is_err() {
            tracing::warn!("calls that were still under way at shutdown were cut off");
        }
    }

    fn admit(&mut self, stream: UnixStream) {
        self.open.retain(|connection| !connection.is_finished());
        let serving = connection(stream, self.router.clone(), self.shutdown.clone());
        self.open.push(self.env.spawn("api connection", serving));
    }
}

async fn connection(stream: UnixStream, router: Router, shutdown: Shutdown) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        router.clone().oneshot(request.map(Body::new))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    let mut serving = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let ended = tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        ended = serving.as_mut() => Some(ended),
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the API broke off");
    }
}
