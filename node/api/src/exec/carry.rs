//! What goes to and fro while a command runs.

use std::sync::Arc;

use bytes::Bytes;
use skep_model::CallPiece;
use skep_runtime::Line;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::Exec;
use crate::log_line::LogOrigin;
use crate::logs::framed;

/// Bytes of input that are read at once.
const TYPED_BYTES: usize = 16 * 1024;
/// The exit code of a command of which nobody knows how it ended.
const LOST: i32 = 255;

/// Between a client's connection and a command, until this ends. A client that goes leaves it running.
pub(crate) async fn carry(exec: Arc<Exec>, line: Line<CallPiece>, connection: impl AsyncRead + AsyncWrite) {
    let Line { mut heard, said } = line;
    let (reading, mut writing) = tokio::io::split(connection);
    let typing = async {
        type_in(reading, exec.spec.stdin.then_some(&said)).await;
        std::future::pending::<()>().await
    };
    let showing = async {
        loop {
            match shown(&exec, heard.recv().await) {
                Some(bytes) if writing.write_all(&bytes).await.is_ok() => {}
                _ => break,
            }
        }
        // The client may be gone.
        let _ = writing.shutdown().await;
    };
    tokio::select! {
        biased;
        () = typing => {}
        () = showing => {}
    }
    drain(&exec, heard).await;
}

/// Until a command that nobody watches has ended.
pub(crate) async fn drain(exec: &Exec, mut heard: mpsc::Receiver<CallPiece>) {
    while exec.exit_code().is_none() {
        shown(exec, heard.recv().await);
    }
}

/// What a client sees of a piece; none at the end.
fn shown(exec: &Exec, piece: Option<CallPiece>) -> Option<Bytes> {
    match piece {
        Some(CallPiece::Output { bytes, .. }) if exec.spec.tty => Some(bytes.into()),
        Some(CallPiece::Output { stderr, bytes }) => {
            let origin = if stderr { LogOrigin::Stderr } else { LogOrigin::Stdout };
            Some(framed(origin, &bytes))
        }
        Some(CallPiece::Exit(code)) => {
            exec.ended(code);
            None
        }
        Some(CallPiece::Failed { reason, .. }) => {
            exec.ended(LOST);
            let text = format!("{reason}\n");
            Some(if exec.spec.tty { text.into() } else { framed(LogOrigin::Stderr, text.as_bytes()) })
        }
        Some(_) => Some(Bytes::new()),
        None => {
            if exec.exit_code().is_none() {
                exec.ended(LOST);
            }
            None
        }
    }
}

async fn type_in(mut reading: impl AsyncRead + Unpin, said: Option<&mpsc::Sender<CallPiece>>) {
    let Some(said) = said else { return };
    let mut buffer = vec![0; TYPED_BYTES];
    while let Ok(length @ 1..) = reading.read(&mut buffer).await {
        let typed = buffer.get(..length).unwrap_or_default().to_vec();
        if said.send(CallPiece::Input(typed)).await.is_err() {
            return;
        }
    }
    // It may have ended.
    let _ = said.send(CallPiece::InputEnd).await;
}
