//! What each request does.

use std::os::fd::OwnedFd;

use super::connection::Mode;
use super::server::Keeper;
use super::upgrade;
use crate::error::Step;
use crate::protocol::{Answer, Event, Record, Request, Status, VERSION};
use crate::runtime::Runtime;
use crate::{Failure, FailureKind};

/// What becomes of a request.
enum Outcome {
    /// Answered now.
    Now(Answer),
    /// Answered when something has happened.
    Later,
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Later
    }
}

impl Keeper {
    /// Does what a request asks, and answers if that can be told now.
    pub(super) fn on_request(&mut self, number: u64, request: Request, descriptors: Vec<OwnedFd>) {
        let mode = self.connections.get(&number).map(|connection| connection.mode.clone());
        let outcome = match (mode, request) {
            (Some(Mode::New), Request::Hello { version }) => return self.on_hello(number, version),
            (Some(Mode::Attached(id)), Request::Input(bytes)) => {
                return self.on_input(number, &id, &bytes, false);
            }
            (Some(Mode::Attached(id)), Request::CloseInput) => return self.on_input(number, &id, &[], true),
            (Some(Mode::Requests), Request::TakeDescriptors { name }) => {
                return self.take_descriptors(number, &name);
            }
            (Some(Mode::Requests), Request::Subscribe) => return self.subscribe(number),
            (Some(Mode::Requests), Request::Attach { id }) => self.attach(number, id),
            (Some(Mode::Requests), request) => self.act(number, request, descriptors),
            _ => return self.close(number),
        };
        match outcome {
            Ok(Outcome::Later) => {}
            Ok(Outcome::Now(answer)) => self.answer(number, &answer, Vec::new()),
            Err(failure) => self.answer(number, &Answer::Refused(failure), Vec::new()),
        }
    }

    fn act(&mut self, number: u64, request: Request, descriptors: Vec<OwnedFd>) -> Result<Outcome, Failure> {
        match request {
            Request::Create(config) => return self.create(number, &config).map(Into::into),
            Request::Start { id } => return self.start_container(number, &id).map(Into::into),
            Request::Exec { id, process } => {
                return self.exec(number, &id, &process, descriptors).map(Into::into);
            }
            Request::WaitExec { exec } => return self.wait_exec(number, exec).map(Into::into),
            Request::Delete { id, force } => return self.delete_asked(number, &id, force).map(Into::into),
            Request::Shutdown { force } => return self.shutdown(number, force).map(Into::into),
            Request::Upgrade { binary } => return upgrade::upgrade(self, number, &binary).map(Into::into),
            Request::List => {
                return Ok(Outcome::Now(Answer::Records(
                    self.containers.values().map(|c| c.record()).collect(),
                )));
            }
            Request::Inspect { id } => {
                return Ok(Outcome::Now(Answer::Records(vec![self.container(&id)?.record()])));
            }
            Request::KillExec { exec, signal } => self.kill_exec(exec, signal)?,
            Request::Kill { id, signal, all } => self.kill(&id, signal, all)?,
            Request::Pause { id } => self.set_paused(&id, true)?,
            Request::Resume { id } => self.set_paused(&id, false)?,
            Request::Resize { id, rows, columns } => self.resize(&id, rows, columns)?,
            Request::Update { id, resources } => {
                let mut place = self.container(&id)?.place.clone();
                self.runtime.update(&mut place, &resources)?;
                self.container(&id)?.place = place;
            }
            Request::HoldDescriptors { name } => drop(self.held.insert(name, descriptors)),
            Request::DropDescriptors { name } => drop(self.held.remove(&name)),
            Request::ReopenLog { id } => {
                self.container(&id)?.log.reopen().step(FailureKind::System, || format!("log of {id}"))?;
            }
            Request::Hello { .. }
            | Request::TakeDescriptors { .. }
            | Request::Subscribe
            | Request::Attach { .. }
            | Request::Input(_)
            | Request::CloseInput => return Err(Failure::state("this request does not belong here")),
        }
        Ok(Outcome::Now(Answer::Done))
    }

    fn on_hello(&mut self, number: u64, version: u32) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.mode = Mode::Requests;
            connection.closing = version != VERSION;
        }
        let pid = std::process::id().cast_signed();
        self.answer(number, &Answer::Hello { version: VERSION, pid }, Vec::new());
    }

    fn kill(&mut self, id: &str, signal: i32, all: bool) -> Result<(), Failure> {
        let missing =
            || Failure::new(FailureKind::NotFound, format!("container {id} is not known to the keeper"));
        let container = self.containers.get(id).ok_or_else(missing)?;
        let Some(init) = &container.pidfd else {
            return Err(Failure::state(format!("container {id} has ended")));
        };
        self.runtime.kill(&container.place, init, signal, all)
    }

    fn set_paused(&mut self, id: &str, paused: bool) -> Result<(), Failure> {
        let place = self.container(id)?.place.clone();
        let status = self.container(id)?.record.status;
        let (from, to) = match paused {
            true => (Status::Running, Status::Paused),
            false => (Status::Paused, Status::Running),
        };
        if status != from {
            return Err(Failure::state(format!("container {id} is {status:?}, not {from:?}")));
        }
        if paused {
            self.runtime.pause(&place)?
        } else {
            self.runtime.resume(&place)?
        }
        self.container(id)?.record.status = to;
        Ok(())
    }

    fn resize(&mut self, id: &str, rows: u16, columns: u16) -> Result<(), Failure> {
        let container = self.container(id)?;
        let none = || Failure::state(format!("container {id} has no terminal"));
        let terminal = container.terminal.as_ref().ok_or_else(none)?;
        let size = rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(terminal, size).step(FailureKind::System, || "terminal size")
    }

    fn delete_asked(&mut self, number: u64, id: &str, force: bool) -> Result<(), Failure> {
        let container = self.container(id)?;
        let runs = matches!(container.record.status, Status::Creating | Status::Running | Status::Paused);
        if runs && !force {
            let status = container.record.status;
            return Err(Failure::state(format!("container {id} is {status:?}; stop it first, or force")));
        }
        container.delete_waiting.push(number);
        self.forget_execs(id);
        self.delete(id);
        Ok(())
    }

    fn shutdown(&mut self, number: u64, force: bool) -> Result<(), Failure> {
        let running = self.containers.values().filter(|c| c.alive()).count();
        if running > 0 && !force {
            return Err(Failure::state(format!("{running} containers run; stop them first, or force")));
        }
        self.begin_ending(Some(number));
        Ok(())
    }

    fn subscribe(&mut self, number: u64) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.mode = Mode::Subscribed;
        }
        self.answer(number, &Answer::Done, Vec::new());
        let ended: Vec<Record> = self
            .containers
            .values()
            .filter(|c| c.record.status == Status::Exited)
            .map(|c| c.record())
            .collect();
        for record in ended {
            self.send(number, &Answer::Event(Event::Exited(record)), Vec::new());
        }
    }

    fn attach(&mut self, number: u64, id: String) -> Result<Outcome, Failure> {
        if !self.container(&id)?.alive() {
            return Err(Failure::state(format!("container {id} has ended")));
        }
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.mode = Mode::Attached(id);
        }
        Ok(Outcome::Now(Answer::Done))
    }

    fn on_input(&mut self, number: u64, id: &str, bytes: &[u8], close: bool) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.busy = false;
        }
        if !self.input(id, bytes, close) {
            self.set_paused_input(number, true);
        }
    }

    fn take_descriptors(&mut self, number: u64, name: &str) {
        let missing = || Failure::new(FailureKind::NotFound, format!("no descriptors are held as {name:?}"));
        let copies = self.held.get(name).ok_or_else(missing).and_then(|held| {
            let copies: std::io::Result<Vec<OwnedFd>> = held.iter().map(OwnedFd::try_clone).collect();
            copies.step(FailureKind::System, || "copying descriptors")
        });
        match copies {
            Ok(copies) => self.answer(number, &Answer::Descriptors, copies),
            Err(failure) => self.answer(number, &Answer::Refused(failure), Vec::new()),
        }
    }
}
