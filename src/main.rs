//! Parses the arguments, runs the command, and leaves with its exit code.

use std::process::ExitCode;

use okta_lineworks::cli;

/// A request is many small pieces of memory; see `docs/adr/0008-mimalloc.md` for what this saves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
