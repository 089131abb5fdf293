use clap::Args;
use skep_rest::{ExecCreate, ExecCreated, ExecInspect, ExecStart};

use super::attached::Session;
use super::console::Console;
use crate::client::{Client, Nothing, Query};
use crate::commands::service::flags::variables::{filled, read};
use crate::failure::Failure;

/// Exit codes of shells have a byte.
const CODES: i32 = 256;

/// What is run in a container, and how it is watched.
#[derive(Debug, Args)]
pub(crate) struct ExecFlags {
    /// Detached mode: run the command in the background.
    #[arg(short, long)]
    detach: bool,
    /// Set environment variables.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Read in a file of environment variables.
    #[arg(long, value_name = "FILE")]
    env_file: Vec<String>,
    /// Keep its standard input open, and type into it from here.
    #[arg(short, long)]
    interactive: bool,
    /// Give it a terminal.
    #[arg(short, long)]
    tty: bool,
    /// Username or UID (format: NAME|UID[:GROUP|GID]).
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,
    /// Working directory inside the container.
    #[arg(short, long, value_name = "PATH")]
    workdir: Option<String>,
}

/// Execute a command in a running container of this node, or of a task on any node.
#[derive(Debug, Args)]
pub(crate) struct Exec {
    #[command(flatten)]
    flags: ExecFlags,
    /// A container of this node by name or id, or a task by id or as SERVICE.SLOT.
    container: String,
    /// The command with its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

impl Exec {
    pub(crate) async fn run(self, client: &Client) -> Result<(), Failure> {
        let name = Query::segment(&self.container);
        match self.flags.run(client, &format!("/containers/{name}"), &self.command).await {
            Err(failure) if failure.is_not_found() => {
                match self.flags.run(client, &format!("/tasks/{name}"), &self.command).await {
                    // What is no task either was meant as a container; a worker knows no tasks of others.
                    Err(Failure::Daemon { status: 404 | 503, .. }) => Err(failure),
                    done => done,
                }
            }
            done => done,
        }
    }
}

impl ExecFlags {
    /// Runs it in what stands at the path; fails with its exit code if that is not 0.
    pub(crate) async fn run(&self, client: &Client, path: &str, command: &[String]) -> Result<(), Failure> {
        let session = Session { removes: false, terminal: self.tty, types: self.interactive };
        session.check()?;
        let created: ExecCreated = client.post(&format!("{path}/exec"), &self.body(command)?).await?;
        let exec = format!("/exec/{}", created.id);
        let start = ExecStart { detach: self.detach, tty: self.tty, console_size: None };
        if self.detach {
            let _: Nothing = client.post(&format!("{exec}/start"), &start).await?;
            return Ok(());
        }
        let connection = client.take_over_with(&format!("{exec}/start"), &start).await;
        Console::over(connection.map_err(Failure::of_run)?, session).carry(client, &exec, None).await?;
        let ended: ExecInspect = client.get(&format!("{exec}/json")).await?;
        match u8::try_from(ended.exit_code.unwrap_or_default().rem_euclid(CODES)) {
            Ok(0) | Err(_) => Ok(()),
            Ok(code) => Err(Failure::Ended(code)),
        }
    }

    fn body(&self, command: &[String]) -> Result<ExecCreate, Failure> {
        let mut variables = Vec::new();
        for file in &self.env_file {
            variables.extend(read(file.as_ref())?);
        }
        variables.extend(self.env.iter().cloned());
        Ok(ExecCreate {
            attach_stdin: self.interactive && !self.detach,
            attach_stdout: !self.detach,
            attach_stderr: !self.detach,
            tty: self.tty,
            env: Some(filled(variables)),
            cmd: Some(command.to_vec()),
            user: self.user.clone().unwrap_or_default(),
            working_dir: self.workdir.clone().unwrap_or_default(),
            ..ExecCreate::default()
        })
    }
}
