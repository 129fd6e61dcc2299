//! The servers under test, each a process of its own, and what the system says about them.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use okta_lineworks::sandbox::{Sandbox, SandboxCredentials, SandboxOptions, Switches};
use tempfile::TempDir;

use super::Fallible;

/// What requests are signed with.
pub const SECRET: &str = "the-secret-of-the-benchmark";

/// A running server; it is killed when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
}

/// What every start of the service needs: credentials, and a LINE WORKS that takes connections and never answers.
pub struct Site {
    credentials: SandboxCredentials,
    silent: TcpListener,
    folder: TempDir,
}

impl Site {
    pub fn new() -> Fallible<Self> {
        // A sandbox makes credentials; it is not called.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let options =
            SandboxOptions { listen: "127.0.0.1:0".parse()?, switches: Switches::default(), strict: false, tls: None };
        let credentials = runtime.block_on(async {
            let sandbox = Sandbox::start(options).await?;
            let credentials = sandbox.credentials().clone();
            sandbox.stop().await;
            Ok::<_, std::io::Error>(credentials)
        })?;
        Ok(Self { credentials, silent: TcpListener::bind("127.0.0.1:0")?, folder: tempfile::tempdir()? })
    }

    fn configuration(&self, ledger: &Path) -> Fallible<String> {
        let it = &self.credentials;
        let silent = self.silent.local_addr()?;
        let mut toml = String::new();
        // The workers wait for an answer of LINE WORKS for as long as they may: only accepting is measured.
        write!(
            toml,
            "[server]\nlisten = '127.0.0.1:0'\n[ledger]\nurl = 'sqlite:{}'\n[log]\nformat = 'json'\n\
             [inbound]\nevent_time = 'arrival'\nsigning_secrets = [{{ name = 'bench', value = '{SECRET}' }}]\n\
             admin_secrets = [{{ name = 'admin', value = 'the-secret-of-the-admin' }}]\n\
             [lineworks]\nauth_url = 'http://{silent}'\napi_url = 'http://{silent}'\ncall_timeout = '60s'\n\
             client_id = '{}'\nclient_secret = '{}'\nservice_account = '{}'\ndomain_id = {}\nprivate_key = '''\n{}'''\n",
            ledger.display(),
            it.client_id,
            it.client_secret,
            it.service_account,
            it.domain_id,
            it.private_key,
        )?;
        Ok(toml)
    }

    /// Starts the service on this ledger and returns with its first 200.
    pub fn start(&self, ledger: &Path) -> Fallible<Server> {
        let file = self.folder.path().join("okta-lineworks.toml");
        std::fs::write(&file, self.configuration(ledger)?)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        command.arg("serve").arg("--config").arg(&file).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let log = BufReader::new(child.stderr.take().ok_or("no log")?);
        let mut lines = log.lines();
        let address = loop {
            let line = lines.next().ok_or("the service ended")??;
            let line: serde_json::Value = serde_json::from_str(&line).map_err(|_| line)?;
            if line["message"] == "serving" {
                break line["address"].as_str().ok_or("no address")?.parse()?;
            }
        };
        // Nobody reads the rest, but the service must not wait for a reader.
        std::thread::spawn(move || lines.count());
        let server = Server { address, child };
        server.wait_for_first_200()?;
        Ok(server)
    }
}

impl Server {
    /// Starts a floor; with a file it appends to it.
    pub fn floor(file: Option<&Path>) -> Fallible<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("floor").args(file).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let server = Self { address: line.trim().parse()?, child };
        server.wait_for_first_200()?;
        Ok(server)
    }

    fn wait_for_first_200(&self) -> Fallible<()> {
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(10) {
            if self.is_alive().unwrap_or(false) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err("no 200 in ten seconds".into())
    }

    fn is_alive(&self) -> std::io::Result<bool> {
        let mut connection = TcpStream::connect(self.address)?;
        connection.write_all(b"GET /livez HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200"))
    }

    /// The CPU time it used so far, in user and kernel.
    pub fn cpu(&self) -> Fallible<Duration> {
        cpu_of(&self.child.id().to_string())
    }

    /// Its resident memory in MiB.
    pub fn memory(&self) -> Fallible<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = resident.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The kernel counts CPU time in hundredths of a second.
fn cpu_of(process: &str) -> Fallible<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is the name in parentheses and may hold spaces; user and system time are the 14th and 15th.
    let (_, fields) = stat.rsplit_once(')').ok_or("no such process")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| -> Fallible<u64> { Ok(fields.get(index).ok_or("too short")?.parse()?) };
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

/// How long a write of 4 KiB takes to reach the disk: the median of 200.
pub fn sync_time(folder: &Path) -> Fallible<Duration> {
    let mut file = File::create(folder.join("sync"))?;
    let mut times = Vec::new();
    for _ in 0..200 {
        file.write_all(&[7; 4096])?;
        let asked = Instant::now();
        file.sync_data()?;
        times.push(asked.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}
