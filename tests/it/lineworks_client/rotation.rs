//! Credentials that change under a token cache: what is asked, in which order, and what a restart finds.

use std::sync::{Arc, Mutex};

use okta_lineworks::clock::Clock;
use okta_lineworks::domain::outcome::Cause;
use okta_lineworks::lineworks::credentials::{AppCredentials, Credentials, Given};
use okta_lineworks::lineworks::token::{TokenCache, TokenSettings};
use okta_lineworks::lineworks::{http_client, rotation};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::counterpart::{Answer, Counterpart, Vault, another_key, private_key};

/// A file as the configuration reads it again.
type File = Arc<Mutex<Result<SecretString, String>>>;

fn in_file(secret: SecretString) -> (File, Given) {
    let file: File = Arc::new(Mutex::new(Ok(secret.clone())));
    let read = Arc::clone(&file);
    let read_again = move || Some(read.lock().expect("unpoisoned").clone());
    (file, Given { secret, read_again: Some(Box::new(read_again)) })
}

fn credentials(key: SecretString, secret: &str) -> (Arc<Credentials>, File, File) {
    let ((key_file, private_key), (secret_file, client_secret)) = (in_file(key), in_file(secret.into()));
    let given = AppCredentials {
        client_id: "client-a".into(),
        service_account: "ab12c.serviceaccount@example.jp".into(),
        client_secret,
        other_client_secret: None,
        private_key,
        other_private_key: None,
    };
    (Arc::new(Credentials::new(given).expect("usable")), key_file, secret_file)
}

fn cache(works: &Counterpart, vault: &Arc<Vault>, credentials: &Arc<Credentials>) -> TokenCache {
    // Fails only when another test of this binary was faster.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let settings = TokenSettings {
        auth_url: works.url.parse().expect("a URL"),
        scope: "user".into(),
        timeout: std::time::Duration::from_secs(10),
        purpose: "service",
        metrics: Arc::default(),
    };
    TokenCache::new(settings, Arc::clone(credentials), Some(vault.clone()), http_client().expect("a client"))
}

async fn token_of(cache: &TokenCache) -> String {
    let token = cache.access_token(Clock::system().now()).await.expect("a token");
    token.secret().expose_secret().to_owned()
}

/// The client secret of every token request.
fn secrets_shown(works: &Counterpart) -> Vec<String> {
    let shown = |body: &str| Some(body.split_once("client_secret=")?.1.split('&').next()?.to_owned());
    works.token_requests().iter().filter_map(|request| shown(&request.body)).collect()
}

fn refusal() -> Answer {
    Answer::new(401, json!({"error": "invalid_client", "error_description": "no"}))
}

#[tokio::test]
async fn after_a_change_of_keys_a_restart_with_the_new_one_alone_finds_the_token() {
    let (works, vault) = (Counterpart::start().await, Arc::default());
    let (credentials, key_file, _) = credentials(private_key(), "one");
    let tokens = cache(&works, &vault, &credentials);
    assert_eq!(token_of(&tokens).await, "token-1");
    *key_file.lock().expect("unpoisoned") = Ok(another_key());
    assert!(credentials.look_again() && !credentials.look_again(), "a change is one change");
    tokens.seal_anew().await;
    let (after_restart, ..) = self::credentials(another_key(), "one");
    assert_eq!(token_of(&cache(&works, &vault, &after_restart)).await, "token-1");
    let (with_the_old, ..) = self::credentials(private_key(), "one");
    assert_eq!(token_of(&cache(&works, &vault, &with_the_old)).await, "token-2");
}

#[tokio::test]
async fn what_was_sealed_with_the_former_key_still_opens_while_that_one_is_known() {
    let (works, vault) = (Counterpart::start().await, Arc::default());
    let (first, ..) = credentials(private_key(), "one");
    assert_eq!(token_of(&cache(&works, &vault, &first)).await, "token-1");
    let (second, key_file, _) = credentials(private_key(), "one");
    *key_file.lock().expect("unpoisoned") = Ok(another_key());
    assert!(second.look_again());
    assert_eq!(token_of(&cache(&works, &vault, &second)).await, "token-1");
}

#[tokio::test]
async fn a_refused_secret_gives_way_to_the_former_one_in_the_same_round_and_stays_behind_it() {
    let works = Counterpart::start().await;
    let (credentials, _, secret_file) = credentials(private_key(), "one");
    *secret_file.lock().expect("unpoisoned") = Ok("two".into());
    assert!(credentials.look_again());
    works.token_answers([refusal()]);
    let tokens = cache(&works, &Arc::default(), &credentials);
    assert_eq!(token_of(&tokens).await, "token-2");
    assert!(tokens.drop_if_current(1).await);
    assert_eq!(token_of(&tokens).await, "token-3");
    assert_eq!(secrets_shown(&works), ["two", "one", "one"]);
}

#[tokio::test]
async fn a_file_that_changed_unnoticed_is_read_before_a_refusal_is_believed() {
    let works = Counterpart::start().await;
    let (credentials, _, secret_file) = credentials(private_key(), "one");
    *secret_file.lock().expect("unpoisoned") = Ok("two".into());
    works.token_answers([refusal()]);
    assert_eq!(token_of(&cache(&works, &Arc::default(), &credentials)).await, "token-2");
    assert_eq!(secrets_shown(&works), ["one", "two"]);
}

#[tokio::test]
async fn other_credentials_are_not_tried_for_what_is_no_refusal_of_them() {
    let scope = json!({"error": "invalid_scope", "error_description": "Request scope is not valid."});
    for (answer, cause) in [
        (Answer::new(400, scope), Cause::TokenScopeRefused),
        (Answer::new(503, ""), Cause::LineWorksFailing),
        (Answer::new(429, ""), Cause::RateLimited),
    ] {
        let works = Counterpart::start().await;
        let (credentials, _, secret_file) = credentials(private_key(), "one");
        *secret_file.lock().expect("unpoisoned") = Ok("two".into());
        assert!(credentials.look_again());
        works.token_answers([answer]);
        let tokens = cache(&works, &Arc::default(), &credentials);
        let error = tokens.access_token(Clock::system().now()).await.expect_err("no token");
        assert_eq!((error.reason.cause, works.token_requests().len()), (cause, 1));
    }
}

#[tokio::test]
async fn a_refusal_without_a_word_is_one_of_the_credentials_too() {
    for refusal in [json!({"returnCode": "99", "returnMessage": "UnexpectedError"}), json!({})] {
        let works = Counterpart::start().await;
        let (credentials, _, secret_file) = credentials(private_key(), "one");
        *secret_file.lock().expect("unpoisoned") = Ok("two".into());
        assert!(credentials.look_again());
        works.token_answers([Answer::new(400, refusal)]);
        assert_eq!(token_of(&cache(&works, &Arc::default(), &credentials)).await, "token-2");
    }
}

#[tokio::test(start_paused = true)]
async fn the_files_are_looked_at_every_few_seconds_until_the_service_stops() {
    let (credentials, _, secret_file) = credentials(private_key(), "one");
    let (clock, stopping) = (Clock::system(), CancellationToken::new());
    let watched = rotation::watch_until(Arc::clone(&credentials), Vec::new(), clock, stopping.clone());
    let watching = tokio::spawn(watched);
    *secret_file.lock().expect("unpoisoned") = Ok("two".into());
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(!credentials.look_again(), "it was taken over by itself");
    stopping.cancel();
    watching.await.expect("ends");
}

#[test]
fn a_broken_file_leaves_one_line_that_says_what_to_do_and_none_of_its_text() {
    let (credentials, key_file, secret_file) = credentials(private_key(), "one");
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        *key_file.lock().expect("unpoisoned") = Ok("-----BEGIN PRIVATE KEY-----\nMARKER".into());
        *secret_file.lock().expect("unpoisoned") = Err("the file /s is empty: put the secret into it".into());
        assert!(!credentials.look_again() && !credentials.look_again());
        *secret_file.lock().expect("unpoisoned") = Ok("marker-two".into());
        assert!(credentials.look_again());
    });
    let text = log.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines.iter().any(|line| line.contains("lineworks.client_secret") && line.contains("put the secret into it"))
    );
    assert!(lines.iter().any(|line| line.contains("lineworks.private_key") && line.contains("is not a PEM")));
    assert!(lines[2].contains("taken over"), "{text}");
    assert!(!text.to_lowercase().contains("marker"), "{text}");
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("unpoisoned").clone()).expect("UTF-8")
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("unpoisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Log;

    fn make_writer(&self) -> Log {
        self.clone()
    }
}
