use http_body_util::BodyExt;
use hyper::body::Incoming;
use skep_rest::ProgressLine;

use crate::failure::Failure;
use crate::output;

/// Prints how an upload goes on.
///
/// # Errors
/// What the daemon says went wrong.
pub(super) async fn follow(mut body: Incoming, quiet: bool) -> Result<(), Failure> {
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::talk("the daemon's answer broke off", error))?;
        text.extend_from_slice(&frame.into_data().unwrap_or_default());
        while let Some(end) = text.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            show(&line, quiet)?;
        }
    }
    show(&text, quiet)
}

fn show(line: &[u8], quiet: bool) -> Result<(), Failure> {
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    let line: ProgressLine = serde_json::from_slice(line)
        .map_err(|error| Failure::talk("the daemon's answer cannot be read", error))?;
    if let Some(message) = line.error {
        return Err(Failure::Daemon { status: 500, message });
    }
    match (line.stream, line.status) {
        (Some(text), _) if !quiet => output::raw(text.as_bytes()),
        (None, Some(status)) => output::line(status),
        _ => Ok(()),
    }
}
