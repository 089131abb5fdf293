use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::*;

fn started(name: &'static str, value: &'static str) -> SocketAddr {
    let settings = Settings::read(|asked| match asked {
        "SKEP_TASK" => Some("web.1".into()),
        asked => (asked == name).then(|| value.to_owned()),
    });
    let settings = settings.unwrap();
    let healthy = AtomicBool::new(!settings.fail_health);
    let server =
        Arc::new(Server { settings, healthy, ignores_sigterm: Arc::default(), ending: Arc::default() });
    let listener = TcpListener::bind(&everywhere(0)[..]).unwrap();
    let address = (Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port()).into();
    thread::spawn(move || accept(&listener, &server));
    address
}

fn ask(address: SocketAddr, text: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let own = format!("Client: {}", stream.local_addr().unwrap());
    (answer, own)
}

#[test]
fn it_says_who_it_is() {
    let address = started("", "");
    let (answer, client) = ask(address, "GET /?x HTTP/1.1\r\nConnection: close\r\n\r\n");
    for line in
        ["HTTP/1.1 200 OK", "Task: web.1", &format!("Address: {address}"), &client, "Request: GET /?x"]
    {
        assert!(answer.lines().any(|own| own == line), "{line} is missing in {answer}");
    }
}

#[test]
fn a_connection_serves_several_requests() {
    let address = started("", "");
    let (answer, _) =
        ask(address, "GET /health HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(answer.contains("200 OK") && answer.contains("404 Not Found"), "{answer}");
    let (answer, _) = ask(address, "nonsense\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[test]
fn health_can_be_switched() {
    let address = started("WHOAMI_FAIL_HEALTH", "1");
    let get = |path: &str| ask(address, &format!("GET {path} HTTP/1.0\r\n\r\n")).0;
    assert!(get("/health").starts_with("HTTP/1.1 503"));
    get("/health/ok");
    assert!(get("/health").starts_with("HTTP/1.1 200"));
}

#[test]
fn it_calls_others() {
    let (front, back) = (started("", ""), started("", ""));
    let (answer, _) = ask(front, &format!("GET /call?url=http://{back}/ HTTP/1.0\r\n\r\n"));
    assert!(answer.contains("Status: 200") && answer.contains(&format!("Address: {back}")), "{answer}");
    let (answer, _) = ask(front, "GET /call?url=ftp://x HTTP/1.0\r\n\r\n");
    assert!(answer.contains("502 Bad Gateway") && answer.contains("http://name"), "{answer}");
}
