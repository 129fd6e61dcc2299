//! docker-compose.yml, the Dockerfile and the proxy's Caddyfile.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use okta_lineworks::sandbox::{Sandbox, SandboxOptions, Switches};
use serde_json::json;
use serde_norway::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{composed, configuration_of_pods, outlasts, pod, span, text, yaml};
use crate::papers::{read, root};
use crate::support::postgres::Database;
use crate::support::program::{Serving, program, run};
use crate::support::{ReadAnswer, install_crypto, user};

/// The arguments of a service's command, with addresses of this test in the place of the containers'.
fn arguments(service: &Value, addresses: &[(&str, &str)]) -> Vec<String> {
    let command = addresses.iter().fold(text(&service["command"]), |command, (from, to)| {
        assert!(command.contains(from), "{from} is not in: {command}");
        command.replace(from, to)
    });
    command.split(' ').map(str::to_owned).collect()
}

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
    let database = Database::new();
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
    for (n, replica) in (0..).zip(&replicas) {
        let person = format!("{}/v1/assignments/00uREPLICA{n}", replica.url);
        let card = http.put(person).bearer_auth("sandbox-card").json(&json!({ "user": user(n) }));
        let answer = card.answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let stats = http.get(format!("{}/_sandbox/stats", sandbox.url())).answer().await.body;
    assert_eq!((&stats["membersEverCreated"], &stats["violationCount"]), (&2.into(), &0.into()), "{stats:#}");
    for replica in replicas {
        replica.stop().await;
    }
    sandbox.stop().await;
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
    command.args(arguments(&service, &[("0.0.0.0:8090", "127.0.0.1:0")])).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
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
        if path.to_string_lossy().ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("UTF-8");
        for rest in text.split("include_str!(").chain(text.split("include_bytes!(")) {
            // Of a name that is put together the folder is looked at.
            let quoted = rest.trim_start_matches("concat!(").strip_prefix('"');
            let Some((included, _)) = quoted.and_then(|rest| rest.split_once('"')) else { continue };
            let Ok(file) = path.parent().expect("in a folder").join(included).canonicalize() else { continue };
            let inside = file.strip_prefix(root()).expect("of this package").to_path_buf();
            seen += 1;
            let copied = ["migrations", "flows/src", "src"].iter().any(|folder| inside.starts_with(folder));
            assert!(copied, "{}: {} is not in the image", path.display(), inside.display());
        }
    }
    assert!(seen >= 4, "the included files were not found");
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
    let names = services.as_mapping().expect("services").keys().filter_map(Value::as_str);
    let replicas: Vec<String> =
        names.filter(|name| name.starts_with("replica-")).map(|name| format!("{name}:8080")).collect();
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
    install_crypto();
    // The token door is closed without secrets.
    let broker = "[broker]\nsecrets = [{ name = 'calendar', value = 'a-secret-of-the-calendar' }]\nscope = 'calendar'";
    let serving = Serving::start(broker).await;
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
