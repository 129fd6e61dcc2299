//! The private key and the client secret are replaced while calls go on, and not one of them fails.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestApp, user};

const KEY: &str = "private-key.pem";
const SECRET: &str = "client-secret";

/// The service with its key and its secret in files, and these lines more in `[lineworks]`.
async fn with_files(more: &str) -> TestApp {
    let mut app = TestApp::start().await;
    let issued = app.http.get(format!("{}/_sandbox/credentials", app.sandbox_url)).send().await.expect("an answer");
    let issued: Value = issued.json().await.expect("JSON");
    put(&app, KEY, &issued["privateKey"]);
    put(&app, SECRET, &issued["clientSecret"]);
    let folder = app.folder().display().to_string();
    let settings = format!(
        "[lineworks]\nauth_url = '{url}'\napi_url = '{url}'\ncall_timeout = '5s'\n\
         private_key = {{ file = '{folder}/{KEY}' }}\nclient_secret = {{ file = '{folder}/{SECRET}' }}\n{}",
        more.replace("FOLDER", &folder),
        url = app.sandbox_url,
    );
    app.restart_with(&settings).await;
    app
}

fn put(app: &TestApp, file: &str, text: &Value) {
    fs::write(app.folder().join(file), text.as_str().expect("a text")).expect("the folder is ours");
}

/// What the Developer Console shows after a new one was issued; the old one ends.
async fn reissue(app: &TestApp, what: &str) -> Value {
    let mut answer = app.sandbox("credentials", json!({"reissue": what})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body[what].take()
}

async fn assign(app: &TestApp, n: u32) {
    let person = format!("00uPERSON{n}");
    let answer = app.assign(&person, user(n)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let row = app.row(&person).await;
    assert_eq!(row["history"]["attempts"].as_array().map(Vec::len), Some(1), "no attempt failed: {row:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_replaced_in_its_file_is_used_from_the_next_token_on() {
    let app = with_files("").await;
    assign(&app, 1).await;
    let key = reissue(&app, "privateKey").await;
    put(&app, KEY, &key);
    assign(&app, 2).await;
    assert_eq!(app.token_requests().await, 1, "the token at hand stays in use");
    app.sandbox("tokens/kill", json!({})).await;
    assign(&app, 3).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_are_replaced_while_calls_go_on_and_none_fails() {
    let app = with_files("").await;
    assign(&app, 0).await;
    let (changed, done) = (AtomicBool::new(false), AtomicU32::new(0));
    let calls = async {
        for n in 1.. {
            assign(&app, n).await;
            done.store(n, Ordering::Relaxed);
            if changed.load(Ordering::Relaxed) {
                return;
            }
        }
    };
    let changes = async {
        for (what, file) in [("privateKey", KEY), ("clientSecret", SECRET), ("privateKey", KEY)] {
            let new = reissue(&app, what).await;
            put(&app, file, &new);
            let before = app.token_requests().await;
            app.sandbox("tokens/kill", json!({})).await;
            // A person who met the change is through before the next one: two ended tokens in one call are another test.
            let at_work = done.load(Ordering::Relaxed) + 1;
            while app.token_requests().await == before || done.load(Ordering::Relaxed) <= at_work {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        changed.store(true, Ordering::Relaxed);
    };
    tokio::join!(calls, changes);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_key_and_secret_help_while_only_they_are_known_and_go_first_then() {
    let more = "other_private_key = { file = 'FOLDER/private-key.pem' }\n\
                other_client_secret = { file = 'FOLDER/client-secret' }";
    let mut app = with_files(more).await;
    // What LINE WORKS does not know stands where the newest belongs.
    let (key, secret) = (reissue(&app, "privateKey").await, reissue(&app, "clientSecret").await);
    put(&app, "other-key.pem", &key);
    put(&app, "other-secret", &secret);
    let folder = app.folder().display().to_string();
    let settings = format!(
        "[lineworks]\nauth_url = '{url}'\napi_url = '{url}'\ncall_timeout = '5s'\n\
         private_key = {{ file = '{folder}/{KEY}' }}\nclient_secret = {{ file = '{folder}/{SECRET}' }}\n\
         other_private_key = {{ file = '{folder}/other-key.pem' }}\n\
         other_client_secret = {{ file = '{folder}/other-secret' }}",
        url = app.sandbox_url,
    );
    app.restart_with(&settings).await;
    assign(&app, 1).await;
    assert_eq!(app.token_requests().await, 4, "every pair, in one round");
    app.sandbox("tokens/kill", json!({})).await;
    assign(&app, 2).await;
    assert_eq!(app.token_requests().await, 5, "the pair that was accepted goes first");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_changes_nothing() {
    let app = with_files("").await;
    put(&app, KEY, &json!("-----BEGIN PRIVATE KEY-----\ncut off"));
    put(&app, SECRET, &json!("\n"));
    app.advance(Duration::from_secs(1)).await;
    assign(&app, 1).await;
    app.sandbox("tokens/kill", json!({})).await;
    assign(&app, 2).await;
    assert_eq!(app.token_requests().await, 2, "nothing was refused");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_all_refused_are_asked_about_once_each_and_heal_by_themselves() {
    let app = with_files("").await;
    let secret = reissue(&app, "clientSecret").await;
    app.put_without_waiting("00uA", json!({ "user": user(1) })).await;
    let row = app.row_in("00uA", "waiting").await;
    assert_eq!(row["reason"]["code"], "token_client_refused");
    assert_eq!(app.token_requests().await, 1);
    put(&app, SECRET, &secret);
    app.advance(Duration::from_secs(61)).await;
    app.row_in("00uA", "settled").await;
    app.finish().await;
}
