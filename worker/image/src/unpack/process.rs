//! The side that starts the process.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use super::{Binary, UNPACK_ARGUMENT};
use crate::Error;
use crate::extract::{self, Unpacked};

const BUFFER_BYTES: usize = 256 * 1024;
/// What is shown of a process that failed without saying why in our form.
const COMPLAINT_MAX_CHARS: usize = 500;

/// Unpacks a layer, plain or compressed, into a directory.
///
/// # Errors
/// When the layer cannot be read or unpacked, or the process fails.
pub(crate) fn unpack(binary: &Binary, directory: &Path, mut layer: impl Read) -> Result<Unpacked, Error> {
    let Some(binary) = binary else {
        return extract::extract(&extract::open_directory(directory)?, layer);
    };
    let mut process = Process::start(binary, directory)?;
    let sent = process.send(&mut layer);
    let output = process.wait()?;
    let outcome = serde_json::from_slice::<Result<Unpacked, String>>(&output.stdout);
    match (outcome, sent) {
        // Why reading the layer failed is known here alone; the process saw only a short one.
        (_, Err(Failure::Read(error))) => Err(Error::Archive(error.to_string())),
        (Ok(Err(reason)), _) => Err(Error::Layer(reason)),
        (Ok(Ok(unpacked)), Ok(())) if output.status.success() => Ok(unpacked),
        _ => Err(Error::Process(complaint(&output))),
    }
}

enum Failure {
    Read(io::Error),
    /// The process reads no more.
    Write,
}

/// The process; killed if it is given up.
struct Process(Option<Child>);

impl Process {
    fn start(binary: &Path, directory: &Path) -> Result<Self, Error> {
        let child = Command::new(binary)
            .args([UNPACK_ARGUMENT, "--root"])
            .arg(directory)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Ok(Self(Some(child.map_err(Error::file(format!("start {}", binary.display())))?)))
    }

    fn send(&mut self, layer: &mut impl Read) -> Result<(), Failure> {
        let Some(mut stdin) = self.0.as_mut().and_then(|child| child.stdin.take()) else {
            return Err(Failure::Write);
        };
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            match layer.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    stdin.write_all(bytes).map_err(|_| Failure::Write)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::Read(error)),
            }
        }
    }

    fn wait(mut self) -> Result<Output, Error> {
        let child = self.0.take().ok_or_else(|| Error::Process("it was waited for already".into()))?;
        child.wait_with_output().map_err(Error::file("wait for the process that unpacks layers"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let shown: String = text.trim().chars().take(COMPLAINT_MAX_CHARS).collect();
    format!("{}, {}", output.status, if shown.is_empty() { "without a word" } else { &shown })
}
