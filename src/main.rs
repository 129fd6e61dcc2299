//! Parses the arguments, runs the command, and leaves with its exit code.

use std::process::ExitCode;

use okta_lineworks::cli;

fn main() -> ExitCode {
    cli::main()
}
