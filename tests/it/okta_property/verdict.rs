//! The verdict: what LINE WORKS has against what Okta has, both as the sandbox shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use okta_lineworks::okta::meaning::hook_event_types;
use reqwest::Method;
use serde_json::{Value, json};

use super::deeds::everybody;
use super::world::World;
use super::{CAP, NO_CAP};
use crate::support::APP_ID;

/// The longest between Okta's answer and the call it leads to, on a busy machine.
const LAG: SignedDuration = SignedDuration::from_secs(10);

/// Held since Okta does not show the person.
const NOT_SHOWN: &str = "okta_person_not_shown";

/// What became of those who left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leavers {
    AreSuspended,
    AreDeleted,
}

/// What Okta says of somebody.
#[derive(Debug)]
enum Wish {
    /// What the member must have, as far as the program can know it.
    Active(Value),
    Suspended,
    Gone,
}

/// By external key, which is the id of the person in Okta.
type Members = BTreeMap<String, Value>;

impl World {
    async fn wishes(&self) -> BTreeMap<String, Wish> {
        let users = self.expect(Method::GET, "okta/users", Value::Null).await;
        let assigned = self.expect(Method::GET, &format!("okta/apps/{APP_ID}/users"), Value::Null).await;
        let find = |list: &Value, id: &str| list.as_array().into_iter().flatten().find(|it| it["id"] == id).cloned();
        everybody().map(|id| (id.clone(), self.wish(find(&users, &id), find(&assigned, &id)))).collect()
    }

    fn wish(&self, user: Option<Value>, assignment: Option<Value>) -> Wish {
        let (Some(user), Some(assignment)) = (user, assignment) else { return Wish::Gone };
        let (profile, app) = (&user["profile"], &assignment["profile"]);
        match (user["status"].as_str(), assignment["status"].as_str()) {
            (Some("DEPROVISIONED"), _) => Wish::Gone,
            (Some("SUSPENDED"), _) | (_, Some("SUSPENDED")) => Wish::Suspended,
            // Events carry the user name, and names as they were.
            _ if !self.variant.asks => Wish::Active(json!({"email": assignment["credentials"]["userName"]})),
            _ => Wish::Active(json!({
                "email": assignment["credentials"]["userName"],
                "userName": {"lastName": app["lastName"], "firstName": app["firstName"]},
                "employeeNumber": profile["employeeNumber"],
            })),
        }
    }

    /// Known and documented: who cannot ask Okta keeps no names of somebody who has no assignment yet, so that a change
    /// that overtakes the assignment is lost.
    fn forgive_early_names(&self, wishes: &mut BTreeMap<String, Wish>) {
        if self.variant.asks {
            return;
        }
        let early = "SELECT okta_user_id FROM events WHERE kind = 'changed' AND verdict = 'ignored'";
        for id in self.site.texts(early) {
            if let Some(Wish::Active(wished)) = wishes.get_mut(&id) {
                *wished = json!({});
            }
        }
    }

    async fn members(&self) -> (Members, Vec<String>) {
        let listed = self.expect(Method::GET, "members", Value::Null).await;
        let listed = listed["members"].as_array().or(listed.as_array()).expect("a list").clone();
        let (mut members, mut faults) = (Members::new(), Vec::new());
        for member in listed {
            let key = member["userExternalKey"].as_str().unwrap_or("none").to_owned();
            if !everybody().any(|id| id == key) {
                faults.push(format!("a member of nobody: {member}"));
            }
            if let Some(twin) = members.insert(key.clone(), member) {
                faults.push(format!("{key} has two members: {twin}"));
            }
        }
        (members, faults)
    }

    pub(super) async fn line_works_equals_okta(&self, leavers: Leavers) {
        let (mut wishes, (members, mut faults)) = (self.wishes().await, self.members().await);
        self.forgive_early_names(&mut wishes);
        for (id, wish) in &wishes {
            if let Some(fault) = differs(wish, members.get(id), leavers) {
                faults.push(format!("{id}: {fault}\n{wish:?}\n{}", self.story_of(id).await));
            }
        }
        assert!(faults.is_empty(), "{leavers:?}; {}\n{}", self.tally().await, faults.join("\n\n"));
    }

    /// An operator does what is said of whom Okta did not show: looks again now that the role covers everybody, and
    /// approves who is deleted in Okta. A card may have said since that such a person has the app.
    pub(super) async fn whoever_is_not_shown_is_decided_on(&self) {
        for word in ["retry", "approve"] {
            let program = self.program.as_ref().expect("lives");
            for id in self.held_for(NOT_SHOWN).await {
                if word == "approve" {
                    let users = self.expect(Method::GET, "okta/users", Value::Null).await;
                    let is_there = users.as_array().expect("a list").iter().any(|user| user["id"] == id.as_str());
                    assert!(!is_there, "{id} is there, and held: {}", self.story_of(&id).await);
                }
                let path = format!("/v1/assignments/{id}/{word}");
                let answer = self.site.operator(program, &path).await;
                assert_eq!(answer.status, 202, "{answer:?}");
            }
            self.until_all_is_done().await;
        }
    }

    /// What is known of a person, for whoever must find out.
    async fn story_of(&self, id: &str) -> String {
        let program = self.program.as_ref().expect("lives");
        let row = self.site.look(program, &format!("/v1/assignments/{id}")).await.body;
        let mut story = format!("{row:#}\nOkta's log:\n");
        for event in self.expect(Method::GET, "okta/log", Value::Null).await.as_array().into_iter().flatten() {
            let about = event["target"].as_array().into_iter().flatten().any(|target| target["id"] == id);
            if about {
                writeln!(story, "{} {} {}", event["published"], event["eventType"], event["uuid"]).expect("a text");
            }
        }
        story
    }

    /// Whatever Okta wrote about the app or its people is in the ledger, whichever way it came.
    pub(super) async fn no_event_was_lost(&self) {
        let known = self.site.texts("SELECT event_key FROM events WHERE event_key IS NOT NULL");
        let log = self.expect(Method::GET, "okta/log", Value::Null).await;
        let ours = log.as_array().expect("a list").iter().filter(|event| {
            event["eventType"].as_str().is_some_and(|kind| hook_event_types().any(|known| known == kind))
        });
        let lost: Vec<&Value> = ours.filter(|event| !known.iter().any(|key| event["uuid"] == key.as_str())).collect();
        assert!(lost.is_empty(), "{} events are nowhere: {lost:#?}", lost.len());
    }

    /// Between the last look at a member and a call that takes something away, Okta was asked about that very person.
    pub(super) async fn okta_was_asked_right_before(&self) {
        if !self.variant.asks {
            return;
        }
        let (members, _) = self.members().await;
        let mut journal = self.journal().await;
        journal.sort_by_key(arrival);
        for (id, member) in &members {
            let member_id = member["userId"].as_str().expect("an id");
            let about = |call: &&Value| {
                let path = call["path"].as_str().unwrap_or_default();
                call["memberId"] == member_id
                    || call["externalKey"] == id.as_str()
                    || path.contains(id)
                    || path.contains(member_id)
            };
            let mut asked = false;
            for call in journal.iter().filter(about) {
                let operation = call["operation"].as_str().unwrap_or_default();
                assert!(!takes_away(call) || asked, "{id} lost the member unasked: {call:#}");
                // A call that is refused for its token, or for now, is made again at once.
                asked = operation.starts_with("okta.") || (asked && takes_away(call));
            }
        }
    }

    /// Who has the app now, and is active.
    pub(super) async fn remember_who_is_entitled(&mut self) {
        if !self.variant.asks {
            return;
        }
        let active = |(id, wish)| matches!(wish, Wish::Active(_)).then_some(id);
        let entitled = self.wishes().await.into_iter().filter_map(active).collect();
        self.entitled.push((self.now(), entitled));
    }

    /// Nobody who had the app all the while lost the member, whatever the app, the role or the faults were.
    pub(super) async fn nothing_was_taken_from_the_entitled(&self) {
        let (members, _) = self.members().await;
        for call in self.journal().await.iter().filter(|call| takes_away(call) && self.variant.asks) {
            let at = arrival(call);
            // The last word that was in force before this long counts, too.
            let since = self.entitled.iter().rposition(|(from, _)| *from < at - LAG).unwrap_or(0);
            let mut words = self.entitled[since..].iter().take_while(|(from, _)| *from < at);
            let is_of = |member: &Value| member["userId"] == call["memberId"];
            let Some((id, _)) = members.iter().find(|(_, member)| is_of(member)) else { continue };
            assert!(words.any(|(_, entitled)| !entitled.contains(id)), "{id} had the app all the while: {call:#}");
        }
    }

    async fn journal(&self) -> Vec<Value> {
        let journal = self.expect(Method::GET, "journal?after=0", Value::Null).await;
        journal.as_array().expect("a list").clone()
    }

    pub(super) async fn nobody_was_touched_by_two(&self) {
        let stats = self.site.stats().await;
        assert_eq!(stats["violationCount"], 0, "{:#}", stats["violations"]);
        let most = stats["maxConcurrentWritesPerMember"].as_u64();
        assert!(most <= Some(1), "{most:?} writes at once for one member");
        let (members, _) = self.members().await;
        assert_eq!(stats["membersEverCreated"], members.len(), "somebody was created twice: {stats:#}");
    }

    // --- the cap -----------------------------------------------------------------------------------------------------

    /// Who differs is held for the cap and differs by what the cap holds; and no hour saw more than it allows.
    pub(super) async fn the_rest_is_held(&mut self) {
        let (wishes, (members, mut faults)) = (self.wishes().await, self.members().await);
        let (held, unknown) = (self.held_for("cap_reached").await, self.held_for(NOT_SHOWN).await);
        for (id, wish) in wishes.iter().filter(|(id, _)| !unknown.contains(*id)) {
            let fault = differs(wish, members.get(id), Leavers::AreSuspended);
            let leaves = matches!(wish, Wish::Gone | Wish::Suspended);
            if fault.is_some() != held.contains(id) || (held.contains(id) && !leaves) {
                faults.push(format!("{id}: {fault:?}, {wish:?}\n{}", self.story_of(id).await));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n\n"));
        let journal = self.journal().await;
        let done = |call: &&Value| takes_away(call) && call["status"].as_u64().is_some_and(|status| status < 300);
        let taken: Vec<Timestamp> = journal.iter().filter(done).map(arrival).collect();
        for begin in &taken {
            let hour = taken.iter().filter(|at| *at >= begin && at.duration_since(*begin).as_secs() < 3600 - 60);
            assert!(hour.count() <= CAP as usize, "more than {CAP} in an hour: {taken:?}");
        }
        self.tally.insert("held", held.len() as u64);
    }

    async fn held_for(&self, cause: &str) -> BTreeSet<String> {
        let program = self.program.as_ref().expect("lives");
        let mut held = BTreeSet::new();
        for id in everybody() {
            let row = self.site.look(program, &format!("/v1/assignments/{id}")).await.body;
            let code = &row["reason"]["code"];
            assert!(row["state"] != "held" || code == "cap_reached" || code == NOT_SHOWN, "{row:#}");
            if row["state"] == "held" && code == cause {
                held.insert(id);
            }
        }
        held
    }

    /// An operator lets them all pass.
    pub(super) async fn approve_the_rest(&mut self) {
        assert!(self.variant.cap < NO_CAP);
        for id in self.held_for("cap_reached").await {
            let program = self.program.as_ref().expect("lives");
            let answer = self.site.operator(program, &format!("/v1/assignments/{id}/approve")).await;
            assert_eq!(answer.status, 202, "{answer:?}");
        }
        self.until_all_is_done().await;
    }
}

fn takes_away(call: &Value) -> bool {
    ["users.suspend", "users.delete"].iter().any(|operation| call["operation"] == *operation)
}

fn arrival(call: &Value) -> Timestamp {
    call["at"].as_str().and_then(|at| at.parse().ok()).expect("a moment")
}

/// What is wrong with a member.
fn differs(wish: &Wish, member: Option<&Value>, leavers: Leavers) -> Option<String> {
    let state = |member: &Value| match (member["isDeleted"] == true, member["isSuspended"] == true) {
        (true, _) => "deleted",
        (_, true) => "suspended",
        _ => "in use",
    };
    let is = member.map_or("absent", state);
    let right = match (wish, leavers) {
        (Wish::Active(_), _) => is == "in use",
        (Wish::Suspended, _) | (Wish::Gone, Leavers::AreSuspended) => ["absent", "suspended"].contains(&is),
        (Wish::Gone, Leavers::AreDeleted) => ["absent", "deleted"].contains(&is),
    };
    if !right {
        return Some(format!("is {is}"));
    }
    let (Wish::Active(wished), Some(member)) = (wish, member) else { return None };
    let other = |(name, value): (&String, &Value)| match value.as_object() {
        Some(parts) => parts.iter().any(|(part, value)| member[name][part] != *value),
        None => member[name] != *value,
    };
    wished.as_object().expect("an object").iter().any(other).then(|| format!("has {member}"))
}
