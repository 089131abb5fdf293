//! A secret from whoever runs the command.

use std::io::{BufRead, IsTerminal, stdin};

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::failure::Failure;
use crate::output;

/// One line of the input. A terminal shows the prompt, and nothing of what is typed.
pub(super) async fn read(prompt: &str) -> Result<String, Failure> {
    if !stdin().is_terminal() {
        return line();
    }
    output::raw(prompt.as_bytes())?;
    let hidden = Hidden::new()?;
    let typed = tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {
            // The terminal first: whoever types next wants to see it. The thread that reads ends with the process alone.
            drop(hidden);
            output::line("")?;
            return kill_process(getpid(), Signal::TERM).map_err(|error| Failure::talk("ending", error)).map(|()| String::new());
        }
        typed = tokio::task::spawn_blocking(line) => typed,
    };
    drop(hidden);
    output::line("")?;
    typed.map_err(|error| Failure::talk("reading the terminal", error))?
}

fn line() -> Result<String, Failure> {
    let mut text = String::new();
    stdin().lock().read_line(&mut text).map_err(|error| Failure::talk("reading the input", error))?;
    Ok(text.trim().to_owned())
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn new() -> Result<Self, Failure> {
        let failed = |error| Failure::talk("hiding what is typed", error);
        let before = tcgetattr(stdin()).map_err(failed)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &hidden).map_err(failed)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(stdin(), OptionalActions::Now, &self.before) {
            output::warning(&format!("the terminal still hides what is typed ({error}): run \"stty echo\""));
        }
    }
}
