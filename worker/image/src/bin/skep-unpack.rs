//! The process that unpacks layers, as a program of its own for tests; the shipped one is `skep unpack`.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    match skep_image::unpack_main(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody else to tell.
            let _ = writeln!(std::io::stderr(), "skep unpack: {error}");
            ExitCode::FAILURE
        }
    }
}
