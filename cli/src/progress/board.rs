use super::assess::ServiceProgress;
use crate::failure::Failure;
use crate::output;

/// Shows how things go on: lines that change in place on a terminal, a line for each change elsewhere.
pub(crate) struct Board {
    live: bool,
    quiet: bool,
    shown: Vec<String>,
}

impl Board {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { live: output::stdout_is_terminal(), quiet, shown: Vec::new() }
    }

    /// Brings it up to date.
    pub(crate) fn show(&mut self, services: &[ServiceProgress]) -> Result<(), Failure> {
        self.show_lines(lines(services))
    }

    /// The same with lines of any kind.
    pub(crate) fn show_lines(&mut self, lines: Vec<String>) -> Result<(), Failure> {
        if self.quiet {
            return Ok(());
        }
        let text = if self.live { redrawn(&self.shown, &lines) } else { changed(&self.shown, &lines) };
        self.shown = lines;
        if text.is_empty() { Ok(()) } else { output::raw(text.as_bytes()) }
    }
}

fn lines(services: &[ServiceProgress]) -> Vec<String> {
    let width = services.iter().map(|service| service.name.len()).max().unwrap_or_default();
    let line = |service: &ServiceProgress| {
        let ServiceProgress { name, count, phase, .. } = service;
        format!("{name:<width$}   {}/{}   {phase}", count.done, count.wanted)
    };
    services.iter().map(line).collect()
}

/// Moves up over the lines on the screen and writes all of them again.
fn redrawn(shown: &[String], lines: &[String]) -> String {
    if shown == lines {
        return String::new();
    }
    let up = if shown.is_empty() { String::new() } else { format!("\x1b[{}A", shown.len()) };
    let body: String = lines.iter().map(|line| format!("\x1b[2K{}\n", cut(line))).collect();
    format!("{up}{body}\x1b[J")
}

/// A line that wraps would not be overwritten.
fn cut(line: &str) -> String {
    let columns =
        rustix::termios::tcgetwinsize(std::io::stdout()).map_or(80, |size| usize::from(size.ws_col));
    output::ellipsis(line, columns.max(20) - 1)
}

fn changed(shown: &[String], lines: &[String]) -> String {
    lines.iter().filter(|line| !shown.contains(line)).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::count::Count;
    use super::*;

    fn service(name: &str, done: u64, phase: &str) -> ServiceProgress {
        let (name, phase) = (name.to_owned(), phase.to_owned());
        let count = Count { done, wanted: 2, is_job: false };
        ServiceProgress { name, count, good: BTreeSet::new(), converged: done == 2, phase, ending: None }
    }

    #[test]
    fn names_are_aligned() {
        let lines = lines(&[service("app_web", 1, "1 starting"), service("a", 2, "running")]);
        assert_eq!(lines, ["app_web   1/2   1 starting", "a         2/2   running"]);
    }

    #[test]
    fn plain_lines_tell_changes_only() {
        let old = lines(&[service("a", 1, "1 starting"), service("b", 2, "running")]);
        let new = lines(&[service("a", 2, "running"), service("b", 2, "running")]);
        assert_eq!(changed(&old, &new), "a   2/2   running\n");
        assert_eq!(changed(&new, &new), "");
    }

    #[test]
    fn live_lines_are_overwritten() {
        let old = lines(&[service("a", 1, "x")]);
        let new = lines(&[service("a", 2, "running")]);
        assert!(redrawn(&old, &new).starts_with("\x1b[1A\x1b[2Ka"));
        assert_eq!(redrawn(&new, &new), "");
    }
}
