//! A wall clock that is ahead or behind, for real programs: what moves a clock inside of the test cannot reach a process.
//!
//! A small library in front of the C library's (`LD_PRELOAD`), built by the C compiler that building this project needs
//! anyway. A process may have a difference of its own, and share another one that changes while it runs.

use std::fs::File;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = include_str!("ahead.c");

/// The library, built, and the clock of a machine.
pub struct Ahead {
    library: PathBuf,
    machine: PathBuf,
    file: File,
}

impl Ahead {
    /// Builds it in this folder.
    pub fn build(folder: &Path) -> Self {
        let (source, library) = (folder.join("ahead.c"), folder.join("ahead.so"));
        std::fs::write(&source, SOURCE).expect("the folder is ours");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).status();
        assert!(built.expect("there is a C compiler").success(), "ahead.c does not compile");
        let machine = folder.join("ahead.seconds");
        let file = File::create(&machine).expect("the folder is ours");
        // PostgreSQL runs as another user.
        for shared in [&library, &machine] {
            std::fs::set_permissions(shared, std::fs::Permissions::from_mode(0o755)).expect("the file is ours");
        }
        let ahead = Self { library, machine, file };
        ahead.set(0);
        ahead
    }

    /// The program, to be started with a clock this many seconds ahead.
    pub fn program(&self, seconds: u64) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        command.env("LD_PRELOAD", &self.library).env("AHEAD_SECONDS", seconds.to_string());
        command
    }

    /// What a process needs in its environment to have the machine's clock, and this many seconds more.
    pub fn environment(&self, seconds: i64) -> Vec<(String, String)> {
        let path = |path: &Path| path.display().to_string();
        vec![
            ("LD_PRELOAD".to_owned(), path(&self.library)),
            ("AHEAD_FILE".to_owned(), path(&self.machine)),
            ("AHEAD_SECONDS".to_owned(), seconds.to_string()),
        ]
    }

    /// Sets the machine's clock this many seconds ahead of the real one, for every process that has it, at this moment.
    pub fn set(&self, seconds: i64) {
        self.file.write_all_at(&seconds.to_ne_bytes(), 0).expect("the file is ours");
    }
}
