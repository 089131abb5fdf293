/// Who answers: the host's name, and the task's where there is one.
pub(crate) fn lines(task: Option<&str>) -> String {
    let hostname = nix::unistd::gethostname().unwrap_or_default();
    let task = task.map(|task| format!("Task: {task}\n")).unwrap_or_default();
    format!("Hostname: {}\n{task}", hostname.to_string_lossy())
}
