use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{CLIENT, HOST, Lab, ask, inside};

/// Connections from the client to a published port, one after the other, for as long as this lives.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    thread: Option<std::thread::JoinHandle<()>>,
    client: OwnedFd,
}

impl Load {
    pub(crate) fn start(lab: &Lab, port: u16) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let client = lab.client.try_clone().unwrap();
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&done));
        let namespace = client.try_clone().unwrap();
        let work = move || {
            while !stopped.load(Ordering::Relaxed) {
                let answer = ask(&namespace, HOST, port).unwrap();
                assert!(answer.ends_with(&CLIENT.to_string()), "{answer}");
                count.fetch_add(1, Ordering::Relaxed);
            }
        };
        Self { stop, done, thread: Some(std::thread::spawn(work)), client }
    }

    /// How many connections were served so far.
    pub(crate) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Whether a connection has failed.
    pub(crate) fn failed(&self) -> bool {
        self.thread.as_ref().is_none_or(std::thread::JoinHandle::is_finished)
    }

    /// Ends the load, which must not have lost a connection, nor had to ask for one twice (after a second).
    pub(crate) fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        let statistics =
            inside(&self.client, || std::fs::read_to_string("/proc/thread-self/net/netstat").unwrap());
        let mut lines = statistics.lines().filter_map(|line| line.strip_prefix("TcpExt: "));
        let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
        let mut pairs = names.split(' ').zip(values.split(' '));
        assert_eq!(pairs.find(|(name, _)| *name == "TCPSynRetrans"), Some(("TCPSynRetrans", "0")));
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
