//! What fails: calls to LINE WORKS and to Okta, for some calls or for a while; tokens, roles and cursors of Okta.

use reqwest::Method;
use serde_json::{Value, json};

use super::deeds::everybody;
use super::world::World;
use super::{Hook, NO_CAP};
use crate::support::weather::{OF_MEMBERS, fault};

/// Longer than a call may take (1 s), and shorter than what a dead program's calls are given to end.
const LATE_MS: u64 = 1300;

const OKTA: [&str; 6] =
    ["okta.appUsers.get", "okta.apps.get", "okta.users.get", "okta.logs.list", "okta.appUsers.list", "okta.token"];

impl World {
    /// Something begins to fail, or to work again.
    pub(super) async fn something_fails(&mut self) {
        match self.rng.u8(0..20) {
            0..9 => self.line_works_fails().await,
            9..14 if self.variant.asks => self.okta_fails().await,
            14 if self.variant.asks => self.okta_forgets().await,
            15 => {
                self.expect(Method::POST, "tokens/kill", Value::Null).await;
                self.count("tokens killed");
            }
            16 => {
                let latency = self.rng.u64(0..120);
                self.expect(Method::PATCH, "switches", json!({ "latencyMs": latency })).await;
            }
            17 if self.variant.hook == Hook::Lossy => {
                let what = if self.rng.bool() { "pause" } else { "resume" };
                let body = if what == "pause" { json!({"lose": self.rng.bool()}) } else { Value::Null };
                self.expect(Method::POST, &format!("okta/hook/{what}"), body).await;
            }
            _ => {
                self.expect(Method::DELETE, "faults", Value::Null).await;
            }
        }
    }

    async fn line_works_fails(&mut self) {
        // One more than there are: the token endpoint.
        let operation = OF_MEMBERS.get(self.rng.usize(0..=OF_MEMBERS.len())).unwrap_or(&"token");
        // Who counts what was suspended must know whether it was.
        let unclear = self.variant.cap == NO_CAP;
        let fault = fault(&mut self.rng, operation, unclear, LATE_MS..LATE_MS + 1);
        self.expect(Method::POST, "faults", fault).await;
        self.count("faults of LINE WORKS");
    }

    async fn okta_fails(&mut self) {
        let operation = OKTA[self.rng.usize(0..OKTA.len())];
        let fault = match self.rng.u8(0..8) {
            0 => json!({"kind": "status", "status": 500}),
            1 => json!({"kind": "status", "status": 503}),
            2 => json!({"kind": "tooManyRequests", "delayMs": 3000}),
            3 => json!({"kind": "unauthorized"}),
            4 => json!({"kind": "closeBefore"}),
            5 => json!({"kind": "garbage"}),
            6 => json!({"kind": "hang", "delayMs": LATE_MS}),
            _ => json!({"kind": "slow", "delayMs": 400}),
        };
        self.strike(operation, fault).await;
        self.count("faults of Okta");
    }

    async fn strike(&mut self, operation: &str, mut fault: Value) {
        fault["operation"] = json!(operation);
        fault["times"] = json!(self.rng.u32(1..4));
        fault["skip"] = json!(self.rng.u32(0..3));
        self.expect(Method::POST, "faults", fault).await;
    }

    /// Tokens end, a role is gone for a while, cursors are refused, events are stored late.
    async fn okta_forgets(&mut self) {
        let half: Vec<String> = everybody().filter(|_| self.rng.bool()).collect();
        let (path, change) = match self.rng.u8(0..9) {
            0 => ("okta/access", json!({"killTokens": true})),
            1 => ("okta/access", json!({"role": "none"})),
            // What a narrowed role does not see looks like what is not there.
            5 => ("okta/access", json!({"role": {"apps": ["0oaANOTHER"]}})),
            2 => ("okta/access", json!({"role": "full"})),
            3 => ("okta/switches", json!({"logCursorLifeSeconds": 1})),
            4 => ("okta/switches", json!({"logCursorLifeSeconds": null})),
            // Half of the people are out of reach, and are not shown or refused.
            6 => ("okta/access", json!({"role": {"people": half}})),
            7 => ("okta/switches", json!({"narrowedAnswer": if half.len().is_multiple_of(2) { "404" } else { "403" }})),
            _ => ("okta/switches", json!({"logLatePercent": 30, "logLateSeconds": 300})),
        };
        self.expect(Method::PATCH, path, change).await;
        self.count("tokens, roles, cursors of Okta");
    }

    /// Everything is up.
    pub(super) async fn nothing_fails_any_more(&mut self) {
        if self.app_is_off {
            self.turn_the_app(true).await;
        }
        self.expect(Method::DELETE, "faults", Value::Null).await;
        self.expect(Method::PATCH, "switches", json!({"latencyMs": 0})).await;
        self.expect(Method::PATCH, "okta/access", json!({"role": "full"})).await;
        let calm = json!({"logCursorLifeSeconds": null, "logLatePercent": 0});
        self.expect(Method::PATCH, "okta/switches", calm).await;
    }
}
