//! System call filters: compiled once per set of capabilities, installed by each process.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    sock_filter,
};

use super::profile::{self, Test};
use crate::config::CapabilitySet;
use crate::{Failure, FailureKind};

/// The two filters of a process, in the order in which they are installed: of two that refuse, the later one's error
/// number counts.
#[derive(Debug)]
pub(super) struct Filters {
    /// What the profile does not allow answers EPERM.
    allowed: BpfProgram,
    /// What the profile does not know, and clone3, whose flags a filter cannot see, answers ENOSYS.
    unknown: BpfProgram,
}

impl Filters {
    /// Compiles the default profile for `capabilities`.
    pub(super) fn compile(capabilities: CapabilitySet) -> Result<Self, Failure> {
        let failure = |message: String| Failure::new(FailureKind::System, message);
        let lines = profile::read(profile::DEFAULT, capabilities).map_err(failure)?;
        let everything = profile::read(profile::DEFAULT, CapabilitySet::ALL).map_err(failure)?;
        let newest = everything.iter().map(|line| line.number).max().unwrap_or(0);
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        let mut free = Vec::new();
        let wrong = |error: seccompiler::BackendError| failure(format!("system call profile: {error}"));
        for line in lines {
            let of_call = rules.entry(line.number).or_default();
            if line.tests.is_empty() {
                free.push(line.number);
            } else {
                let tests = line.tests.iter().map(condition).collect::<Result<_, _>>().map_err(wrong)?;
                of_call.push(SeccompRule::new(tests).map_err(wrong)?);
            }
        }
        for number in free {
            rules.insert(number, Vec::new());
        }
        let arch = std::env::consts::ARCH.try_into().map_err(wrong)?;
        let denied = SeccompAction::Errno(libc::EPERM.cast_unsigned());
        let filter = SeccompFilter::new(rules, denied, SeccompAction::Allow, arch).map_err(wrong)?;
        let no_clone3 = !capabilities.has("SYS_ADMIN");
        Ok(Self {
            allowed: filter.try_into().map_err(wrong)?,
            unknown: unknown_calls(u32::try_from(newest).unwrap_or(u32::MAX), no_clone3),
        })
    }

    /// Installs both in this process; needs CAP_SYS_ADMIN or no_new_privs.
    pub(super) fn install(&self) -> io::Result<()> {
        install(&self.allowed)?;
        install(&self.unknown)
    }
}

/// seccomp(2). seccompiler's own function would set no_new_privs, which is not always wanted.
#[expect(unsafe_code, reason = "seccomp(2) has no safe wrapper that leaves no_new_privs alone")]
fn install(program: &BpfProgram) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut().cast() };
    // SAFETY: the program lives during the call, the kernel only reads it; the instructions of seccompiler and libc
    // have the same C layout.
    let answer =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn condition(test: &Test) -> Result<SeccompCondition, seccompiler::BackendError> {
    let (index, length, operation, value) = match *test {
        Test::Equal(index, value) => (index, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value),
        Test::Different(index, value) => (index, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, value),
        Test::Masked(index, mask, value) => {
            (index, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(mask), value)
        }
    };
    SeccompCondition::new(index, length, operation, value)
}

/// A classic BPF program (linux/filter.h): load the call's number; ENOSYS if above `newest` or clone3, else allow.
/// Numbers of the x32 interface are far above `newest`.
fn unknown_calls(newest: u32, no_clone3: bool) -> BpfProgram {
    const LOAD: u16 = 0x20;
    const JUMP_EQUAL: u16 = 0x15;
    const JUMP_GREATER: u16 = 0x25;
    const RETURN: u16 = 0x06;
    let no_such_call = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned();
    let clone3 = u32::try_from(libc::SYS_clone3).unwrap_or(u32::MAX);
    vec![
        sock_filter { code: LOAD, jt: 0, jf: 0, k: 0 },
        sock_filter { code: JUMP_GREATER, jt: 2, jf: 0, k: newest },
        sock_filter { code: JUMP_EQUAL, jt: u8::from(no_clone3), jf: 0, k: clone3 },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: no_such_call },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_profile_compiles_within_the_kernels_limit() {
        for capabilities in [CapabilitySet(0), CapabilitySet(0xa804_25fb), CapabilitySet::ALL] {
            let filters = Filters::compile(capabilities).unwrap();
            assert!(filters.allowed.len() > 500 && filters.allowed.len() < 4096, "{}", filters.allowed.len());
        }
    }

    /// What a classic BPF program (linux/filter.h) answers to a call.
    fn answer(program: &BpfProgram, number: i64, args: &[u64]) -> u32 {
        let mut data = [0_u32; 16];
        data[0] = u32::try_from(number).unwrap();
        data[1] = if cfg!(target_arch = "x86_64") { 0xc000_003e } else { 0xc000_00b7 };
        for (at, arg) in args.iter().enumerate() {
            data[4 + 2 * at] = u32::try_from(arg & 0xffff_ffff).unwrap();
            data[5 + 2 * at] = u32::try_from(arg >> 32).unwrap();
        }
        let (mut at, mut accumulator) = (0_usize, 0_u32);
        loop {
            let now = &program[at];
            at += 1;
            let mut jump = |taken: bool| at += usize::from(if taken { now.jt } else { now.jf });
            match now.code {
                0x20 => accumulator = data[now.k as usize / 4],
                0x54 => accumulator &= now.k,
                0x05 => at += now.k as usize,
                0x15 => jump(accumulator == now.k),
                0x25 => jump(accumulator > now.k),
                0x35 => jump(accumulator >= now.k),
                0x06 => return now.k,
                other => panic!("code {other:#x}"),
            }
        }
    }

    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;

    #[test]
    fn what_the_default_profile_answers() {
        let refused = libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned();
        let missing = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned();
        let usual = Filters::compile(CapabilitySet(0xa804_25fb)).unwrap();
        let new_user = libc::CLONE_NEWUSER as u64 | libc::SIGCHLD as u64;
        for (number, args, expected) in [
            (libc::SYS_read, &[][..], ALLOW),
            (libc::SYS_mount, &[], refused),
            (libc::SYS_keyctl, &[], refused),
            (libc::SYS_clone, &[libc::SIGCHLD as u64], ALLOW),
            (libc::SYS_clone, &[new_user], refused),
            (libc::SYS_unshare, &[0], refused),
            (libc::SYS_socket, &[libc::AF_INET as u64], ALLOW),
            (libc::SYS_socket, &[libc::AF_VSOCK as u64], refused),
            (libc::SYS_personality, &[0], ALLOW),
            (libc::SYS_personality, &[0x40_0000], refused),
            (libc::SYS_chroot, &[], ALLOW),
        ] {
            assert_eq!(answer(&usual.allowed, number, args), expected, "{number} {args:?}");
            assert_eq!(answer(&usual.unknown, number, args), ALLOW, "{number}");
        }
        assert_eq!(answer(&usual.unknown, libc::SYS_clone3, &[]), missing);
        assert_eq!(answer(&usual.unknown, 4000, &[]), missing);
        let all = Filters::compile(CapabilitySet::ALL).unwrap();
        assert_eq!(answer(&all.unknown, libc::SYS_clone3, &[]), ALLOW);
        for number in [libc::SYS_clone3, libc::SYS_mount] {
            assert_eq!(answer(&all.allowed, number, &[]), ALLOW);
        }
        assert_eq!(answer(&all.allowed, libc::SYS_clone, &[new_user]), ALLOW);
    }
}
