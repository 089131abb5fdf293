//! Names under which the daemon starts this program again.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the hidden entry point that the first argument names; none when it names no such.
pub(crate) fn hidden(arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.skip(1);
    let name = arguments.next()?;
    let rest = || arguments.map(|argument| argument.to_string_lossy().into_owned()).collect::<Vec<_>>();
    match name.to_str()? {
        "keeper" => Some(keeper(&rest())),
        skep_keeper::FIRST_PROCESS_ARGUMENT => Some(skep_keeper::first_process_main(&rest())),
        skep_image::UNPACK_ARGUMENT => Some(unpack(&rest())),
        "whoami" => Some(whoami(&rest())),
        _ => None,
    }
}

/// What the built-in image runs.
fn whoami(arguments: &[String]) -> ExitCode {
    let variable = |name: &str| std::env::var(name).ok();
    match arguments {
        [] => skep_whoami::run(variable),
        [word] if word == "check" => skep_whoami::check(variable),
        words => {
            let words = words.join(" ");
            crate::output::warning(&format!(
                "skep whoami: '{words}' is not known: it takes 'check' or nothing"
            ));
            ExitCode::FAILURE
        }
    }
}

/// The process that owns a node's containers. It must stay single-threaded.
fn keeper(arguments: &[String]) -> ExitCode {
    let done = skep_keeper::keeper::Options::from_args(arguments).and_then(skep_keeper::keeper::run);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::output::warning(&format!("skep keeper: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The process that unpacks a layer of an image. It gives up rights, so it must stay single-threaded.
fn unpack(arguments: &[String]) -> ExitCode {
    match skep_image::unpack_main(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::output::warning(&format!("skep unpack: {error}"));
            ExitCode::FAILURE
        }
    }
}
