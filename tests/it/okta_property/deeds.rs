//! What people do in Okta, and what cards say of it, right or wrong. What Okta refuses did not happen.

use reqwest::Method;
use serde_json::{Value, json};

use super::Hook;
use super::world::World;
use crate::support::APP_ID;

const PEOPLE: u32 = 14;
const GROUPS: [&str; 2] = ["00gSALES", "00gTOKYO"];

pub(super) fn person(n: u32) -> String {
    format!("00uPERSON{n:02}")
}

/// Everybody there ever was.
pub(super) fn everybody() -> impl Iterator<Item = String> {
    (0..PEOPLE).map(person)
}

fn login(n: u32) -> String {
    format!("person{n}@sandbox.example")
}

impl World {
    /// Most are hired at the beginning, and some of them have the app; the others come later.
    pub(super) async fn hire_everybody(&mut self) {
        for n in 0..PEOPLE - 3 {
            self.hire(n).await;
        }
        for group in GROUPS {
            let members: Vec<String> = (0..PEOPLE - 3).filter(|_| self.rng.u8(0..4) == 0).map(person).collect();
            self.expect(Method::POST, "okta/groups", json!({"id": group, "name": group, "members": members})).await;
        }
    }

    async fn hire(&mut self, n: u32) -> bool {
        let profile = json!({"firstName": format!("太郎{n}"), "lastName": "山田", "employeeNumber": "1"});
        let mut user = json!({"id": person(n), "login": login(n), "profile": profile});
        if self.rng.u8(0..3) < 2 {
            user["assign"] = json!({});
        }
        self.okta("hired", Method::POST, "users", user).await
    }

    /// Does it; says whether Okta let it happen.
    async fn okta(&mut self, what: &'static str, method: Method, path: &str, body: Value) -> bool {
        // Two words of one moment have no order.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        let done = self.ask(method, &format!("okta/{path}"), body).await.status.is_success();
        if done {
            self.count(what);
        }
        done
    }

    pub(super) async fn something_happens(&mut self) {
        if self.app_is_off && self.rng.u8(0..4) == 0 {
            return self.turn_the_app(true).await;
        }
        if self.rng.u8(0..10) < 3 {
            return self.something_fails().await;
        }
        let deed = self.rng.u8(0..100);
        // Not everybody can be suspended or come back: somebody is looked for who can.
        for _ in 0..6 {
            let n = self.rng.u32(0..PEOPLE);
            if self.is_done(deed, n).await {
                return self.remember_who_is_entitled().await;
            }
        }
        self.count("refused");
    }

    async fn is_done(&mut self, deed: u8, n: u32) -> bool {
        let who = person(n);
        let (user, assignment) = (format!("users/{who}"), format!("apps/{APP_ID}/users/{who}"));
        let group = GROUPS[self.rng.usize(0..GROUPS.len())];
        let some = self.rng.u32(0..1000);
        match deed {
            0..20 => self.okta("assigned", Method::POST, &format!("apps/{APP_ID}/users"), json!({"user": who})).await,
            20..34 => self.okta("unassigned", Method::DELETE, &assignment, Value::Null).await,
            34..42 => {
                let change = json!({"profile": {"lastName": format!("山田{some}")}});
                self.okta("renamed in the app", Method::PATCH, &assignment, change).await
            }
            42..47 => {
                let change = json!({"userName": format!("person{n}.{some}@sandbox.example")});
                self.okta("another user name", Method::PATCH, &assignment, change).await
            }
            47..55 => {
                let change = json!({"profile": {"employeeNumber": some.to_string()}});
                self.okta("changed in Okta", Method::PATCH, &user, change).await
            }
            55..62 => self.okta("suspended", Method::POST, &format!("{user}/suspend"), Value::Null).await,
            62..70 => self.okta("unsuspended", Method::POST, &format!("{user}/unsuspend"), Value::Null).await,
            70..74 => self.okta("deactivated", Method::POST, &format!("{user}/deactivate"), Value::Null).await,
            74..81 => self.okta("reactivated", Method::POST, &format!("{user}/reactivate"), Value::Null).await,
            81 => self.okta("deleted", Method::DELETE, &user, Value::Null).await,
            82 => {
                self.turn_the_app(false).await;
                true
            }
            83..86 => self.change_the_assignments_status(&assignment).await,
            86..89 => self.okta("joined", Method::POST, &format!("groups/{group}/members"), json!({"user": who})).await,
            89..91 => self.okta("left", Method::DELETE, &format!("groups/{group}/members/{who}"), Value::Null).await,
            91 => self.okta("given", Method::POST, &format!("apps/{APP_ID}/groups"), json!({"group": group})).await,
            92 => self.okta("taken", Method::DELETE, &format!("apps/{APP_ID}/groups/{group}"), Value::Null).await,
            93..96 => self.a_card_speaks(&who).await,
            _ => {
                let late = PEOPLE - 3 + some % 3;
                self.hire(late).await
            }
        }
    }

    /// No event tells of it, so only who asks can know.
    async fn change_the_assignments_status(&mut self, assignment: &str) -> bool {
        if !self.variant.asks {
            return true;
        }
        let status = if self.rng.bool() { "SUSPENDED" } else { "ACTIVE" };
        let change = json!({"status": status, "profile": {}});
        self.okta("status in the app", Method::PATCH, assignment, change).await
    }

    pub(super) async fn turn_the_app(&mut self, on: bool) {
        let what = if on { "activate" } else { "deactivate" };
        self.okta("app turned", Method::POST, &format!("apps/{APP_ID}/{what}"), Value::Null).await;
        self.app_is_off = !on;
    }

    /// A card says that somebody has the app, or has it not: where Okta can be asked that is a reason to look.
    async fn a_card_speaks(&mut self, who: &str) -> bool {
        let Some(program) = self.program.as_ref().filter(|_| self.variant.asks) else { return true };
        if self.variant.hook == Hook::Silent {
            return true;
        }
        let says = if self.rng.bool() { Method::PUT } else { Method::DELETE };
        let card = self.site.card(program, says, who).header("Prefer", "wait=0");
        // It may be told to come later; what it says counts for nothing.
        let _ = card.json(&json!({})).send().await;
        self.count("cards");
        true
    }
}
