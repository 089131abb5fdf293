//! Running from a read-only view of one's own binary. A container's command may be `/proc/self/exe`, which then is
//! the keeper's binary, seen from inside as a file that root could open for writing; from a read-only mount nobody can.
#![expect(unsafe_code, reason = "execveat has no safe wrapper")]

use std::ffi::CString;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

use nix::sys::statvfs::{FsFlags, statvfs};
use rustix::fs::CWD;
use rustix::mount::{OpenTreeFlags, open_tree};

/// Says that it has been tried, so that a kernel that cannot do it does not have it tried for ever.
pub(super) const VARIABLE: &str = "SKEP_KEEPER_SEALED";
const OWN: &str = "/proc/self/exe";

/// Runs this program again from a read-only mount of its binary that is attached nowhere. Goes on as it is if that
/// cannot be done (a kernel before 5.12): the kernel then still refuses writing for as long as the keeper runs.
pub(super) fn run_sealed() {
    let sealed = statvfs(OWN).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY));
    if !sealed && std::env::var_os(VARIABLE).is_none() {
        let _ = try_sealed();
    }
}

fn try_sealed() -> io::Result<()> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let binary = open_tree(CWD, OWN, flags)?;
    crate::runtime::make_mount_readonly(&binary)?;
    let texts = |items: Vec<Vec<u8>>| -> Vec<CString> {
        items.into_iter().filter_map(|item| CString::new(item).ok()).collect()
    };
    let args = texts(std::env::args_os().map(|arg| arg.as_bytes().to_vec()).collect());
    let mut env: Vec<Vec<u8>> =
        std::env::vars_os().map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat()).collect();
    env.push(format!("{VARIABLE}=1").into_bytes());
    let env = texts(env);
    let pointers = |texts: &[CString]| -> Vec<*const libc::c_char> {
        texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (args, env) = (pointers(&args), pointers(&env));
    // SAFETY: both lists end with null and point to texts that live during the call.
    unsafe {
        libc::execveat(
            binary.as_raw_fd(),
            c"".as_ptr(),
            args.as_ptr().cast(),
            env.as_ptr().cast(),
            libc::AT_EMPTY_PATH,
        );
    }
    Err(io::Error::last_os_error())
}
