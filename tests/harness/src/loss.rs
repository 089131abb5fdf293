use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::namespace::Namespaces;

/// The table that holds the rule; nobody else's.
const TABLE: &str = "skep_harness_loss";

/// Which packets of a host are lost: a cable of which one wire is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nothing is.
    Nothing,
    /// It hears nobody; the others hear it.
    Incoming,
    /// Nobody hears it; it hears the others.
    Outgoing,
}

impl Loss {
    /// Makes it so in a network namespace.
    pub(crate) fn apply(self, namespace: &Path) {
        let mut rules = format!("table inet {TABLE} {{}}\ndelete table inet {TABLE}\n");
        let (hook, device) = match self {
            Self::Nothing => ("", ""),
            Self::Incoming => ("input", "iifname"),
            Self::Outgoing => ("output", "oifname"),
        };
        if !hook.is_empty() {
            rules += &format!(
                "table inet {TABLE} {{ chain lost {{ type filter hook {hook} priority -300; {device} eth0 drop\n}}\n}}\n"
            );
        }
        Namespaces::inside(namespace, || nft(&rules));
    }
}

/// Rules for what comes in, in nft's words, in place of others of this function; none with an empty text.
pub(crate) fn set_rules(namespace: &Path, rules: &str) {
    let text = format!(
        "table inet {TABLE}_rules {{}}\ndelete table inet {TABLE}_rules\n\
         table inet {TABLE}_rules {{ chain rules {{ type filter hook input priority -300\n{rules}\n}}\n}}\n"
    );
    Namespaces::inside(namespace, || nft(&text));
}

/// Has nft do this in a network namespace.
pub(crate) fn nft_inside(namespace: &Path, command: &str) {
    Namespaces::inside(namespace, || nft(command));
}

fn nft(rules: &str) {
    let mut command = Command::new("nft");
    let mut child = command.args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("nft is there (nftables)");
    let mut input = child.stdin.take().expect("nft reads");
    input.write_all(rules.as_bytes()).expect("nft reads");
    drop(input);
    let status = child.wait().expect("nft ends");
    assert!(status.success(), "nft refuses: {rules}");
}
