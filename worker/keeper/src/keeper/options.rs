//! How a keeper is started.

use std::path::PathBuf;

use crate::{Error, Result};

/// How a keeper is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where it listens; `<socket>.lock` beside it keeps a second keeper away.
    pub socket: PathBuf,
    /// Where it writes its process id, if anywhere.
    pub pid_file: Option<PathBuf>,
    /// Folders of control groups that are this keeper's alone: what is in them when it starts was left by a killed
    /// keeper and is killed and removed.
    pub cgroup_parents: Vec<String>,
}

impl Options {
    /// Reads `--socket PATH [--pid-file PATH] [--cgroup-parent PATH]...`.
    ///
    /// # Errors
    /// Says which argument is wrong or missing.
    pub fn from_args(args: &[String]) -> Result<Self> {
        let wrong = |message: String| Error::Protocol(message);
        let mut options = Self { socket: PathBuf::new(), pid_file: None, cgroup_parents: Vec::new() };
        let mut args = args.iter();
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| wrong(format!("argument {name} needs a value")))?;
            match name.as_str() {
                "--socket" => options.socket = value.into(),
                "--pid-file" => options.pid_file = Some(value.into()),
                "--cgroup-parent" => options.cgroup_parents.push(value.clone()),
                _ => return Err(wrong(format!("unknown argument {name}"))),
            }
        }
        if options.socket.as_os_str().is_empty() {
            return Err(wrong("argument --socket is missing".into()));
        }
        Ok(options)
    }

    /// These options as arguments that [`Options::from_args`] reads.
    #[must_use]
    pub fn to_args(&self) -> Vec<std::ffi::OsString> {
        let mut args = vec!["--socket".into(), self.socket.clone().into_os_string()];
        if let Some(path) = &self.pid_file {
            args.extend(["--pid-file".into(), path.clone().into_os_string()]);
        }
        for parent in &self.cgroup_parents {
            args.extend(["--cgroup-parent".into(), parent.into()]);
        }
        args
    }
}
