use std::io::{ErrorKind, IsTerminal, Write};

use crate::failure::Failure;

/// Writes one line to the output.
pub(crate) fn line(text: impl AsRef<str>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    written(writeln!(out, "{}", text.as_ref()))
}

/// Writes bytes to the output as they are.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    written(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Writes bytes to the error output as they are.
pub(crate) fn raw_error(bytes: &[u8]) -> Result<(), Failure> {
    written(std::io::stderr().lock().write_all(bytes))
}

/// Writes one line to the error output.
pub(crate) fn warning(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Says why a command failed.
pub(crate) fn failure(failure: &Failure) {
    if !matches!(failure, Failure::OutputClosed | Failure::FaultsFound | Failure::Ended(_)) {
        warning(&failure.to_string());
    }
}

pub(crate) fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

fn written(done: std::io::Result<()>) -> Result<(), Failure> {
    match done {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::OutputClosed),
        Err(error) => Err(Failure::talk("cannot write the output", error)),
    }
}
