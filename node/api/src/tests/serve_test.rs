//! Real connections.

use std::sync::Arc;

use skep_runtime::{Env, Shutdown};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::testing::FakeHost;

#[tokio::test]
async fn connections_are_served_until_shutdown_which_ends_open_streams() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["a.sock", "b.sock"].map(|name| directory.path().join(name));
    let listeners = paths.iter().map(|path| UnixListener::bind(path).unwrap()).collect();
    let (env, shutdown) = (Env::real(), Shutdown::new());
    let serving = env.spawn(
        "serve",
        crate::serve(Arc::new(FakeHost::default()), env.clone(), listeners, shutdown.clone()),
    );

    let mut idle = UnixStream::connect(&paths[0]).await.unwrap();
    idle.write_all(b"GET /v1.44/_ping HTTP/1.1\r\nHost: skep\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 15];
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 200 OK");

    let mut events = UnixStream::connect(&paths[1]).await.unwrap();
    events.write_all(b"GET /events HTTP/1.1\r\nHost: skep\r\n\r\n").await.unwrap();
    // Headers come before there is any event.
    events.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 200 OK");

    shutdown.cancel();
    serving.join().await.unwrap();
    let mut rest = Vec::new();
    events.read_to_end(&mut rest).await.unwrap();
    let rest = String::from_utf8(rest).unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "the stream did not end as a whole: {rest:?}");
    // Idle connections are closed too.
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"OK"));
}
