//! One token request per token life: for all workers, across restarts, and not even when it is refused.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use okta_lineworks::domain::outcome::Cause;
use okta_lineworks::lineworks::{ApiError, MemberApi};
use secrecy::ExposeSecret;
use serde_json::json;

use super::counterpart::{Answer, Client, Counterpart, Fault, Setup, Vault, granted, user};
use super::directory::by_id;

async fn token_of(client: &Client) -> String {
    let token = client.tokens.access_token(client.clock.now()).await.expect("a token");
    token.secret().expose_secret().to_owned()
}

async fn refusal(client: &Client) -> Cause {
    client.tokens.access_token(client.clock.now()).await.expect_err("no token").reason.cause
}

#[tokio::test]
async fn ten_callers_at_once_share_one_request() {
    let works = Counterpart::start().await;
    let client = Setup::default().client(&works);
    let tokens = join_all((0..10).map(|_| token_of(&client))).await;
    assert_eq!(tokens, vec!["token-1"; 10]);
    assert_eq!(works.token_requests().len(), 1);
    assert!(client.tokens.status().last_success.is_some());
}

#[tokio::test]
async fn the_request_is_a_form_with_the_five_documented_fields() {
    let works = Counterpart::start().await;
    Setup { scope: " user  directory ", ..Setup::default() }
        .client(&works)
        .tokens
        .access_token(jiff::Timestamp::UNIX_EPOCH)
        .await
        .expect("a token");
    let request = works.token_requests().remove(0);
    assert_eq!(request.content_type.as_deref(), Some("application/x-www-form-urlencoded"));
    assert!(request.user_agent.is_some_and(|agent| agent.starts_with("okta-lineworks/")));
    let (assertion, rest) = request.body.split_once('&').expect("fields");
    assert_eq!(assertion.trim_start_matches("assertion=").split('.').count(), 3);
    let expected = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&client_id=client-a\
                    &client_secret=s3cr3t%2B%2F%3D&scope=user+directory";
    assert_eq!(rest, expected);
}

#[tokio::test]
async fn a_restart_and_a_replica_take_the_token_from_the_vault() {
    let works = Counterpart::start().await;
    let setup = Setup::default();
    assert_eq!(token_of(&setup.client(&works)).await, "token-1");
    assert_eq!(token_of(&setup.client(&works)).await, "token-1");
    assert_eq!(works.token_requests().len(), 1);
    let sealed = setup.vault.sealed.lock().expect("unpoisoned").clone().expect("kept");
    assert!(!sealed.windows(7).any(|window| window == b"token-1"), "the vault holds no readable token");
}

#[tokio::test]
async fn a_kept_token_for_another_scope_or_a_damaged_one_counts_as_absent() {
    let works = Counterpart::start().await;
    let setup = Setup::default();
    assert_eq!(token_of(&setup.client(&works)).await, "token-1");
    let wider = Setup { scope: "user directory", ..setup.clone() };
    assert_eq!(token_of(&wider.client(&works)).await, "token-2");
    if let Some(sealed) = setup.vault.sealed.lock().expect("unpoisoned").as_mut() {
        sealed[20] ^= 1;
    }
    assert_eq!(token_of(&wider.client(&works)).await, "token-3");
}

#[tokio::test]
async fn a_token_is_renewed_a_margin_before_its_end_whatever_type_its_life_has() {
    for expires_in in [json!("3600"), json!(3600)] {
        let works = Counterpart::start().await;
        works.token_answers([granted(1, expires_in)]);
        let client = Setup::default().client(&works);
        assert_eq!(token_of(&client).await, "token-1");
        client.clock.advance(SignedDuration::from_secs(3600 - 400));
        assert_eq!(token_of(&client).await, "token-1");
        client.clock.advance(SignedDuration::from_secs(60));
        assert_eq!(token_of(&client).await, "token-2");
    }
}

#[tokio::test]
async fn a_refusal_is_shared_too_and_heals_by_itself() {
    let works = Counterpart::start().await;
    let invalid_scope = json!({"error": "invalid_scope", "error_description": "Request scope is not valid."});
    works.token_answers([Answer::new(400, invalid_scope)]);
    let client = Setup::default().client(&works);
    let causes = join_all((0..8).map(|_| refusal(&client))).await;
    assert_eq!(causes, vec![Cause::TokenScopeRefused; 8]);
    assert_eq!(works.token_requests().len(), 1);
    let (_, reason) = client.tokens.status().last_failure.expect("taken note of");
    let said = "token request: invalid_scope: Request scope is not valid. (asked for: user)";
    assert_eq!(reason.detail.as_deref(), Some(said));
    client.clock.advance(SignedDuration::from_secs(6));
    assert_eq!(token_of(&client).await, "token-2");
}

#[tokio::test]
async fn a_failure_is_not_remembered_by_a_clock_that_jumped_back() {
    let works = Counterpart::start().await;
    works.token_answers([Answer::new(503, "")]);
    let client = Setup::default().client(&works);
    assert_eq!(refusal(&client).await, Cause::LineWorksFailing);
    client.clock.advance(SignedDuration::from_hours(-1));
    assert_eq!(token_of(&client).await, "token-2");
}

#[tokio::test]
async fn nonsense_from_the_token_endpoint_waits() {
    let works = Counterpart::start().await;
    let bodies = [
        Answer::new(200, "<html>login</html>"),
        Answer::new(200, ""),
        Answer::new(400, json!({"returnCode": "99", "returnMessage": "UnexpectedError"})),
        Answer::new(200, json!({"access_token": "t", "scope": "x".repeat(2 * 1024 * 1024)})),
        Answer::new(307, "").with("Location", "https://attacker.example/oauth2/v2.0/token"),
    ];
    works.token_answers(bodies);
    let client = Setup::default().client(&works);
    for expected in [
        Cause::LineWorksFailing,
        Cause::LineWorksFailing,
        Cause::UnexpectedError,
        Cause::LineWorksFailing,
        Cause::Redirected,
    ] {
        let error = client.directory.find(&by_id(), &client.gate).await.expect_err("no token");
        assert!(matches!(error, ApiError::TryLater { reason, .. } if reason.cause == expected));
        client.clock.advance(SignedDuration::from_secs(6));
    }
    assert!(client.gate.passed.lock().expect("unpoisoned").is_empty(), "no slot is spent without a token");
}

#[tokio::test]
async fn a_vault_that_fails_does_not_stop_work() {
    let works = Counterpart::start().await;
    let vault = Vault::with(Fault::Fails);
    let client = Setup { vault, ..Setup::default() }.client(&works);
    assert_eq!(token_of(&client).await, "token-1");
    assert_eq!(token_of(&client).await, "token-1");
    assert_eq!(works.token_requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_hangs_does_not_stop_work_either() {
    let works = Counterpart::start().await;
    let client = Setup { vault: Vault::with(Fault::Hangs), ..Setup::default() }.client(&works);
    // Time runs by itself here, so the request's own time-out may come before its answer; that it is made counts.
    let started = tokio::time::Instant::now();
    let _whichever = client.tokens.access_token(client.clock.now()).await;
    assert!(started.elapsed() < std::time::Duration::from_secs(30));
}

#[tokio::test]
async fn a_token_endpoint_that_does_not_answer_is_waited_for_only_so_long() {
    let works = Counterpart::start().await;
    works.token_answers([Answer::never()]);
    let client = Setup { patience: std::time::Duration::from_millis(300), ..Setup::default() }.client(&works);
    let causes = join_all((0..8).map(|_| refusal(&client))).await;
    assert_eq!(causes, vec![Cause::LineWorksUnreachable; 8]);
    assert_eq!(works.token_requests().len(), 1, "those who waited share the failure");
}

#[tokio::test]
async fn a_rejected_token_does_not_come_back_from_a_vault_that_could_not_forget_it() {
    let works = Counterpart::start().await;
    let setup = Setup::default();
    let client = setup.client(&works);
    assert_eq!(token_of(&client).await, "token-1");
    *setup.vault.fault.lock().expect("unpoisoned") = Fault::FailsToStore;
    assert!(client.tokens.drop_if_current(1).await);
    assert_eq!(token_of(&client).await, "token-2");
}

#[tokio::test]
async fn a_401_takes_one_new_token_and_succeeds() {
    let works = Counterpart::start().await;
    works.answers([Answer::error(401, "UNAUTHORIZED", "Expired"), Answer::new(200, user("user-1", "k"))]);
    let setup = Setup::default();
    let client = setup.client(&works);
    assert!(client.directory.find(&by_id(), &client.gate).await.expect("found").is_some());
    assert_eq!(works.bearers(), ["token-1", "token-2"]);
    let statuses: Vec<_> = client.gate.calls().into_iter().map(|(call, _)| call.status).collect();
    assert_eq!(statuses, [Some(401), Some(200)], "both calls pass the gate and are reported");
    assert_eq!(token_of(&setup.client(&works)).await, "token-2", "the vault has the new one");
}

#[tokio::test]
async fn a_second_401_waits_and_the_next_call_does_not_ask_for_a_third_token() {
    let works = Counterpart::start().await;
    works.answers((0..2).map(|_| Answer::error(401, "UNAUTHORIZED", "Expired")));
    let client = Setup::default().client(&works);
    for _ in 0..2 {
        let error = client.directory.find(&by_id(), &client.gate).await.expect_err("rejected");
        assert!(matches!(error, ApiError::TryLater { reason, .. } if reason.cause == Cause::TokenRejected));
    }
    assert_eq!((works.seen().len(), works.token_requests().len()), (2, 2));
}

#[tokio::test]
async fn only_the_token_that_was_rejected_is_dropped() {
    let works = Counterpart::start().await;
    let client = Setup::default().client(&works);
    let old = client.tokens.access_token(client.clock.now()).await.expect("a token");
    assert!(client.tokens.drop_if_current(old.generation()).await);
    assert_eq!(token_of(&client).await, "token-2");
    assert!(!client.tokens.drop_if_current(old.generation()).await, "a late 401 of the old one changes nothing");
    assert_eq!(token_of(&client).await, "token-2");
}

#[tokio::test]
async fn a_rejected_token_gives_way_to_the_one_another_replica_stored() {
    let works = Counterpart::start().await;
    let setup = Setup::default();
    let (here, there) = (setup.client(&works), setup.client(&works));
    let (old, _) = (here.tokens.access_token(here.clock.now()).await.expect("a token"), token_of(&there).await);
    assert!(there.tokens.drop_if_current(1).await);
    assert_eq!(token_of(&there).await, "token-2");
    assert!(here.tokens.drop_if_current(old.generation()).await);
    assert_eq!(token_of(&here).await, "token-2", "taken from the vault");
    assert_eq!(works.token_requests().len(), 2);
}

#[tokio::test]
async fn a_403_drops_a_token_from_before_the_start_once() {
    let works = Counterpart::start().await;
    let setup = Setup::default();
    assert_eq!(token_of(&setup.client(&works)).await, "token-1");
    setup.clock.advance(SignedDuration::from_secs(60));
    let restarted = setup.client(&works);
    works.answers((0..3).map(|_| Answer::error(403, "FORBIDDEN", "Not allowed api")));
    for _ in 0..2 {
        let error = restarted.directory.find(&by_id(), &restarted.gate).await.expect_err("forbidden");
        let ApiError::Refused(reason) = error else { panic!("refused, not {error:?}") };
        assert_eq!(
            (reason.cause, reason.detail.as_deref()),
            (Cause::AccountNotAllowed, Some("FORBIDDEN: Not allowed api"))
        );
    }
    assert_eq!(works.bearers(), ["token-1", "token-2", "token-2"]);
}

/// A vault other replicas use too, in which the turn to ask can be had so often.
fn of_replicas(turns: u32) -> Setup {
    let setup = Setup { patience: Duration::from_millis(300), ..Setup::default() };
    *setup.vault.turns.lock().expect("unpoisoned") = Some(turns);
    setup
}

#[tokio::test]
async fn while_a_shared_ledger_is_away_nobody_asks_for_a_token_of_their_own() {
    let works = Counterpart::start().await;
    let setup = of_replicas(9);
    *setup.vault.fault.lock().expect("unpoisoned") = Fault::Fails;
    let client = setup.client(&works);
    assert_eq!(refusal(&client).await, Cause::LedgerUnavailable);
    assert_eq!(works.token_requests().len(), 0);
    *setup.vault.fault.lock().expect("unpoisoned") = Fault::None;
    assert_eq!(token_of(&client).await, "token-1", "and at once when it is back");
}

#[tokio::test]
async fn whoever_waits_for_another_replica_waits_no_longer_than_for_an_answer() {
    let works = Counterpart::start().await;
    let setup = of_replicas(0);
    let client = setup.client(&works);
    let causes = join_all((0..8).map(|_| refusal(&client))).await;
    assert_eq!(causes, vec![Cause::LineWorksUnreachable; 8]);
    assert_eq!(works.token_requests().len(), 0);
    *setup.vault.turns.lock().expect("unpoisoned") = Some(9);
    assert_eq!(token_of(&client).await, "token-1");
}

#[tokio::test]
async fn a_token_that_came_after_the_turn_was_lost_is_not_put_over_a_newer_one() {
    let works = Counterpart::start().await;
    let setup = of_replicas(1);
    assert_eq!(token_of(&setup.client(&works)).await, "token-1", "it is of use all the same");
    assert!(setup.vault.sealed.lock().expect("unpoisoned").is_none());
}
