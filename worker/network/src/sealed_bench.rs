//! How fast encrypted networks are beside plain ones; only measured. See tests/bench/README.md.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::lab::{Cell, Node, connected, follow, follow_sealed, in_lab, inside, on, service};

/// How long each stream lasts, unless `SKEP_STREAM_SECONDS` says it.
const LENGTH: Duration = Duration::from_millis(200);

/// Megabits per second of one TCP stream.
fn stream(from: &Cell, to: &Cell) -> f64 {
    let said = std::env::var("SKEP_STREAM_SECONDS").ok().and_then(|text| text.parse().ok());
    let length = said.map_or(LENGTH, Duration::from_secs);
    let listener = inside(&to.namespace, || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 99)).unwrap());
    let sink = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut buffer, mut bytes) = (vec![0; 1 << 18], 0);
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            bytes += length;
        }
        bytes
    });
    let start = Instant::now();
    let mut source = inside(&from.namespace, || TcpStream::connect((to.address(), 99)).unwrap());
    let block = vec![7; 1 << 18];
    while start.elapsed() < length {
        source.write_all(&block).unwrap();
    }
    drop(source);
    let bytes = sink.join().unwrap() as f64;
    bytes * 8.0 / 1e6 / start.elapsed().as_secs_f64()
}

#[test]
fn plain_and_sealed_streams() {
    in_lab(|lab| async move {
        let [one, two] = Node::several(&lab).await;
        let (from, to) = (one.cell("from", vec![on(1, 5)]).await, two.cell("to", vec![on(1, 6)]).await);
        let services = [service("s", 100, &[&to])];
        follow(1, &[&one, &two], &services).await;
        let plain = stream(&from, &to);
        follow_sealed(2, &[&one, &two], &services).await;
        connected(&[&one, &two]).await;
        let sealed = stream(&from, &to);
        println!("plain {plain:.0} Mbit/s, sealed {sealed:.0} Mbit/s");
    });
}
