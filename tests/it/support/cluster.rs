//! A PostgreSQL cluster of Debian's package in a folder: made, started, stopped, killed and started again by the tests.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const MISSING: &str = "The tests need a PostgreSQL server. Install the package `postgresql` (make test does it where it \
     may), or set TEST_POSTGRES_URL to a server where they may make databases, such as postgres://me:secret@127.0.0.1/postgres";
/// Whom everything belongs to.
pub const USER: &str = "tests";
/// Asked for where the cluster is reached over TCP.
pub const PASSWORD: &str = "a pass/word%with@signs";

/// How a running cluster is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Everybody is sent away, and everything is written first.
    Fast,
    /// Nothing is written first; the next start recovers.
    Immediate,
    /// Every process is killed with SIGKILL; the next start recovers.
    Kill,
}

/// A cluster; it is stopped when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    /// Its certificate, key, log, socket and data.
    pub folder: PathBuf,
    pub port: u16,
    bin: PathBuf,
    environment: Vec<(String, String)>,
}

impl Cluster {
    /// Makes one in this folder, which must be one that everybody may enter; it does not run yet. More arguments are for
    /// `initdb`.
    pub fn make(folder: &Path, arguments: &[&str]) -> Self {
        let bin = programs();
        std::fs::create_dir_all(folder).expect("the folder is ours");
        std::fs::write(folder.join("password"), PASSWORD).expect("the folder is ours");
        certificate(folder);
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(folder));
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let cluster = Self { folder: folder.to_owned(), port, bin, environment: Vec::new() };
        run(as_its_user(&cluster.bin.join("initdb"))
            .args(["-U", USER, "-E", "UTF8", "--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256"])
            .args(["--no-sync"])
            .args(arguments)
            .arg("-D")
            .arg(cluster.data())
            .arg(format!("--pwfile={}", folder.join("password").display()))
            .current_dir(folder));
        cluster
    }

    /// The same, whose processes have this in their environment.
    pub fn with_environment(self, environment: Vec<(String, String)>) -> Self {
        Self { environment, ..self }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts it and waits until it answers.
    pub fn start(&self) {
        self.start_with(&[]);
    }

    /// The same with more settings.
    pub fn start_with(&self, more: &[&str]) {
        let folder = self.folder.display();
        let settings = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            format!("unix_socket_directories={folder}"),
            "max_connections=500".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={folder}/server.crt"),
            format!("ssl_key_file={folder}/server.key"),
        ];
        let settings = settings.iter().map(String::as_str).chain(more.iter().copied());
        let options: String = settings.map(|setting| format!(" -c {setting}")).collect();
        run(as_its_user(&self.bin.join("pg_ctl"))
            .args(["start", "-w", "-t", "60", "-D"])
            .arg(self.data())
            .arg("-l")
            .arg(self.folder.join("log"))
            .args(["-o", &options])
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdout(Stdio::null()));
    }

    /// Stops it and waits until all of its processes are gone.
    pub fn stop(&self, how: Stop) {
        match how {
            Stop::Kill => self.kill(),
            Stop::Fast => self.control(&["stop", "-m", "fast", "-w", "-t", "60"]),
            Stop::Immediate => self.control(&["stop", "-m", "immediate", "-w", "-t", "60"]),
        }
    }

    /// `pg_ctl` with these arguments.
    pub fn control(&self, arguments: &[&str]) {
        let mut command = as_its_user(&self.bin.join("pg_ctl"));
        run(command.args(arguments).arg("-D").arg(self.data()).current_dir(&self.folder).stdout(Stdio::null()));
    }

    fn kill(&self) {
        let postmaster = self.postmaster().expect("it runs");
        // So that it starts nobody while its children are counted.
        signal("STOP", &[postmaster]);
        let mut all = self.processes();
        all.push(postmaster);
        signal("KILL", &all);
        let deadline = Instant::now() + Duration::from_secs(30);
        while all.iter().any(|process| is_alive(*process)) {
            assert!(Instant::now() < deadline, "PostgreSQL's processes do not end: {all:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        // A dead process that nobody has waited for would be taken for a server that runs.
        for lock in [self.data().join("postmaster.pid"), self.folder.join(format!(".s.PGSQL.{}.lock", self.port))] {
            std::fs::remove_file(lock).expect("it was killed");
        }
    }

    /// Lets no file of it grow beyond this many bytes (`unlimited` lifts it): a full disk without root.
    pub fn limit_files(&self, bytes: &str) {
        let mut all = self.processes();
        all.extend(self.postmaster());
        for process in all {
            // One of them may just have ended.
            let limit = format!("--fsize={bytes}:unlimited");
            let _ = as_its_user(Path::new("prlimit")).args(["--pid", &process.to_string(), &limit]).status();
        }
    }

    /// Puts an empty file with this name into the folder of its data, as its user.
    pub fn touch(&self, name: &str) {
        run(as_its_user(Path::new("touch")).arg(self.data().join(name)));
    }

    fn postmaster(&self) -> Option<u32> {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    /// Its processes but the first.
    fn processes(&self) -> Vec<u32> {
        let Some(postmaster) = self.postmaster() else { return Vec::new() };
        let listed = Command::new("ps").args(["-o", "pid=", "--ppid", &postmaster.to_string()]).output();
        let listed = listed.expect("there is ps (package procps)").stdout;
        String::from_utf8_lossy(&listed).split_whitespace().filter_map(|id| id.parse().ok()).collect()
    }

    /// Ends it when this process is gone, with all of the folder where that is wanted.
    pub fn end_with(&self, process: u32, remove: Option<&Path>) {
        let stop = as_its_user(&self.bin.join("pg_ctl"));
        let mut words: Vec<String> = vec![stop.get_program().to_string_lossy().into_owned()];
        words.extend(stop.get_args().map(|word| word.to_string_lossy().into_owned()));
        let remove = remove.map_or_else(String::new, |folder| format!("; rm -rf '{}'", folder.display()));
        let script = format!(
            "while kill -0 {process} 2>/dev/null; do sleep 1; done; cd /; {} stop -m immediate -D '{}'{remove}",
            words.join(" "),
            self.data().display(),
        );
        let mut watcher = Command::new("setsid");
        watcher.args(["--fork", "sh", "-c", &script]);
        watcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = watcher.status();
        let started = started.unwrap_or_else(|error| panic!("setsid cannot be run ({error}): install util-linux"));
        assert!(started.success(), "the watcher of the test server did not start");
    }
}

/// Sends a signal to processes; one that is gone already is none.
fn signal(name: &str, processes: &[u32]) {
    for process in processes {
        let _ = Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).stderr(Stdio::null()).status();
    }
}

/// A process that ended and was not waited for is not alive.
fn is_alive(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim_start().starts_with('Z'))
}

fn programs() -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = installed.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let folder = entry.path().join("bin");
        folder.join("initdb").exists().then_some((version, folder))
    });
    let newest = debian.max().map(|(_, folder)| folder);
    let named = || {
        let said = Command::new("pg_config").arg("--bindir").output().ok()?;
        let folder = PathBuf::from(String::from_utf8(said.stdout).ok()?.trim());
        folder.join("initdb").exists().then_some(folder)
    };
    newest.or_else(named).unwrap_or_else(|| panic!("{MISSING}"))
}

/// PostgreSQL refuses to run as root: then it runs as the user its package made.
fn as_its_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}. {MISSING}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A certificate for `localhost`, which is its own authority.
fn certificate(folder: &Path) {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(folder.join("server.crt"), signed.cert.pem()).expect("the folder is ours");
    let key = folder.join("server.key");
    std::fs::write(&key, signed.signing_key.serialize_pem()).expect("the folder is ours");
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("the file is ours");
}
