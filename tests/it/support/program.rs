//! The real program as a child process: `serve` beside its sandbox, and the operator's commands.

use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

/// The program, in this folder and with a clean environment.
pub fn program(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
    command.env_clear().current_dir(folder.path()).kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Runs a command of the program to its end.
pub async fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    program(&folder).args(arguments).output().await.expect("the program runs")
}

/// `serve --sandbox` as a child process, with its log.
pub struct Serving {
    pub url: String,
    child: Child,
    log: BufReader<ChildStderr>,
    read: String,
    _folder: TempDir,
}

impl Serving {
    /// Starts it on free ports with these settings (TOML; the log as JSON) and waits until it says that it serves.
    pub async fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("okta-lineworks.toml"), settings).expect("the folder is ours");
        let mut command = program(&folder);
        command.args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"]);
        Self::start_as(command, folder).await
    }

    /// Starts this command, a `serve`, and waits until it says that it serves.
    pub async fn start_as(mut command: Command, folder: TempDir) -> Self {
        command.env("OKTA_LINEWORKS__LOG__FORMAT", "json");
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        let mut read = String::new();
        let url = loop {
            let start = read.len();
            assert_ne!(log.read_line(&mut read).await.expect("UTF-8"), 0, "it ended before it served: {read}");
            let line: Value = serde_json::from_str(&read[start..]).unwrap_or_default();
            if line["message"] == "serving" {
                break format!("http://{}", line["address"].as_str().expect("its address"));
            }
        };
        Self { url, child, log, read, _folder: folder }
    }

    /// Where its sandbox answers.
    pub fn sandbox_url(&self) -> String {
        let said = self.read.split("LINE WORKS is at ").nth(1).expect("a rehearsal says where");
        said.split(',').next().expect("a URL").to_owned()
    }

    /// Stops it as a terminal does, and gives the whole log.
    pub async fn stop(mut self) -> String {
        let id = self.child.id().expect("still runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("there is a kill");
        assert!(sent.success());
        let rest = tokio::time::timeout(Duration::from_secs(30), self.log.read_to_string(&mut self.read));
        rest.await.expect("stops in time").expect("UTF-8");
        assert!(self.child.wait().await.expect("it ended").success(), "{}", self.read);
        self.read
    }
}
