//! Commands in containers.

use serde::{Deserialize, Serialize};
use skep_model as model;

use crate::Unsupported;
use crate::error::{Others, refuse_others};

/// The body of `POST /containers/{id}/exec` and `POST /tasks/{id}/exec`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ExecCreate {
    /// Whether it reads what is sent to it.
    pub attach_stdin: bool,
    /// Whether its standard output is wanted.
    pub attach_stdout: bool,
    /// Whether its standard error is wanted.
    pub attach_stderr: bool,
    /// Keys that leave it; clients look for them themselves.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detach_keys: String,
    /// Says nothing: whether it is watched is said at its start.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub detach: bool,
    /// Whether it has a terminal.
    pub tty: bool,
    /// `NAME=value`, beside the container's.
    pub env: Option<Vec<String>>,
    /// The program with its arguments.
    pub cmd: Option<Vec<String>>,
    /// True for all rights; refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub privileged: bool,
    /// `user[:group]`; the container's when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Where it starts; where the container does when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Its terminal's lines and columns at first.
    pub console_size: Option<[u16; 2]>,
    /// What only other versions know.
    #[serde(flatten)]
    pub others: Others,
}

/// The answer to it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ExecCreated {
    /// Names it in further calls.
    #[serde(rename = "Id")]
    pub id: String,
}

/// The body of `POST /exec/{id}/start`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ExecStart {
    /// True when nobody watches it.
    pub detach: bool,
    /// Whether it has a terminal, as when it was made.
    pub tty: bool,
    /// Its terminal's lines and columns at first.
    pub console_size: Option<[u16; 2]>,
}

/// `GET /exec/{id}/json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ExecInspect {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Whether it runs.
    pub running: bool,
    /// How it ended; none while it has not.
    pub exit_code: Option<i32>,
    /// The container that it runs in; empty of a task's on another node.
    #[serde(rename = "ContainerID")]
    pub container_id: String,
    /// What it runs.
    pub process_config: ExecProcess,
    /// Whether it reads what is sent to it.
    pub open_stdin: bool,
}

/// What a command is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecProcess {
    /// Whether it has a terminal.
    pub tty: bool,
    /// The program.
    pub entrypoint: String,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl TryFrom<ExecCreate> for model::ExecSpec {
    type Error = Unsupported;

    fn try_from(create: ExecCreate) -> Result<Self, Unsupported> {
        refuse_others("ExecConfig", &create.others)?;
        if create.privileged {
            return Err(Unsupported::Field { field: "ExecConfig.Privileged".into() });
        }
        let command = model::Hook {
            command: create.cmd.unwrap_or_default(),
            user: create.user,
            working_directory: create.working_dir,
            environment: create.env.unwrap_or_default(),
        };
        if command.command.is_empty() {
            return Err(Unsupported::value("Cmd", "No exec command specified"));
        }
        Ok(Self { command, tty: create.tty, stdin: create.attach_stdin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_docker_sends_is_read() {
        let text = r#"{"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"ConsoleSize":[24,80],"Tty":true,
            "Env":["A=1"],"Cmd":["sh"],"DetachKeys":"","User":"1","WorkingDir":"/w"}"#;
        let create: ExecCreate = serde_json::from_str(text).unwrap();
        let spec = model::ExecSpec::try_from(create.clone()).unwrap();
        assert_eq!((spec.command.command.join(" ").as_str(), spec.tty, spec.stdin), ("sh", true, true));
        assert!(model::ExecSpec::try_from(ExecCreate { privileged: true, ..create.clone() }).is_err());
        assert!(model::ExecSpec::try_from(ExecCreate { cmd: None, ..create }).is_err());
    }
}
