//! Reading the system call profile, `seccomp/default.txt`.

use crate::config::CapabilitySet;
use crate::{Failure, FailureKind};

/// The profile that ships.
pub(super) const DEFAULT: &str = include_str!("../../seccomp/default.txt");

/// A test on one argument of a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    /// The lower 32 bits equal the value.
    Equal(u8, u64),
    /// The lower 32 bits differ from the value.
    Different(u8, u64),
    /// All 64 bits under a mask equal the value.
    Masked(u8, u64, u64),
}

/// One line that applies: a system call allowed if all tests hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Its name.
    pub(super) name: String,
    /// Its number on this architecture.
    pub(super) number: i64,
    /// Conditions on its arguments.
    pub(super) tests: Vec<Test>,
}

/// The lines of `text` that hold for a process with `capabilities` on this architecture.
///
/// # Errors
/// The first line that cannot be read.
pub(super) fn read(text: &str, capabilities: CapabilitySet) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        lines.extend(one(line, capabilities).ok_or_else(|| format!("system call profile: {line:?}"))?);
    }
    Ok(lines)
}

/// The profile as the `seccomp` section of an OCI configuration.
///
/// # Errors
/// If the profile cannot be read.
pub(crate) fn oci_seccomp(capabilities: CapabilitySet) -> Result<serde_json::Value, Failure> {
    use serde_json::{Value, json};
    let lines = read(DEFAULT, capabilities).map_err(|text| Failure::new(FailureKind::System, text))?;
    let argument = |test: &Test| match *test {
        Test::Equal(index, value) => json!({ "index": index, "op": "SCMP_CMP_EQ", "value": value }),
        Test::Different(index, value) => json!({ "index": index, "op": "SCMP_CMP_NE", "value": value }),
        Test::Masked(index, mask, value) => {
            json!({ "index": index, "op": "SCMP_CMP_MASKED_EQ", "value": mask, "valueTwo": value })
        }
    };
    let call = |line: &Line| {
        let mut call = json!({ "names": [line.name], "action": "SCMP_ACT_ALLOW" });
        if !line.tests.is_empty() {
            call["args"] = line.tests.iter().map(argument).collect();
        }
        call
    };
    let mut calls: Vec<Value> = lines.iter().map(call).collect();
    if !capabilities.has("SYS_ADMIN") {
        calls.push(json!({ "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": libc::ENOSYS }));
    }
    let arch = if cfg!(target_arch = "x86_64") { "SCMP_ARCH_X86_64" } else { "SCMP_ARCH_AARCH64" };
    Ok(json!({ "defaultAction": "SCMP_ACT_ERRNO", "architectures": [arch], "syscalls": calls }))
}

fn one(line: &str, capabilities: CapabilitySet) -> Option<Option<Line>> {
    let mut words = line.split(' ');
    let (name, x86_64, aarch64) = (words.next()?, words.next()?, words.next()?);
    let number = if cfg!(target_arch = "x86_64") { x86_64 } else { aarch64 };
    let mut applies = number != "-";
    let mut tests = Vec::new();
    for word in words {
        if let Some(name) = word.strip_prefix("cap=") {
            applies &= capabilities.has(name);
        } else if let Some(name) = word.strip_prefix("nocap=") {
            applies &= !capabilities.has(name);
        } else {
            tests.push(test(word.strip_prefix("arg")?)?);
        }
    }
    match applies {
        true => Some(Some(Line { name: name.to_owned(), number: number.parse().ok()?, tests })),
        false => Some(None),
    }
}

fn test(text: &str) -> Option<Test> {
    let index = u8::try_from(text.chars().next()?.to_digit(6)?).ok()?;
    let rest = text.get(1..)?;
    if let Some(value) = rest.strip_prefix("==") {
        return Some(Test::Equal(index, value_of(value)?));
    }
    if let Some(value) = rest.strip_prefix("!=") {
        return Some(Test::Different(index, value_of(value)?));
    }
    let (mask, value) = rest.strip_prefix('&')?.split_once("==")?;
    Some(Test::Masked(index, value_of(mask)?, value_of(value)?))
}

fn value_of(text: &str) -> Option<u64> {
    text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Capabilities;

    #[test]
    fn conditions() {
        let text =
            "# x\n\nread 0 63\nbpf 321 280 cap=CAP_BPF\nclone 56 220 nocap=CAP_BPF arg0&0x10==0\nx - -\n";
        let none = read(text, CapabilitySet(0)).unwrap();
        assert_eq!(none.len(), 2);
        assert_eq!(none[1].tests, [Test::Masked(0, 16, 0)]);
        assert_eq!(read(text, CapabilitySet::ALL).unwrap()[1].tests, []);
        assert!(read("read 0", CapabilitySet(0)).is_err());
        assert!(read("read 0 63 arg9==1", CapabilitySet(0)).is_err());
    }

    #[test]
    fn the_profile_allows_reading_and_not_mounting() {
        let usual = CapabilitySet::resolve(&Capabilities::default()).unwrap();
        let has = |set, nr| read(DEFAULT, set).unwrap().iter().any(|line| line.number == nr);
        assert!(has(usual, libc::SYS_read) && has(usual, libc::SYS_execve) && has(usual, libc::SYS_clone));
        for nr in [libc::SYS_mount, libc::SYS_keyctl, libc::SYS_kexec_load, libc::SYS_io_uring_setup] {
            assert!(!has(usual, nr), "{nr}");
        }
        assert!(has(CapabilitySet::ALL, libc::SYS_mount));
    }
}
