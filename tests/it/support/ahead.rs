//! A wall clock that is ahead, for the real program: what moves a clock inside of the test cannot reach a process.
//!
//! A small library in front of the C library's (`LD_PRELOAD`), built by the C compiler that building this project needs
//! anyway.

use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = include_str!("ahead.c");

/// The library, built.
pub struct Ahead(PathBuf);

impl Ahead {
    /// Builds it in this folder.
    pub fn build(folder: &Path) -> Self {
        let (source, library) = (folder.join("ahead.c"), folder.join("ahead.so"));
        std::fs::write(&source, SOURCE).expect("the folder is ours");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).status();
        assert!(built.expect("there is a C compiler").success(), "ahead.c does not compile");
        Self(library)
    }

    /// The program, to be started with a clock this many seconds ahead.
    pub fn program(&self, seconds: u64) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        command.env("LD_PRELOAD", &self.0).env("AHEAD_SECONDS", seconds.to_string());
        command
    }
}
