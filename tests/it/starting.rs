//! How the real program starts, and how it says why it does not: the exit code, and a text that names what to change.

use std::net::TcpListener;

use crate::support::process::{Finished, Site};

fn refuses(finished: &Finished, code: i32, texts: &[&str]) {
    assert_eq!(finished.code, Some(code), "{}", finished.said);
    for text in texts {
        assert!(finished.said.contains(text), "{text:?} is not in: {}", finished.said);
    }
    assert!(!finished.said.contains("panicked"), "{}", finished.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("is bound").to_string();
    let site = Site::new().await;
    let finished = site.run(&["serve", "--listen", &address]);
    refuses(&finished, 1, &["server.listen: cannot listen on", &address]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_in_use_is_named_and_left_alone() {
    let site = Site::new().await;
    let first = site.start().await;
    let finished = site.run(&["serve"]);
    refuses(&finished, 1, &["ledger.db is in use by another okta-lineworks", "ledger.url"]);
    assert_eq!(site.look(&first, "/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_ledger_folder_is_named_by_serve_and_by_check() {
    let site = Site::new().await;
    site.configure("[ledger]\nurl = 'sqlite:/nowhere/at/all/ledger.db'");
    refuses(&site.run(&["serve"]), 1, &["/nowhere/at/all/ledger.db cannot be opened", "No such file or directory"]);
    refuses(&site.run(&["check"]), 2, &["ledger.url", "the folder /nowhere/at/all does not exist; make it"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_s_ledger_is_not_used_for_real() {
    let site = Site::new().await;
    let mut rehearsal = site.spawn_with(&["--sandbox", "--sandbox-listen", "127.0.0.1:0"]);
    rehearsal.wait_until_it_serves(&site.http, "http").await;
    assert_eq!(rehearsal.stop().await, Some(0));
    let texts = ["was used against the sandbox, and this run is against LINE WORKS", "choose another `ledger.url`"];
    refuses(&site.run(&["serve"]), 1, &texts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_ledger_is_not_used_for_a_rehearsal() {
    let site = Site::new().await;
    let program = site.start().await;
    assert_eq!(program.stop().await, Some(0));
    let finished = site.run(&["serve", "--sandbox", "--sandbox-listen", "127.0.0.1:0"]);
    refuses(&finished, 1, &["was used against LINE WORKS, and this run is against the sandbox"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_a_wrong_key_and_the_right_one() {
    let site = Site::new().await;
    refuses(&site.run(&["check"]), 0, &["everything that can be checked from here is right"]);
    site.configure("[unassign]\ndelet_after = '7d'");
    refuses(&site.run(&["check"]), 2, &["unassign.delet_after", "delete_after"]);
    refuses(&site.run(&["serve"]), 2, &["unassign.delet_after", "delete_after"]);
    let said = site.run(&["check"]).said;
    assert_eq!(said.matches("unassign.delet_after").count(), 1, "said once: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_asks_line_works_for_a_token() {
    let site = Site::new().await;
    refuses(&site.run(&["check", "--contact"]), 0, &["LINE WORKS gave an access token"]);
    site.configure("[lineworks]\nclient_secret = 'not-the-secret-of-this-client'");
    refuses(&site.run(&["check"]), 0, &[]);
    let finished = site.run(&["check", "--contact"]);
    refuses(&finished, 2, &["wrong:", "The client secret is wrong"]);
    assert!(!finished.said.contains("not-the-secret-of-this-client"), "a secret was printed: {}", finished.said);
}

const SUSPEND: &str = "[unassign]\npolicy = 'suspend'";

#[tokio::test(flavor = "multi_thread")]
async fn check_asks_scim_and_says_how_long_its_token_lives() {
    let site = Site::new().await;
    site.configure_scim_alone(&site.scim_token(), SUSPEND);
    let finished = site.run(&["check", "--contact"]);
    refuses(&finished, 0, &["LINE WORKS accepts the SCIM token, good until", "days left"]);
    assert!(!finished.said.contains("access token"), "SCIM alone has none: {}", finished.said);
    site.configure_scim_alone("not-the-token-of-this-tenant", SUSPEND);
    refuses(&site.run(&["check"]), 0, &[]);
    let finished = site.run(&["check", "--contact"]);
    refuses(&finished, 2, &["wrong:", "LINE WORKS does not accept the SCIM token", "Developer Console"]);
    assert!(!finished.said.contains("not-the-token"), "a secret was printed: {}", finished.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn scim_alone_with_a_policy_that_deletes_is_refused_with_the_two_ways_out() {
    let site = Site::new().await;
    for policy in ["", "[unassign]\npolicy = 'delete'", "[unassign]\npolicy = 'suspend'\nallow_call_policy = true"] {
        site.configure_scim_alone(&site.scim_token(), policy);
        let texts = ["unassign.", "the SCIM API cannot do", "policy = \"suspend\"", "lineworks.client_id"];
        refuses(&site.run(&["check"]), 2, &texts);
        refuses(&site.run(&["serve"]), 2, &texts);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_with_scim_needs_no_token_of_its_own() {
    let site = Site::new().await;
    std::fs::write(site.file(), format!("[lineworks]\nbackend = 'scim'\n{SUSPEND}\n[log]\nformat = 'json'\n"))
        .expect("the folder is ours");
    let ledger = format!("sqlite:{}", site.ledger().display());
    let arguments =
        ["--sandbox", "--sandbox-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--ledger", ledger.as_str()];
    let mut program = site.spawn_with(&arguments);
    program.wait_until_it_serves(&site.http, "http").await;
    let user = serde_json::json!({"user": crate::support::user(1)});
    let card = site.http.put(format!("{}/v1/assignments/00uTARO", program.url)).bearer_auth("sandbox-card");
    let answer = card.json(&user).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap_or_default());
    assert_eq!(program.stop().await, Some(0));
}

/// A certificate for this machine, and its key, as PEM files in the site's folder.
fn certificate(site: &Site) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).expect("made");
    let file = |name: &str| site.folder().join(name).display().to_string();
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).expect("the folder is ours");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("the folder is ours");
    (certificate, key)
}

fn tls(certificate: &str, key: &str) -> String {
    format!("[server]\ntls_certificate = '{certificate}'\ntls_key = '{key}'")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_speaks_tls_with_a_certificate_of_its_own() {
    let site = Site::new().await;
    let (certificate, key) = certificate(&site);
    site.configure(&tls(&certificate, &key));
    let pem = std::fs::read(&certificate).expect("was written");
    let trusted = reqwest::Certificate::from_pem(&pem).expect("a certificate");
    let http = reqwest::Client::builder().tls_certs_only([trusted]).build().expect("a client");
    let mut program = site.spawn();
    program.wait_until_it_serves(&http, "https").await;
    assert_eq!(http.get(format!("{}/readyz", program.url)).send().await.expect("an answer").status(), 200);
    assert!(site.http.get(format!("{}/livez", program.url)).send().await.is_err(), "nobody else trusts it");
    let listens = program.url.trim_start_matches("https://").to_owned();
    refuses(&site.run(&["health", "--listen", &listens]), 0, &["\"status\":\"ready\""]);
    let elsewhere = site.run(&["health", "--url", &program.url]);
    refuses(&elsewhere, 1, &["the service does not answer"]);
    assert_eq!(program.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_cannot_be_used_is_named() {
    let site = Site::new().await;
    let (certificate, key) = certificate(&site);
    let other = rcgen::KeyPair::generate().expect("made").serialize_pem();
    let wrong = site.folder().join("other.pem").display().to_string();
    std::fs::write(&wrong, other).expect("the folder is ours");
    let keys = "server.tls_certificate, server.tls_key";
    for (certificate, key, said) in [
        (&certificate, &wrong, "do not fit"),
        (&certificate, &certificate, "certificate.pem cannot be used"),
        (&key, &key, "key.pem cannot be used"),
        (&certificate, &"/nowhere.pem".to_owned(), "/nowhere.pem"),
    ] {
        site.configure(&tls(certificate, key));
        refuses(&site.run(&["serve"]), 1, &[keys, said]);
        refuses(&site.run(&["check"]), 2, &[keys, said]);
    }
}
