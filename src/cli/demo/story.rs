//! The story: somebody gets the app and loses it again, through the event hook, a card and catch-up.

use std::time::Instant;

use anyhow::bail;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

use super::print::{has, repeat, said, step};
use super::stage::Stage;
use super::{CATCH_UP_EVERY, DELETE_AFTER};

const TARO: &str = "00uTARO0001demo";
const HANAKO: &str = "00uHANAKO02demo";

impl Stage {
    pub(super) async fn show(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        println!("okta-lineworks {}: a person gets a LINE WORKS account and loses it again", env!("CARGO_PKG_VERSION"));
        println!("  the service                       {}", self.service);
        println!("  a fake Okta, a fake LINE WORKS    {}   (strict: refuses whatever breaks a rule)", self.sandbox);
        if self.scim {
            println!(
                "  LINE WORKS is kept                through SCIM; org unit and deletion through the Directory API"
            );
        }
        self.catch_up_runs().await?;
        self.set_up_hook().await?;
        self.assigned().await?;
        self.assigned_by_card().await?;
        let (lost, at) = self.unassigned_unheard().await?;
        self.found(&lost, at).await?;
        self.deleted().await?;
        self.figures(begun).await
    }

    async fn assigned(&self) -> anyhow::Result<()> {
        step(1, "山田 太郎 gets the LINE WORKS app in Okta; the event hook says so", "アプリの割り当て");
        let person = json!({
            "id": TARO, "login": "taro.yamada@sandbox.example",
            "profile": {"lastName": "山田", "firstName": "太郎", "employeeNumber": "E-0001"},
            "assign": {"profile": {
                "phoneticLastName": "やまだ", "phoneticFirstName": "たろう", "department": "eng",
            }},
        });
        self.in_okta(Method::POST, "users", &person).await?;
        let event = self.newest("application.user_membership.add").await?;
        self.delivery(&event, "delivered", "(Okta's delivery: it says who, and no more; stored, then answered)")
            .await?;
        self.last_reading(TARO, "(the service asks Okta; the mapping turns やまだ into ヤマダ)").await?;
        has(&self.member(TARO, is_active).await?);
        let other = json!({
            "login": "jiro.yamada@sandbox.example", "profile": {"lastName": "山田", "firstName": "次郎"},
            "assign": {"profile": person["assign"]["profile"]},
        });
        repeat(&[format!("curl -sS -X POST {}/users -d '{other}'", self.okta())]);
        Ok(())
    }

    async fn assigned_by_card(&self) -> anyhow::Result<()> {
        step(2, "佐藤 花子 gets it, too; a Workflows card says so, signed, before the hook does", "Workflows カード");
        self.in_okta(Method::POST, "hook/pause", &json!({"lose": false})).await?;
        let person = json!({
            "id": HANAKO, "login": "hanako.sato@sandbox.example", "profile": {"lastName": "佐藤", "firstName": "花子"},
            "assign": {"profile": {"phoneticLastName": "さとう", "phoneticFirstName": "はなこ", "department": "sales"}},
        });
        self.in_okta(Method::POST, "users", &person).await?;
        let event = self.newest("application.user_membership.add").await?;
        let target = format!("/v1/assignments/{HANAKO}");
        let body = json!({"eventId": event["uuid"], "occurredAt": event["published"]}).to_string();
        let timestamp = self.clock.now().to_string();
        let request = self.http.put(format!("{}{target}", self.service)).header("X-Timestamp", &timestamp);
        let request = request.header("X-Signature", signature(&timestamp, "PUT", &target, &body)).body(body);
        let response = request.send().await?;
        let (status, answer): (StatusCode, Value) = (response.status(), response.json().await?);
        let state = answer["state"].as_str().unwrap_or_default();
        said(&format!("PUT {target}"), &format!("{status}, {state}"), "(the card waited for LINE WORKS)");
        if status != StatusCode::OK {
            bail!("the assignment should be answered with 200, not {status}: {answer:#}");
        }
        has(&self.member(HANAKO, is_active).await?);
        self.in_okta(Method::POST, "hook/resume", &Value::Null).await?;
        self.delivery(&event, "delivered", "(the same event by the hook: known by its UUID, it counts once)").await?;
        let told = self.told(HANAKO, &event).await?;
        if told["timesSeen"].as_u64() < Some(2) {
            bail!("the hook's copy should be known: {told:#}");
        }
        let address = format!("{}{target}", self.service);
        repeat(&[
            "body='{}'; ts=$(date -u +%Y-%m-%dT%H:%M:%SZ)".to_owned(),
            format!(
                "sig=$(printf '%s' \"$ts PUT {target} $body\" | openssl dgst -sha256 -hmac sandbox-signing -r | cut -d' ' -f1)"
            ),
            format!("curl -sS -X PUT {address} -H \"X-Timestamp: $ts\" -H \"X-Signature: v1=$sig\" -d \"$body\""),
        ]);
        Ok(())
    }

    /// The event that was lost, and when.
    async fn unassigned_unheard(&self) -> anyhow::Result<(Value, Instant)> {
        step(
            3,
            "the event hook is down; 太郎 loses the app, and nobody hears of it",
            "イベントフックの停止と割り当て解除",
        );
        self.in_okta(Method::POST, "hook/pause", &json!({"lose": true})).await?;
        let path = format!("apps/0oaSANDBOX/users/{TARO}");
        self.in_okta(Method::DELETE, &path, &Value::Null).await?;
        let lost_at = Instant::now();
        let event = self.newest("application.user_membership.remove").await?;
        self.delivery(&event, "lost", "by the hook (Okta tries twice within seconds, then never again)").await?;
        has(&self.member(TARO, is_active).await?);
        let okta = self.okta();
        repeat(&[
            format!("curl -sS -X POST {okta}/hook/pause -d '{{\"lose\": true}}'"),
            format!("curl -sS -X DELETE {okta}/apps/0oaSANDBOX/users/{HANAKO}"),
            format!("curl -sS -X POST {okta}/hook/resume"),
        ]);
        Ok((event, lost_at))
    }

    async fn found(&self, event: &Value, lost_at: Instant) -> anyhow::Result<()> {
        let every = CATCH_UP_EVERY.as_secs();
        step(4, "catch-up finds it in Okta's System Log; the member is suspended", "取りこぼしの検出と一時停止");
        let member = self.member(TARO, |member| member["isSuspended"] == true).await?;
        let took = lost_at.elapsed().as_secs_f64();
        println!("  {took:.1} s after it was lost (the log is read every {every} s here, every 5 minutes in earnest)");
        let told = self.told(TARO, event).await?;
        if told["source"] != "system_log" {
            bail!("the System Log should have told of it: {told:#}");
        }
        println!("  the history says: unassigned, source system_log: {}", told["note"].as_str().unwrap_or_default());
        self.last_reading(TARO, "(asked again right before: nobody is suspended on an event's word)").await?;
        has(&member);
        self.in_okta(Method::POST, "hook/resume", &Value::Null).await?;
        println!("  see for yourself:");
        println!("    curl -sS {}/v1/assignments/{TARO} -H 'Authorization: Bearer sandbox-admin'", self.service);
        println!("    curl -sS {}/log", self.okta());
        Ok(())
    }

    async fn deleted(&self) -> anyhow::Result<()> {
        let seconds = DELETE_AFTER.as_secs();
        step(5, &format!("after {seconds} seconds (7 days in earnest) the member is deleted"), "猶予期間後の削除");
        has(&self.member(TARO, |member| member["isDeleted"] == true).await?);
        println!("  (assigned again before then, the member would have been resumed as it was)");
        println!("  see for yourself:");
        println!("    curl -sS {}/_sandbox/members", self.sandbox);
        Ok(())
    }

    async fn figures(&self, begun: Instant) -> anyhow::Result<()> {
        let (stats, okta) = (self.sandbox("stats").await?, self.sandbox("okta/stats").await?);
        let (found, late) =
            (self.counted("events_found_by_catch_up_total").await?, self.counted("events_late_total").await?);
        // What the hook or the card brought after all was not lost.
        let lost = found.saturating_sub(late);
        let calls = |name: &str| stats["requests"][name].as_u64().unwrap_or_default();
        let lineworks = stats["requests"].as_object().into_iter().flatten();
        let lineworks: serde_json::Map<_, _> = lineworks
            .filter(|(name, _)| !name.starts_with("okta."))
            .map(|(name, n)| (name.clone(), n.clone()))
            .collect();
        println!("\nFigures");
        println!("  token requests: {} (LINE WORKS), {} (Okta)", stats["tokenRequests"], calls("okta.token"));
        println!("  violations: {}", stats["violationCount"]);
        println!("  requests to Okta: {} {}", okta["requests"], okta["answers"]);
        println!("  calls to LINE WORKS: {}", Value::Object(lineworks));
        println!("  events found by catch-up: {lost}");
        println!(
            "  {:.1} s in all, {} of them waiting for the deletion",
            begun.elapsed().as_secs_f64(),
            DELETE_AFTER.as_secs()
        );
        if self.scim != (calls("scim.users.create") == 2) || self.scim == (calls("users.create") == 2) {
            bail!("the members should be created with the one API that was asked for: {stats:#}");
        }
        if stats["tokenRequests"] != 1 || calls("okta.token") != 1 || stats["violationCount"] != 0 {
            bail!("there should be 1 token request to each side and no violation: {stats:#}");
        }
        if lost != 1 {
            bail!("catch-up should have found the one event that was lost, not {found} less {late}");
        }
        Ok(())
    }
}

fn is_active(member: &Value) -> bool {
    member["isSuspended"] == false && member["isPending"] == false && member["isDeleted"] == false
}

fn signature(timestamp: &str, method: &str, target: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"sandbox-signing").expect("HMAC takes a key of any length");
    mac.update(format!("{timestamp} {method} {target} {body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={hex}")
}
