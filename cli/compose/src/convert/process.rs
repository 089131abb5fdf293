use skep_model::{ContainerSpec, Hook, LogDriver, ServiceSpec, Ulimit};

use super::Setting;
use super::environment::{environment, labels};
use super::health::health;
use super::keys::refuse_unknown;
use super::service::command;
use crate::reader::{Field, Findings};

/// The keys that are read here.
pub(super) const HONOURED: &[&str] = &[
    "healthcheck",
    "init",
    "tty",
    "stdin_open",
    "read_only",
    "cap_add",
    "cap_drop",
    "sysctls",
    "ulimits",
    "oom_score_adj",
    "extra_hosts",
    "dns",
    "dns_search",
    "dns_opt",
    "group_add",
    "post_start",
    "pre_stop",
];

/// Reads a key that says how a container's process runs; false when it is another's.
pub(super) fn process(
    entry: &Field<'_>,
    spec: &mut ContainerSpec,
    setting: Setting<'_>,
    out: &mut Findings,
) -> bool {
    match entry.key {
        "healthcheck" => spec.health = Some(health(entry, out)),
        "init" => spec.init = entry.switch(out),
        "tty" => spec.tty = entry.switch(out).unwrap_or_default(),
        "stdin_open" => spec.open_stdin = entry.switch(out).unwrap_or_default(),
        "read_only" => spec.read_only = entry.switch(out).unwrap_or_default(),
        "cap_add" => spec.capability_add = capabilities(entry, out),
        "cap_drop" => spec.capability_drop = capabilities(entry, out),
        "sysctls" => spec.sysctls = labels(entry, out),
        "ulimits" => spec.ulimits = entry.entries(out).iter().map(|limit| ulimit(limit, out)).collect(),
        "oom_score_adj" => {
            let wrong = |text: &str| format!("'{text}' is not a number from -1000 to 1000");
            let found = entry.parsed(out, |text| text.parse().map_err(|_| wrong(text)));
            spec.oom_score_adj = found.unwrap_or_default();
        }
        "extra_hosts" => spec.hosts = hosts(entry, out),
        "dns" => spec.dns.nameservers = words(entry, out),
        "dns_search" => spec.dns.search = words(entry, out),
        "dns_opt" => spec.dns.options = words(entry, out),
        "group_add" => spec.groups = words(entry, out),
        "post_start" => spec.post_start = hooks(entry, setting, out),
        "pre_stop" => spec.pre_stop = hooks(entry, setting, out),
        _ => return false,
    }
    true
}

/// `logging`.
pub(super) fn logging(field: &Field<'_>, spec: &mut ServiceSpec, out: &mut Findings) {
    let mut driver = LogDriver::default();
    for entry in field.entries(out) {
        match entry.key {
            "driver" => driver.name = entry.text(out).unwrap_or_default(),
            "options" => driver.options = labels(&entry, out),
            _ => refuse_unknown(&entry, &["driver", "options"], out),
        }
    }
    spec.task.log_driver = Some(driver);
}

/// One word, or a list of them.
fn words(field: &Field<'_>, out: &mut Findings) -> Vec<String> {
    if field.is_list() {
        field.items(out).iter().filter_map(|item| item.word(out)).collect()
    } else {
        field.word(out).into_iter().collect()
    }
}

/// In the form in which Docker stores them.
fn capabilities(field: &Field<'_>, out: &mut Findings) -> Vec<String> {
    let whole = |word: String| {
        let word = word.to_ascii_uppercase();
        if word == "ALL" || word.starts_with("CAP_") { word } else { format!("CAP_{word}") }
    };
    words(field, out).into_iter().map(whole).collect()
}

fn ulimit(field: &Field<'_>, out: &mut Findings) -> Ulimit {
    let mut limit = Ulimit { name: field.key.to_owned(), ..Ulimit::default() };
    let bound = |field: &Field<'_>, out: &mut Findings| {
        let wrong = |text: &str| format!("'{text}' is not a whole number, or -1 for no bound");
        let read =
            |text: &str| text.parse::<i64>().ok().filter(|number| *number >= -1).ok_or_else(|| wrong(text));
        field.parsed(out, read).unwrap_or_default()
    };
    if !field.is_mapping() {
        let both = bound(field, out);
        return Ulimit { soft: both, hard: both, ..limit };
    }
    for entry in field.entries(out) {
        match entry.key {
            "soft" => limit.soft = bound(&entry, out),
            "hard" => limit.hard = bound(&entry, out),
            _ => refuse_unknown(&entry, &["soft", "hard"], out),
        }
    }
    limit
}

/// `name:address` in a list, or a map; as lines of a hosts file.
fn hosts(field: &Field<'_>, out: &mut Findings) -> Vec<String> {
    let line = |name: &str, address: &str| {
        let bare = address.trim().trim_start_matches('[').trim_end_matches(']');
        let wrong = || format!("'{address}' is not an address");
        bare.parse::<std::net::IpAddr>().map(|address| format!("{address} {name}")).map_err(|_| wrong())
    };
    if !field.is_list() {
        let entries = field.entries(out);
        return entries.iter().filter_map(|entry| entry.parsed(out, |text| line(entry.key, text))).collect();
    }
    let both = |text: &str| {
        let (name, address) =
            text.split_once([':', '=']).ok_or_else(|| format!("'{text}' is not NAME:ADDRESS"))?;
        line(name, address)
    };
    field.items(out).iter().filter_map(|item| item.parsed(out, both)).collect()
}

fn hooks(field: &Field<'_>, setting: Setting<'_>, out: &mut Findings) -> Vec<Hook> {
    field.items(out).iter().map(|item| hook(item, setting, out)).collect()
}

fn hook(item: &Field<'_>, setting: Setting<'_>, out: &mut Findings) -> Hook {
    let mut hook = Hook::default();
    for entry in item.entries(out) {
        match entry.key {
            "command" => hook.command = command(&entry, out),
            "user" => hook.user = entry.word(out).unwrap_or_default(),
            "working_dir" => hook.working_directory = entry.text(out).unwrap_or_default(),
            "environment" => hook.environment = environment(&entry, setting, out),
            _ => refuse_unknown(&entry, &["command", "user", "working_dir", "environment"], out),
        }
    }
    hook
}
