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
use super::postgres::Database;

/// What requests are signed with.
pub const SECRET: &str = "the-secret-of-the-benchmark";
/// What cards without a signature carry.
pub const CARD: &str = "the-secret-of-the-cards";
/// The administrator's.
pub const ADMIN: &str = "the-secret-of-the-admin";

/// A sandbox in this process.
pub fn options() -> Fallible<SandboxOptions> {
    // The quota would be in the way of a benchmark that is not about it.
    let switches = Switches { quota_per_minute: Some(1_000_000), ..Switches::default() };
    Ok(SandboxOptions { listen: "127.0.0.1:0".parse()?, switches, strict: false, tls: None })
}

/// A running server; it is killed when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
}

/// What every start of the service needs: credentials, and the LINE WORKS they are for.
pub struct Site {
    credentials: SandboxCredentials,
    line_works: String,
    call_timeout: Duration,
    /// Takes connections and never answers.
    _silent: Option<TcpListener>,
    folder: TempDir,
}

impl Site {
    /// The workers wait for an answer of LINE WORKS for as long as they may: only accepting is measured.
    pub fn stalled() -> Fallible<Self> {
        // A sandbox makes credentials; it is not called.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sandbox = runtime.block_on(Sandbox::start(options()?))?;
        let silent = TcpListener::bind("127.0.0.1:0")?;
        let line_works = format!("http://{}", silent.local_addr()?);
        Ok(Self { _silent: Some(silent), line_works, ..Self::of(&sandbox, Duration::from_secs(60))? })
    }

    /// The sandbox is LINE WORKS.
    pub fn of(sandbox: &Sandbox, call_timeout: Duration) -> Fallible<Self> {
        let (credentials, line_works) = (sandbox.credentials().clone(), sandbox.url().to_owned());
        Ok(Self { credentials, line_works, call_timeout, _silent: None, folder: tempfile::tempdir()? })
    }

    fn configuration(&self, ledger: &str) -> Fallible<String> {
        let Self { credentials: it, line_works, call_timeout, .. } = self;
        let mut toml = String::new();
        write!(
            toml,
            "[server]\nlisten = '127.0.0.1:0'\n[ledger]\nurl = '{ledger}'\n[log]\nformat = 'json'\n\
             [inbound]\nevent_time = 'arrival'\nsigning_secrets = [{{ name = 'bench', value = '{SECRET}' }}]\n\
             card_secrets = [{{ name = 'card', value = '{CARD}' }}]\n\
             admin_secrets = [{{ name = 'admin', value = '{ADMIN}' }}]\n\
             [lineworks]\nauth_url = '{line_works}'\napi_url = '{line_works}'\ncall_timeout = '{}s'\n\
             client_id = '{}'\nclient_secret = '{}'\nservice_account = '{}'\ndomain_id = {}\nprivate_key = '''\n{}'''\n",
            call_timeout.as_secs(),
            it.client_id,
            it.client_secret,
            it.service_account,
            it.domain_id,
            it.private_key,
        )?;
        Ok(toml)
    }

    /// Starts the service on this ledger and returns with its first 200.
    pub fn start(&self, ledger: &str) -> Fallible<Server> {
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
        Ok(time(&stat(&self.child.id().to_string())?, TIMES))
    }

    /// Its resident memory in MiB.
    pub fn memory(&self) -> Fallible<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = resident.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

impl Server {
    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) -> Fallible<()> {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status()?;
        if sent.success() { Ok(()) } else { Err(format!("SIG{name} was not sent").into()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fields of `/proc/…/stat`, counted from the state, which is the third of the manual.
const PARENT: usize = 1;
const TIMES: [usize; 2] = [11, 12];
const TIMES_OF_ENDED_CHILDREN: [usize; 2] = [13, 14];

fn stat(process: &str) -> Fallible<Vec<u64>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is the name in parentheses and may hold spaces; the state is a letter, and some numbers are below 0.
    let (_, fields) = stat.rsplit_once(')').ok_or("no such process")?;
    Ok(fields.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect())
}

/// The kernel counts CPU time in hundredths of a second.
fn time(stat: &[u64], fields: [usize; 2]) -> Duration {
    Duration::from_millis(fields.iter().map(|field| stat[*field] * 10).sum())
}

/// Of a process with all its children, such as a database server.
pub fn cpu_of_family(first: u32) -> Fallible<Duration> {
    let own = stat(&first.to_string())?;
    let mut sum = time(&own, TIMES) + time(&own, TIMES_OF_ENDED_CHILDREN);
    for entry in std::fs::read_dir("/proc")?.flatten() {
        // Names that are no numbers are no processes; one may end at this moment.
        if let Ok(child) = stat(&entry.file_name().to_string_lossy())
            && child[PARENT] == u64::from(first)
        {
            sum += time(&child, TIMES);
        }
    }
    Ok(sum)
}

/// The first process of the database server, if it runs on this machine.
pub fn postmaster(database: &Database) -> Fallible<u32> {
    let child = database.query("SELECT pid::bigint FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
    Ok(stat(&child.to_string())?[PARENT].try_into()?)
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
