//! The device filter of version 2: a BPF program made from the rules, loaded with bpf(2).
#![expect(unsafe_code, reason = "bpf(2) has no safe wrapper")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::config::{DeviceKind, DeviceRule};

/// One instruction: code, registers (destination in the low half), jump offset, constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Instruction {
    code: u8,
    registers: u8,
    offset: i16,
    constant: i32,
}

/// Codes of linux/bpf_common.h and linux/bpf.h put together from class, operation and source.
mod code {
    pub(super) const LOAD_WORD: u8 = 0x61;
    pub(super) const MOVE_REGISTER: u8 = 0xbf;
    pub(super) const MOVE_CONSTANT: u8 = 0xb7;
    pub(super) const AND_CONSTANT: u8 = 0x57;
    pub(super) const SHIFT_RIGHT: u8 = 0x77;
    pub(super) const JUMP_IF_NOT_EQUAL: u8 = 0x55;
    pub(super) const EXIT: u8 = 0x95;
}

const fn instruction(code: u8, destination: u8, source: u8, offset: i16, constant: i32) -> Instruction {
    Instruction { code, registers: source << 4 | destination, offset, constant }
}

/// The program: it answers 1 when one rule covers the whole access, else 0. Its argument is a
/// `bpf_cgroup_dev_ctx`: access in the upper and kind in the lower half of a word, then major, then minor.
pub(super) fn build(rules: &[DeviceRule]) -> Vec<Instruction> {
    let mut program = vec![
        instruction(code::LOAD_WORD, 2, 1, 0, 0),
        instruction(code::MOVE_REGISTER, 3, 2, 0, 0),
        instruction(code::AND_CONSTANT, 2, 0, 0, 0xffff),
        instruction(code::SHIFT_RIGHT, 3, 0, 0, 16),
        instruction(code::LOAD_WORD, 4, 1, 4, 0),
        instruction(code::LOAD_WORD, 5, 1, 8, 0),
    ];
    for rule in rules {
        rule_block(rule, &mut program);
    }
    program.push(instruction(code::MOVE_CONSTANT, 0, 0, 0, 0));
    program.push(instruction(code::EXIT, 0, 0, 0, 0));
    program
}

fn rule_block(rule: &DeviceRule, program: &mut Vec<Instruction>) {
    let bits = |access: &str| {
        access.chars().fold(0, |set, c| {
            set | match c {
                'm' => 1,
                'r' => 2,
                'w' => 4,
                _ => 0,
            }
        })
    };
    let access = if rule.kind == DeviceKind::All { 7 } else { bits(&rule.access) };
    let mut tests = Vec::new();
    match rule.kind {
        DeviceKind::Block => tests.push((2, 1)),
        DeviceKind::Char => tests.push((2, 2)),
        DeviceKind::All => {}
    }
    if rule.kind != DeviceKind::All {
        tests.extend(rule.major.map(|n| (4, n.cast_signed())));
        tests.extend(rule.minor.map(|n| (5, n.cast_signed())));
    }
    let check_access = access != 7;
    let mut left = i16::try_from(tests.len()).unwrap_or_default() + if check_access { 3 } else { 0 } + 2;
    if check_access {
        program.push(instruction(code::MOVE_REGISTER, 1, 3, 0, 0));
        program.push(instruction(code::AND_CONSTANT, 1, 0, 0, 7 & !access));
        left -= 3;
        program.push(instruction(code::JUMP_IF_NOT_EQUAL, 1, 0, left, 0));
    }
    for (register, value) in tests {
        left -= 1;
        program.push(instruction(code::JUMP_IF_NOT_EQUAL, register, 0, left, value));
    }
    program.push(instruction(code::MOVE_CONSTANT, 0, 0, 0, 1));
    program.push(instruction(code::EXIT, 0, 0, 0, 0));
}

/// Arguments of BPF_PROG_LOAD that are used here (linux/bpf.h, `union bpf_attr`).
#[repr(C)]
struct Load {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
}

/// Arguments of BPF_PROG_ATTACH.
#[repr(C)]
struct Attach {
    target: u32,
    program: u32,
    kind: u32,
    flags: u32,
}

const PROG_LOAD: i64 = 5;
const PROG_ATTACH: i64 = 8;
const KIND_CGROUP_DEVICE: u32 = 15;
const ATTACH_CGROUP_DEVICE: u32 = 6;
const ALLOW_MULTI: u32 = 2;

/// Loads `program` and attaches it to the version 2 control group `group`; it goes when the group goes.
pub(super) fn attach(program: &[Instruction], group: BorrowedFd<'_>) -> io::Result<()> {
    let license = c"MIT";
    let load = Load {
        kind: KIND_CGROUP_DEVICE,
        count: u32::try_from(program.len()).map_err(io::Error::other)?,
        instructions: program.as_ptr() as u64,
        license: license.as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
        kernel_version: 0,
        flags: 0,
    };
    let fd = bpf(PROG_LOAD, &load)?;
    // SAFETY: BPF_PROG_LOAD answered a new descriptor that nobody else owns.
    let fd = unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).map_err(io::Error::other)?) };
    let attach = Attach {
        target: group.as_raw_fd().cast_unsigned(),
        program: fd.as_raw_fd().cast_unsigned(),
        kind: ATTACH_CGROUP_DEVICE,
        flags: ALLOW_MULTI,
    };
    bpf(PROG_ATTACH, &attach).map(drop)
}

fn bpf<T>(command: i64, argument: &T) -> io::Result<i64> {
    // SAFETY: the argument lives during the call, has the size given, and so does all it points to.
    let answer =
        unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(argument), size_of::<T>()) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

#[cfg(test)]
#[path = "device_program_test.rs"]
mod tests;
