//! What runs the service elsewhere (docker-compose.yml, Dockerfile, deploy/) is held against the program: commands are
//! run, configurations are loaded, and every name, port, path and time in these files is one of the program's.
//!
//! How the whole topology behaves under restarts is what deploy/rehearsal.sh shows, which needs Caddy.

mod containers;
mod supervisors;

use std::fs;
use std::path::Path;
use std::time::Duration;

use okta_lineworks::config::{self, Config, Sources};
use serde::Deserialize;
use serde_norway::Value;

use crate::papers::{keys, read, root};
use crate::support::install_crypto;

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
