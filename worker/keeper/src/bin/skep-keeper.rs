//! The keeper as a program of its own: used by this crate's tests only, the `skep` binary has it as `skep keeper`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|first| first == skep_keeper::FIRST_PROCESS_ARGUMENT) {
        return skep_keeper::first_process_main(args.get(1..).unwrap_or_default());
    }
    let outcome = skep_keeper::keeper::Options::from_args(&args).and_then(skep_keeper::keeper::run);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "skep-keeper: {error}");
            ExitCode::FAILURE
        }
    }
}
