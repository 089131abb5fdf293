use std::os::fd::AsFd;

use super::super::devices::default_rules;
use super::*;

/// Runs a program as the kernel would, on an access of `kind` (1 block, 2 char).
fn run(program: &[Instruction], access: u64, kind: u64, major: u64, minor: u64) -> u64 {
    let context = [access << 16 | kind, major, minor];
    let mut registers = [0_u64; 10];
    let mut at = 0;
    loop {
        let now = program[at];
        let (to, from) = (usize::from(now.registers & 15), usize::from(now.registers >> 4));
        let constant = i64::from(now.constant).cast_unsigned();
        at += 1;
        match now.code {
            code::LOAD_WORD => registers[to] = context[usize::try_from(now.offset).unwrap() / 4],
            code::MOVE_REGISTER => registers[to] = registers[from],
            code::MOVE_CONSTANT => registers[to] = constant,
            code::AND_CONSTANT => registers[to] &= constant,
            code::SHIFT_RIGHT => registers[to] >>= constant,
            code::JUMP_IF_NOT_EQUAL if registers[to] != constant => {
                at += usize::try_from(now.offset).unwrap()
            }
            code::JUMP_IF_NOT_EQUAL => {}
            code::EXIT => return registers[0],
            other => panic!("code {other:#x}"),
        }
    }
}

const MAKE: u64 = 1;
const READ: u64 = 2;
const WRITE: u64 = 4;

#[test]
fn default_rules_let_null_through_and_disks_not() {
    let program = build(&default_rules());
    assert_eq!(run(&program, READ | WRITE, 2, 1, 3), 1);
    assert_eq!(run(&program, READ, 2, 136, 7), 1);
    assert_eq!(run(&program, READ, 2, 1, 1), 0, "/dev/mem");
    assert_eq!(run(&program, READ, 1, 8, 0), 0, "a disk");
    assert_eq!(run(&program, MAKE, 1, 8, 0), 1, "making a node");
    assert_eq!(run(&program, MAKE | READ, 1, 8, 0), 0);
    assert_eq!(run(&program, READ, 1, 1, 3), 0, "block device with the numbers of null");
}

#[test]
fn partial_access_and_everything() {
    let rule = |kind, access: &str| DeviceRule { kind, major: Some(8), minor: None, access: access.into() };
    let read_only = build(&[rule(DeviceKind::Block, "r")]);
    assert_eq!(run(&read_only, READ, 1, 8, 5), 1);
    assert_eq!(run(&read_only, READ | WRITE, 1, 8, 5), 0);
    let all = build(&[rule(DeviceKind::All, "r")]);
    assert_eq!(run(&all, READ | WRITE | MAKE, 1, 99, 5), 1);
    assert_eq!(run(&build(&[]), READ, 2, 1, 3), 0);
}

#[test]
fn the_kernel_takes_the_program() {
    let found = crate::cgroup::Hierarchies::detect().unwrap();
    let root = found.unified.expect("this test needs a mounted cgroup2 tree (mount -t cgroup2)");
    let path = root.join(format!("skep-device-test-{}", std::process::id()));
    std::fs::create_dir(&path).expect("making a control group needs root");
    let group = std::fs::File::open(&path).unwrap();
    let outcome = attach(&build(&default_rules()), group.as_fd());
    std::fs::remove_dir(&path).unwrap();
    outcome.unwrap();
}
