//! One life of a real process: the program, or the sandbox alone. A test may stop it, kill it, and let it stand still.
//!
//! It is killed when it is dropped, and its log is shown when it does not do what the test waits for.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a test waits for the program to do something it is sure to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// One life of the program.
pub struct Program {
    pub url: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts a process that logs into this file.
    pub fn spawn(mut command: Command, log: PathBuf) -> Self {
        let stderr = File::create(&log).expect("the folder is ours");
        let stdout = stderr.try_clone().expect("a file");
        let child = command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn();
        Self { url: String::new(), child: child.expect("the program starts"), log }
    }

    /// Starts the sandbox alone, by a command that ends in the program's name, and waits until it answers.
    pub async fn sandbox(mut command: Command, log: PathBuf, http: &reqwest::Client) -> Self {
        command.args(["sandbox", "--strict", "--listen", "127.0.0.1:0"]);
        let mut sandbox = Self::spawn(command, log);
        sandbox.wait_until_it_serves(http, "http").await;
        sandbox
    }

    /// Waits for the line of the log that names the address, and for an answer there.
    pub async fn wait_until_it_serves(&mut self, http: &reqwest::Client, scheme: &str) {
        assert!(self.comes_up(http, scheme).await, "the program ended\n{}", self.log());
    }

    /// The same; `false` when it ended instead.
    pub async fn comes_up(&mut self, http: &reqwest::Client, scheme: &str) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(address) = self.address() {
                self.url = format!("{scheme}://{address}");
                if http.get(format!("{}/livez", self.url)).send().await.is_ok() {
                    return true;
                }
            }
            if self.child.try_wait().expect("a child can be asked").is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "it never answered\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What the program logs of it, or the sandbox prints.
    fn address(&self) -> Option<String> {
        let log = std::fs::read_to_string(&self.log).ok()?;
        if let Some((_, rest)) = log.split_once("auth_url = \"http://") {
            return rest.split_once('"').map(|(address, _)| address.to_owned());
        }
        let serving = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut serving = serving.filter(|line| line["message"] == "serving");
        serving.next()?["address"].as_str().map(str::to_owned)
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it can be waited for");
    }

    /// `kill -9`, by whoever shares the program; it is gone when the last of them lets go.
    pub fn kill_now(&self) {
        self.signal("KILL");
    }

    /// SIGSTOP: it stands still, and does not know that it does.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// SIGCONT: it goes on as if nothing had been.
    pub fn wake(&self) {
        self.signal("CONT");
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.id())).status();
        assert!(kill.expect("there is a shell").success(), "no signal could be sent");
    }

    /// Waits for its end: the exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ended: Option<ExitStatus> = self.child.try_wait().expect("a child can be asked");
            if let Some(status) = ended {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// SIGTERM, and the exit code.
    pub async fn stop(mut self) -> Option<i32> {
        self.terminate();
        self.ended().await
    }

    /// Lets no file of the process grow beyond this many bytes (`unlimited` lifts it): a full disk without root.
    pub fn limit_files(&self, bytes: &str) {
        let process = self.id().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        let set = Command::new("prlimit").args(["--pid", &process, &limit]).status();
        let set = set.unwrap_or_else(|error| panic!("prlimit cannot be run ({error}): install util-linux"));
        assert!(set.success(), "prlimit failed: the hard limit of file sizes must be unlimited (ulimit -H -f)");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
