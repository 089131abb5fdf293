//! Calls of Docker's that Skep does not have (yet), and what is true of the objects behind them: there are none.

use axum::Json;
use axum::extract::Path;
use axum::http::Method;
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// Methods, path and what it would do. `{}` is any one part of a path, a last `*` everything behind.
const MISSING: &[(&str, &str, &str)] = &[
    ("POST", "/auth", "logging in to registries"),
    ("POST", "/build", "building images"),
    ("POST", "/build/prune", "building images"),
    ("POST", "/commit", "making images of containers"),
    ("POST", "/session", "building images with BuildKit"),
    ("POST", "/grpc", "building images with BuildKit"),
    ("GET", "/system/df", "measuring used space"),
    ("GET", "/distribution/*", "asking registries"),
    ("POST", "/containers/{}/exec", "running commands in containers"),
    ("GET POST", "/exec/*", "running commands in containers"),
    ("GET", "/containers/{}/attach/ws", "attaching to containers"),
    ("GET HEAD PUT", "/containers/{}/archive", "copying files from and to containers"),
    ("GET POST", "/containers/{}/*", "this call on a single container"),
    ("GET", "/images/search", "searching registries"),
    ("GET", "/images/get", "saving images"),
    ("POST", "/images/prune", "removing unused images"),
    ("POST", "/networks/{}/connect", "connecting single containers to networks"),
    ("POST", "/networks/{}/disconnect", "disconnecting single containers from networks"),
    ("POST PUT DELETE", "/volumes/*", "volumes"),
    ("GET", "/plugins", "plugins"),
    ("GET POST DELETE", "/plugins/*", "plugins"),
    ("POST", "/checkpoints/*", "checkpoints"),
];

/// The answer to a call that no route takes: a known one of Docker's is named.
pub(crate) fn refusal(method: &Method, path: &str) -> Refusal {
    let known = MISSING.iter().find(|(methods, pattern, _)| {
        methods.split(' ').any(|word| word == method.as_str()) && fits(pattern, path)
    });
    match known {
        Some((_, _, what)) => Refusal::unsupported(format!("{what} ({method} {path})")),
        None => Refusal::not_found("page not found"),
    }
}

/// `GET /volumes`: services have volumes, but none is named.
pub(crate) async fn volumes() -> Json<Value> {
    Json(json!({ "Volumes": [], "Warnings": null }))
}

/// `GET /volumes/{name}`.
pub(crate) async fn volume(Path(name): Path<String>) -> Refusal {
    Refusal::not_found(format!("get {name}: no such volume"))
}

/// `GET /plugins/{name}/json`.
pub(crate) async fn plugin(Path(name): Path<String>) -> Refusal {
    Refusal::not_found(format!("plugin \"{name}\" not found"))
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for wanted in pattern.split('/') {
        match (wanted, parts.next()) {
            ("*", Some(part)) => return !part.is_empty(),
            ("{}", Some(part)) if !part.is_empty() => {}
            (wanted, Some(part)) if wanted == part => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn known_calls_are_named() {
        let commit = refusal(&Method::POST, "/commit");
        assert_eq!(commit.status, StatusCode::NOT_IMPLEMENTED);
        assert_eq!(
            commit.message,
            "making images of containers (POST /commit) is not supported by this version of Skep"
        );
        let pause = refusal(&Method::POST, "/containers/abc/pause");
        assert_eq!(pause.status, StatusCode::NOT_IMPLEMENTED);
        let unknown = [("/containers", Method::POST), ("/volumes/", Method::POST), ("/x", Method::GET)];
        for (path, method) in unknown {
            assert_eq!(refusal(&method, path), Refusal::not_found("page not found"), "{path}");
        }
    }
}
