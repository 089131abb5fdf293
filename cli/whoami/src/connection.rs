use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use crate::request::Request;
use crate::server::{Server, say, say_error, shown};
use crate::{call, identity, trouble};

/// A status and a text.
pub(crate) type Answer = (u16, String);

/// Answers requests until the client goes.
pub(crate) fn serve(server: &Server, stream: TcpStream) {
    // It has no use for a client that is gone.
    drop(answer_all(server, stream));
}

fn answer_all(server: &Server, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(4096, stream);
    loop {
        let request = match Request::read(&mut stream) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return write(stream.get_mut(), (400, format!("{error}\n")), true);
            }
            Err(error) => return Err(error),
        };
        let answer = answer(server, &request, stream.get_ref())?;
        let close = request.close || server.ending.has_begun();
        write(stream.get_mut(), answer, close)?;
        if close {
            return Ok(());
        }
    }
}

fn answer(server: &Server, request: &Request, stream: &TcpStream) -> io::Result<Answer> {
    let client = shown(stream.peer_addr()?);
    if server.settings.log {
        say(&format!("{client} {} {}", request.method, request.target));
    }
    let own = request.query("delay").and_then(|text| text.parse().ok()).map(Duration::from_millis);
    thread::sleep(own.unwrap_or(server.settings.delay));
    Ok(match request.path() {
        "/health" if server.healthy.load(Ordering::Relaxed) => (200, "ok\n".into()),
        "/health" => (503, "failing\n".into()),
        "/health/fail" => healthy(server, false),
        "/health/ok" => healthy(server, true),
        "/env" => (200, environment()),
        "/call" => call::call(&request.query("url").unwrap_or_default()),
        "/log" => log(request),
        "/crash" => trouble::crash(request.query("code").as_deref()),
        "/oom" => trouble::take_memory(),
        "/ignore-sigterm" => {
            server.ignores_sigterm.store(true, Ordering::Relaxed);
            (200, "SIGTERM is ignored from now on\n".into())
        }
        "/" => (200, whoami(server, request, stream)?),
        other => (404, format!("nothing is at {other}\n")),
    })
}

fn whoami(server: &Server, request: &Request, stream: &TcpStream) -> io::Result<String> {
    let own = identity::lines(server.settings.task.as_deref());
    let (address, client) = (shown(stream.local_addr()?), shown(stream.peer_addr()?));
    let (method, target) = (&request.method, &request.target);
    Ok(format!("{own}Address: {address}\nClient: {client}\nRequest: {method} {target}\n"))
}

fn healthy(server: &Server, healthy: bool) -> Answer {
    server.healthy.store(healthy, Ordering::Relaxed);
    (200, format!("health is {}\n", if healthy { "ok" } else { "failing" }))
}

fn environment() -> String {
    let line = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        format!("{}={}\n", name.to_string_lossy(), value.to_string_lossy())
    };
    std::env::vars_os().map(line).collect()
}

fn log(request: &Request) -> Answer {
    let line = request.query("line").unwrap_or_default();
    if request.query("stderr").is_some() {
        say_error(&line)
    } else {
        say(&line)
    }
    (200, "written\n".into())
}

fn write(stream: &mut TcpStream, (status, body): Answer, close: bool) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        502 => "Bad Gateway",
        _ => "Service Unavailable",
    };
    let connection = if close { "close" } else { "keep-alive" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: {connection}\r\n\r\n",
        body.len()
    );
    // In one piece: two would be two packets.
    stream.write_all((head + &body).as_bytes())
}
