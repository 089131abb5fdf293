use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use crate::ending::Ending;
use crate::settings::Settings;
use crate::{connection, datagrams, signals, trouble};

/// A connection needs little, and there may be many.
const STACK_BYTES: usize = 128 << 10;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) settings: Settings,
    pub(crate) healthy: AtomicBool,
    pub(crate) ignores_sigterm: Arc<AtomicBool>,
    pub(crate) ending: Arc<Ending>,
}

/// Serves until a signal or a request ends it. `variable` reads the environment. It has to be called before the process
/// has threads.
pub fn run(variable: impl Fn(&str) -> Option<String>) -> ExitCode {
    let served = Settings::read(variable).and_then(serve);
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

fn serve(settings: Settings) -> Result<(), String> {
    let ignores_sigterm = Arc::new(AtomicBool::new(settings.ignore_sigterm));
    let ending = Arc::<Ending>::default();
    signals::end_on_request(Arc::clone(&ignores_sigterm), Arc::clone(&ending))?;
    if let Some(after) = settings.crash_after {
        let code = settings.exit_code;
        start("crash", move || {
            thread::sleep(after);
            trouble::end(code);
        })?;
    }
    thread::sleep(settings.start_delay);
    let listener = TcpListener::bind(&everywhere(settings.port)[..])
        .map_err(|error| format!("cannot listen on port {}: {error}", settings.port))?;
    ending.listens(&listener).map_err(|error| format!("cannot watch port {}: {error}", settings.port))?;
    let healthy = AtomicBool::new(!settings.fail_health);
    if let Some(port) = settings.udp_port {
        let socket = UdpSocket::bind(&everywhere(port)[..])
            .map_err(|error| format!("cannot listen on UDP port {port}: {error}"))?;
        let task = settings.task.clone();
        start("datagrams", move || datagrams::answer_all(&socket, task.as_deref()))?;
    }
    say(&format!("skep/whoami: listening on port {}", settings.port));
    accept(&listener, &Arc::new(Server { settings, healthy, ignores_sigterm, ending }))
}

/// Every address, of IPv4, too; or of IPv4 alone, where there is no IPv6. The first that can be had is taken.
fn everywhere(port: u16) -> [SocketAddr; 2] {
    [(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]
}

/// An address as people write it: one of IPv4 is so, though it came to a socket of IPv6.
pub(crate) fn shown(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

pub(crate) fn accept(listener: &TcpListener, server: &Arc<Server>) -> Result<(), String> {
    loop {
        match server.ending.accept(listener) {
            Ok((stream, open)) => {
                let server = Arc::clone(server);
                let serve = move || {
                    connection::serve(&server, stream);
                    drop(open);
                };
                start("connection", serve)?;
            }
            // The client was faster away, or there are too many connections for now.
            Err(error) => say_error(&error.to_string()),
        }
    }
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let started = thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(work);
    started.map(drop).map_err(|error| format!("cannot start a thread: {error}"))
}

#[expect(clippy::print_stdout, reason = "what a container writes is its log")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "what a container writes is its log")]
pub(crate) fn say_error(line: &str) {
    eprintln!("skep/whoami: {line}");
}

#[cfg(test)]
#[path = "server_test.rs"]
mod tests;
