//! What runs the service elsewhere (docker-compose.yml, Dockerfile, deploy/) is held against the program: commands are
//! run, configurations are loaded, and every name, port, path and time in these files is one of the program's.
//!
//! How the whole topology behaves under restarts is what deploy/rehearsal.sh shows, which needs Caddy.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use okta_lineworks::config::{self, Config, LedgerUrl, Sources};
use okta_lineworks::sandbox::{Sandbox, SandboxOptions, Switches};
use serde::Deserialize;
use serde_norway::Value;

use crate::papers::{keys, read, root};
use crate::support::postgres::Database;
use crate::support::program::{Serving, program, run};
use crate::support::{ReadAnswer, install_crypto};

/// Every document of a YAML file, with what `<<` lays in.
fn yaml(path: &str) -> Vec<Value> {
    let text = read(path);
    let documents = serde_norway::Deserializer::from_str(&text).map(|document| {
        let mut document = Value::deserialize(document).unwrap_or_else(|error| panic!("{path}: {error}"));
        // What is laid in may itself lay something in.
        while serde_norway::to_string(&document).expect("YAML").contains("<<:") {
            document.apply_merge().expect("merges");
        }
        document
    });
    documents.collect()
}

/// A service of docker-compose.yml.
fn composed(service: &str) -> Value {
    let service = &yaml("docker-compose.yml")[0]["services"][service];
    assert!(service.is_mapping());
    service.clone()
}

/// `${NAME:-default}` as it is without a file of variables.
fn defaulted(text: &str) -> String {
    let mut pieces = text.split("${");
    let mut done = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (variable, rest) = piece.split_once('}').expect("a closed variable");
        let (_, default) = variable.split_once(":-").expect("a default");
        done.push_str(default);
        done.push_str(rest);
    }
    done
}

fn text(value: &Value) -> String {
    defaulted(value.as_str().unwrap_or_else(|| panic!("{value:?} is no text")))
}

/// The arguments of a service's command, with addresses of this test in the place of the containers'.
fn arguments(service: &Value, addresses: &[(&str, &str)]) -> Vec<String> {
    let command = addresses.iter().fold(text(&service["command"]), |command, (from, to)| {
        assert!(command.contains(from), "{from} is not in: {command}");
        command.replace(from, to)
    });
    command.split(' ').map(str::to_owned).collect()
}

/// `45s`.
fn span(text: &str) -> Duration {
    Duration::from_secs(text.strip_suffix('s').and_then(|text| text.parse().ok()).expect(text))
}

/// The configuration of the pods, with the values that an administrator must fill in, and secrets.
fn configuration_of_pods() -> Config {
    install_crypto();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let toml = read("deploy/kubernetes/okta-lineworks.toml");
    let secrets = format!("{}/", folder.path().display());
    for file in secret_files(&toml) {
        fs::write(folder.path().join(&file), format!("a-secret-of-the-tests-{file}")).expect("the folder is ours");
    }
    let pem = "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n";
    for key in ["private-key.pem", "okta-key.pem"] {
        fs::write(folder.path().join(key), pem).expect("the folder is ours");
    }
    let file = folder.path().join("okta-lineworks.toml");
    let filled = toml.replace("/run/secrets/okta-lineworks/", &secrets).replace("REPLACE_ME", "abcDEF123");
    fs::write(&file, filled).expect("the folder is ours");
    let loaded = config::load(&Sources { file: Some(file), ..Sources::default() });
    loaded.unwrap_or_else(|error| panic!("{error}")).config
}

fn secret_files(toml: &str) -> Vec<String> {
    let paths = toml.split("\"/run/secrets/okta-lineworks/").skip(1);
    paths.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

/// The Deployment's only container, and its pod.
fn pod() -> (Value, Value) {
    let deployment = &yaml("deploy/kubernetes/deployment.yaml")[0];
    let pod = &deployment["spec"]["template"]["spec"];
    (pod.clone(), pod["containers"][0].clone())
}

/// The stop that a supervisor allows must outlast the one the program takes.
fn outlasts(allowed: Duration, drain: Duration, shutdown: Duration) {
    assert!(allowed >= drain + shutdown + Duration::from_secs(5), "{allowed:?} for {drain:?} and {shutdown:?}");
}

// --- containers --------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn the_one_process_of_the_compose_file_serves_and_is_healthy() {
    let service = composed("okta-lineworks");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = program(&folder);
    command
        .args(arguments(&service, &[("0.0.0.0:8090", "127.0.0.1:0")]))
        .env("OKTA_LINEWORKS__SERVER__LISTEN", "0.0.0.0:0");
    for (name, value) in service["environment"].as_mapping().expect("variables") {
        command.env(name.as_str().expect("a name"), text(value));
    }
    let serving = Serving::start_as(command, folder).await;
    healthy(&service, &serving).await;
    serving.stop().await;
}

/// Runs the health check as it stands in the file.
async fn healthy(service: &Value, serving: &Serving) {
    let test = text(&service["healthcheck"]["test"]);
    let test = test.strip_prefix("okta-lineworks ").expect("this program");
    let address = serving.url.replace("http://0.0.0.0", "127.0.0.1").replace("http://", "");
    let listen = ["--listen".to_owned(), address];
    let arguments: Vec<&str> = test.split(' ').chain(listen.iter().map(String::as_str)).collect();
    let output = run(&arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_replicas_of_the_compose_file_share_a_database_and_a_sandbox() {
    install_crypto();
    let (database, folder) = (Database::new(), tempfile::tempdir().expect("a temporary folder"));
    let listen = "127.0.0.1:0".parse().expect("an address");
    let options = SandboxOptions { listen, switches: Switches::default(), strict: true, tls: None };
    let sandbox = Sandbox::start(options).await.expect("it starts");
    let mut replicas = Vec::new();
    for name in ["replica-1", "replica-2"] {
        let service = composed(name);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = program(&folder);
        command.args(arguments(&service, &[("http://sandbox:8090", sandbox.url())]));
        for (name, value) in service["environment"].as_mapping().expect("variables") {
            let value = match name.as_str().expect("a name") {
                "OKTA_LINEWORKS__LEDGER__URL" => database.url(),
                "OKTA_LINEWORKS__LEDGER__PASSWORD__FILE" => continue,
                "OKTA_LINEWORKS__SERVER__DRAIN_TIME" => "100ms".to_owned(),
                _ => text(value),
            };
            command.env(name.as_str().expect("a name"), value);
        }
        command.env("OKTA_LINEWORKS__SERVER__LISTEN", "127.0.0.1:0");
        replicas.push(Serving::start_as(command, folder).await);
        healthy(&service, replicas.last().expect("just started")).await;
    }
    let http = reqwest::Client::builder().timeout(Duration::from_secs(40)).build().expect("a client");
    for (n, replica) in replicas.iter().enumerate() {
        let person = format!("{}/v1/assignments/00uREPLICA{n}", replica.url);
        let card = http
            .put(person)
            .bearer_auth("sandbox-card")
            .json(&serde_json::json!({ "user": crate::support::user(n as u32) }));
        let answer = card.answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let stats = http.get(format!("{}/_sandbox/stats", sandbox.url())).answer().await.body;
    assert_eq!((&stats["membersEverCreated"], &stats["violationCount"]), (&2.into(), &0.into()), "{stats:#}");
    for replica in replicas {
        replica.stop().await;
    }
    sandbox.stop().await;
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_sandbox_that_is_not_there_is_named() {
    let output = run(&["serve", "--sandbox", "--sandbox-url", "http://127.0.0.1:1", "--listen", "127.0.0.1:0"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no sandbox answers at http://127.0.0.1:1"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_of_the_compose_file_starts() {
    let service = composed("sandbox");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = program(&folder);
    command.args(arguments(&service, &[("0.0.0.0:8090", "127.0.0.1:0")])).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stdout.take().expect("a pipe")));
    let first = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await.expect("it says something");
    assert_eq!(first.expect("UTF-8").as_deref(), Some("# a service finds this sandbox with"));
}

#[test]
fn a_stop_in_a_container_has_the_time_it_takes() {
    let server = configuration_of_pods().server;
    let replica = composed("replica-1");
    let drain = span(&text(&replica["environment"]["OKTA_LINEWORKS__SERVER__DRAIN_TIME"]));
    outlasts(span(&text(&replica["stop_grace_period"])), drain, server.shutdown_timeout);
    let pods = pod().0["terminationGracePeriodSeconds"].as_u64().expect("seconds");
    assert!(server.drain_time >= Duration::from_secs(5), "the endpoints of a pod must be known to be gone");
    outlasts(Duration::from_secs(pods), server.drain_time, server.shutdown_timeout);
    // Caddy must have looked at /readyz before the replica closes its door.
    let interval = caddy("health_interval");
    assert!(drain >= 3 * span(&interval), "{drain:?}, looked at every {interval}");
}

#[test]
fn what_stands_in_for_the_sources_in_the_image_s_first_layer_is_a_whole_package() {
    let file = read("Dockerfile");
    let (_, run) = file.split_once("RUN mkdir -p src").expect("the stand-ins");
    let (commands, _) = run.split_once("&& cargo build").expect("the build");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(root().join(name), folder.path().join(name)).expect("copied");
    }
    let commands = format!("set -e; mkdir -p src {}", commands.replace("\\\n", " "));
    let made = Command::new("sh").args(["-c", &commands]).current_dir(folder.path()).status().expect("a shell");
    assert!(made.success(), "{commands}");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--locked", "--format-version=1"]);
    let cargo = cargo.current_dir(folder.path()).output().expect("cargo runs");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
}

#[test]
fn the_image_has_every_file_the_sources_take_in() {
    let (dockerfile, ignore) = (read("Dockerfile"), read(".dockerignore"));
    let mut seen = 0;
    for folder in ["migrations", "flows/src", "src"] {
        assert!(dockerfile.contains(&format!("COPY {folder} {folder}\n")), "{folder}");
        assert!(ignore.lines().any(|line| line == format!("!{folder}")), "{folder}");
    }
    let mut open = vec![root().join("src")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("readable").map(|entry| entry.expect("readable").path()));
            continue;
        }
        let text = fs::read_to_string(&path).expect("UTF-8");
        for rest in text.split("include_str!(\"").chain(text.split("include_bytes!(\"")).skip(1) {
            let Some((included, _)) = rest.split_once("\")") else { continue };
            let Ok(file) = path.parent().expect("in a folder").join(included).canonicalize() else { continue };
            let inside = file.strip_prefix(root()).expect("of this package").to_path_buf();
            seen += 1;
            let copied = ["migrations", "flows/src", "src"].iter().any(|folder| inside.starts_with(folder));
            assert!(copied, "{}: {} is not in the image", path.display(), inside.display());
        }
    }
    assert!(seen > 5, "the included files were not found");
}

// --- the proxy -----------------------------------------------------------------------------------------------------

/// The value of a line of the Caddyfile.
fn caddy(name: &str) -> String {
    let file = read("deploy/Caddyfile");
    let line = file.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.unwrap_or_else(|| panic!("no {name} in the Caddyfile"))
}

#[test]
fn the_proxy_knows_every_replica_and_keeps_what_it_may_have_to_send_again() {
    let services = &yaml("docker-compose.yml")[0]["services"];
    let replicas: Vec<String> = services
        .as_mapping()
        .expect("services")
        .keys()
        .filter_map(|name| {
            name.as_str()?.starts_with("replica-").then(|| format!("{}:8080", name.as_str().expect("text")))
        })
        .collect();
    assert!(replicas.len() >= 2);
    assert_eq!(text(&services["proxy"]["environment"]["REPLICAS"]), replicas.join(" "));
    assert!(read("deploy/Caddyfile").contains(&format!("{{$REPLICAS:{}}}", replicas.join(" "))));
    let waited_for: Vec<&str> =
        services["proxy"]["depends_on"].as_sequence().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(waited_for.len(), replicas.len(), "{waited_for:?}");
    // The hook's limit, the larger one: src/inbound/mod.rs.
    assert!(read("src/inbound/mod.rs").contains("HOOK_LIMIT: usize = 1024 * 1024"));
    assert_eq!(caddy("request_buffers"), "1MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_that_a_proxy_or_a_probe_asks_for_is_there() {
    let (_, container) = pod();
    let probes =
        ["startupProbe", "readinessProbe", "livenessProbe"].map(|probe| text(&container[probe]["httpGet"]["path"]));
    assert_eq!(probes, ["/readyz", "/livez", "/livez"]);
    let serving = Serving::start("").await;
    let http = reqwest::Client::builder().build().expect("a client");
    for path in probes.into_iter().chain([caddy("health_uri")]) {
        assert_eq!(http.get(format!("{}{path}", serving.url)).answer().await.status, 200, "{path}");
    }
    // What is tried again, and what is answered with 429, are doors: an unknown path would be 404 before the caller counts.
    let paths = read("deploy/Caddyfile");
    let paths: Vec<&str> = paths
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("@card ").strip_prefix("path "))
        .flat_map(|line| line.split(' '))
        .collect();
    assert_eq!(paths.len(), 4, "{paths:?}");
    for path in paths {
        let path = path.replace('*', "00uSOMEBODY");
        assert_ne!(http.post(format!("{}{path}", serving.url)).answer().await.status, 404, "{path}");
    }
    serving.stop().await;
}

// --- Kubernetes ------------------------------------------------------------------------------------------------------

#[test]
fn the_configuration_of_the_pods_is_one_the_program_takes() {
    let config = configuration_of_pods();
    assert!(matches!(config.ledger.url, LedgerUrl::Postgres(_)), "SQLite is for one process");
    let port = pod().1["ports"][0]["containerPort"].as_u64().expect("a port");
    assert_eq!((u64::from(config.server.listen.port()), config.server.listen.ip().is_unspecified()), (port, true));
    let page = read("docs/operations.md");
    for file in secret_files(&read("deploy/kubernetes/okta-lineworks.toml")) {
        assert!(page.contains(&format!("--from-file={file}")), "docs/operations.md makes no secret {file}");
    }
}

#[test]
fn pods_run_as_the_image_s_user_and_mount_where_the_configuration_looks() {
    let (pod, container) = pod();
    let dockerfile = read("Dockerfile");
    for id in ["runAsUser", "runAsGroup", "fsGroup"] {
        let id = pod["securityContext"][id].as_u64().expect("an id");
        assert!(dockerfile.contains(&format!("USER {id}:{id}")), "{id}");
    }
    let mounts: Vec<&str> = container["volumeMounts"]
        .as_sequence()
        .expect("a list")
        .iter()
        .filter_map(|it| it["mountPath"].as_str())
        .collect();
    assert_eq!(mounts, ["/etc/okta-lineworks", "/run/secrets/okta-lineworks"]);
    let all = &yaml("deploy/kubernetes/kustomization.yaml")[0];
    for file in all["resources"].as_sequence().expect("a list") {
        assert!(root().join("deploy/kubernetes").join(text(file)).is_file(), "{file:?}");
    }
    assert_eq!(all["images"][0]["name"], container["image"]);
    assert_eq!(text(&all["images"][0]["newTag"]), env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_selector_finds_the_pods() {
    let label = "app.kubernetes.io/name";
    let name = &yaml("deploy/kubernetes/kustomization.yaml")[0]["labels"][0]["pairs"][label];
    let selectors = [
        ("deployment.yaml", 1, ["spec", "selector"]),
        ("network-policy.yaml", 0, ["spec", "podSelector"]),
        ("service-monitor.yaml", 0, ["spec", "selector"]),
    ];
    for (file, document, [spec, selector]) in selectors {
        let document = &yaml(&format!("deploy/kubernetes/{file}"))[document];
        assert_eq!(&document[spec][selector]["matchLabels"][label], name, "{file}");
    }
}

// --- systemd -----------------------------------------------------------------------------------------------------------

/// The lines of a unit, by their name.
fn unit(path: &str) -> BTreeMap<String, String> {
    let text = read(path);
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_runs_what_operations_installs_and_does_not_repeat_a_wrong_configuration() {
    let unit = unit("deploy/systemd/okta-lineworks.service");
    assert_eq!(unit["ExecStart"], "/usr/local/bin/okta-lineworks serve");
    assert!(read("docs/operations.md").contains("install -m 755 target/release/okta-lineworks /usr/local/bin/"));
    // Without any configuration.
    let output = run(&["serve"]).await;
    assert_eq!(output.status.code().map(|code| code.to_string()).as_ref(), Some(&unit["RestartPreventExitStatus"]));
    let (allowed, default) = (&unit["TimeoutStopSec"], &keys()["server.shutdown_timeout"]);
    let drain = self::unit("deploy/systemd/postgresql.conf")["Environment"].clone();
    let drain = drain.strip_prefix("OKTA_LINEWORKS__SERVER__DRAIN_TIME=").expect("the drain time").to_owned();
    outlasts(span(&format!("{allowed}s")), span(&drain), span(default.as_deref().expect("a default")));
}

// --- all of them -------------------------------------------------------------------------------------------------------

#[test]
fn every_variable_is_a_setting() {
    let keys = keys();
    let mut seen = 0;
    let files = [
        "docker-compose.yml",
        "Dockerfile",
        "deploy/rehearsal.sh",
        "deploy/systemd/okta-lineworks.service",
        "deploy/systemd/postgresql.conf",
        "deploy/kubernetes/deployment.yaml",
        "docs/operations.md",
    ];
    for file in files {
        for rest in read(file).split("OKTA_LINEWORKS__").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
            let key = name.trim_end_matches("__FILE").to_lowercase().replacen("__", ".", 1);
            assert!(keys.contains_key(&key), "{file}: {name} is no setting");
            seen += 1;
        }
    }
    assert!(seen >= 6, "the variables were not found");
}

#[test]
fn the_folder_of_the_rehearsals_is_complete() {
    let folder = root().join("deploy/rehearsal");
    let toml = read("deploy/rehearsal/okta-lineworks.toml");
    assert!(toml.parse::<toml::Table>().expect("TOML").is_empty());
    let password = text(&composed("replica-1")["environment"]["OKTA_LINEWORKS__LEDGER__PASSWORD__FILE"]);
    let inside = Path::new(&password).strip_prefix("/etc/okta-lineworks").expect("in the mounted folder");
    assert!(folder.join(inside).is_file(), "{password}");
    let secret = &yaml("docker-compose.yml")[0]["secrets"]["database-password"]["file"];
    assert_eq!(root().join(text(secret)).canonicalize().ok(), folder.join(inside).canonicalize().ok());
}
