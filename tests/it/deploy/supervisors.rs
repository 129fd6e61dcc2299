//! deploy/kubernetes and deploy/systemd.

use std::collections::BTreeMap;

use okta_lineworks::config::LedgerUrl;

use super::{configuration_of_pods, outlasts, pod, secret_files, span, text, yaml};
use crate::papers::{keys, read, root};
use crate::support::program::run;

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
