//! The verdict: what LINE WORKS has against what was wished, both without asking the program.
//!
//! What was stored is read from the ledger's history of events, since an event without an answer may have counted or not;
//! whose word is the newest is then worked out here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::book::{Page, key, nick_name, person_id};
use super::world::World;
use super::{Ledger, Plan};

/// What became of those who left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leavers {
    /// Suspended, or deleted already.
    AreAway,
    AreDeleted,
}

/// `unassign.delete_after`.
const DELETE_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// How long after it woke up a paused replica's call may arrive that it was sending when it was paused: a call's time.
const IN_THE_SEND: SignedDuration = SignedDuration::from_secs(3);

/// A wish as the ledger has it.
struct Stored {
    wish: usize,
    is_whole: bool,
}

impl World {
    /// By person.
    async fn stored(&self) -> BTreeMap<u32, Vec<Stored>> {
        let sql = "SELECT okta_user_id || ' ' || kind || ' ' || event_key || ' ' || profile_weight FROM events \
             WHERE event_key LIKE 'event-%'";
        let pages = self.book.pages();
        let (mut stored, mut seen) = (BTreeMap::<u32, Vec<Stored>>::new(), BTreeMap::<usize, u32>::new());
        for line in self.texts(sql).await {
            let words: Vec<&str> = line.split(' ').collect();
            let [person, kind, event, weight] = words[..] else { panic!("{line}") };
            let wish: usize = event.trim_start_matches("event-").parse().expect("a key of ours");
            let page = &pages[wish];
            let expected = if page.wish.assigned { "assigned" } else { "unassigned" };
            assert_eq!((person, kind), (&*person_id(page.wish.person), expected), "{line}");
            let times = seen.entry(wish).or_default();
            *times += 1;
            assert_eq!(*times, 1, "{line} is stored twice");
            stored.entry(page.wish.person).or_default().push(Stored { wish, is_whole: weight == "2" });
        }
        stored
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        match &*self.database.lock().await {
            Some(database) => database.texts(sql),
            None => self.site.texts(sql),
        }
    }

    /// Whatever was answered with 2xx is in the ledger, with the profile that it carried.
    pub(super) async fn every_acknowledged_event_is_stored(&self) {
        let stored = self.stored().await;
        let mut lost = Vec::new();
        for (wish, page) in self.book.pages().iter().enumerate().filter(|(_, page)| page.acknowledged()) {
            let all = stored.get(&page.wish.person).map_or(&[][..], |all| &all[..]);
            let is_there = all.iter().any(|it| it.wish == wish);
            // A profile that came with a copy counts unless a newer one was known.
            let carried = page.by_card && page.wish.assigned;
            if !is_there || carried && !all.iter().any(|it| it.is_whole && it.wish >= wish) {
                lost.push(format!(
                    "{} was acknowledged and lost\n{}",
                    key(wish),
                    self.story_of(page.wish.person).await
                ));
            }
        }
        assert!(lost.is_empty(), "{} lost\n{}\n{}", lost.len(), self.tally(), lost.join("\n\n"));
    }

    /// The newest word of each person, and the newest whole profile.
    fn wanted<'a>(pages: &'a [Page], stored: &[Stored]) -> (Option<&'a Page>, Option<usize>) {
        // Keys are in the order of occurrence.
        let newest = stored.iter().map(|it| it.wish).max().map(|wish| &pages[wish]);
        (newest, stored.iter().filter(|it| it.is_whole).map(|it| it.wish).max())
    }

    pub(super) async fn line_works_equals_the_wishes(&self, leavers: Leavers) {
        let (stored, pages) = (self.stored().await, self.book.pages());
        let (members, mut faults) = self.members().await;
        for person in 0..self.plan.people {
            let none = Vec::new();
            let (newest, profile) = Self::wanted(&pages, stored.get(&person).unwrap_or(&none));
            let member = members.get(&person_id(person));
            if let Some(fault) = differs(newest, profile, member, leavers) {
                faults.push(format!("{}: {fault}\n{}", person_id(person), self.story_of(person).await));
            }
        }
        let (count, seed) = (faults.len(), self.plan.seed);
        faults.truncate(5);
        assert!(
            count == 0,
            "CHAOS_SEED={seed}, {leavers:?}: {count} faults\n{}\n{}",
            self.tally(),
            faults.join("\n\n")
        );
    }

    /// By external key, and what is wrong with the list itself.
    async fn members(&self) -> (BTreeMap<String, Value>, Vec<String>) {
        let listed = self.expect(Method::GET, "members", Value::Null).await;
        let listed = listed["members"].as_array().or(listed.as_array()).expect("a list").clone();
        let (mut members, mut faults) = (BTreeMap::new(), Vec::new());
        for member in listed {
            let key = member["userExternalKey"].as_str().unwrap_or("none").to_owned();
            if let Some(twin) = members.insert(key.clone(), member) {
                faults.push(format!("{key} has two members, one is {twin}"));
            }
        }
        (members, faults)
    }

    /// What is known of a person, for whoever must find out.
    async fn story_of(&self, person: u32) -> String {
        let id = person_id(person);
        let row = self.look(&format!("/v1/assignments/{id}")).await;
        let mut story = format!("{}\n{row:#}\ncalls of LINE WORKS:\n", self.book.story_of(person));
        for call in self.journal().await.iter().filter(|call| is_about(call, person, &row)) {
            writeln!(story, "{call}").expect("a text");
        }
        story
    }

    async fn journal(&self) -> Vec<Value> {
        let journal = self.expect(Method::GET, "journal?after=0", Value::Null).await;
        journal.as_array().expect("a list").clone()
    }

    /// Nobody is deleted before the delay is over since the last call that made or kept a member of use.
    pub(super) async fn nobody_was_deleted_early(&self) {
        let mut in_use: BTreeMap<String, Timestamp> = BTreeMap::new();
        let mut journal = self.journal().await;
        journal.sort_by_key(arrival);
        let mut deletions = 0;
        for call in &journal {
            let Some(member) = call["memberId"].as_str() else { continue };
            match call["operation"].as_str() {
                Some("users.create" | "users.unsuspend" | "users.undelete") => {
                    in_use.insert(member.to_owned(), arrival(call));
                }
                Some("users.delete") => {
                    deletions += 1;
                    let since = in_use.get(member).copied().expect("it was made");
                    assert!(arrival(call).duration_since(since) >= DELETE_AFTER, "deleted early: {call}");
                }
                _ => {}
            }
        }
        self.count_more("deletions", deletions);
    }

    /// No two writes of one member at once, no member twice, no rule of LINE WORKS broken.
    pub(super) async fn nobody_was_touched_by_two(&self) {
        let stats = self.site.stats().await;
        let woken = self.woken.lock().expect("nobody panics with it").clone();
        let in_the_send = |violation: &&Value| {
            let at: Timestamp = violation["time"].as_str().and_then(|at| at.parse().ok()).expect("a moment");
            let after = |woken: &Timestamp| at >= *woken && at.duration_since(*woken) < IN_THE_SEND;
            violation["rule"] == "overlap" && woken.iter().any(after)
        };
        let violations = stats["violations"].as_array().expect("a list");
        let (excused, broken): (Vec<&Value>, Vec<&Value>) = violations.iter().partition(in_the_send);
        self.count_more("calls of a paused replica that overlapped", excused.len() as u64);
        assert!(broken.is_empty(), "CHAOS_SEED={}\n{}\n{broken:#?}", self.plan.seed, self.tally());
        let created = stats["createdPerEmail"].as_object().expect("per e-mail");
        let twice: Vec<_> = created.iter().filter(|(_, times)| times.as_u64() > Some(1)).collect();
        assert!(twice.is_empty(), "CHAOS_SEED={}: created twice: {twice:?}", self.plan.seed);
        let calls: u64 = stats["requests"].as_object().expect("a map").values().filter_map(Value::as_u64).sum();
        self.count_more("calls to LINE WORKS", calls);
    }

    /// An access token is asked for once per life, by all replicas together. A token's life ends when LINE WORKS ends it, or
    /// answers 401 to it; whoever died, or could not reach the ledger, between asking and putting the token there leaves
    /// the others without it: each such request may cost one more.
    pub(super) async fn tokens_were_asked_for_once_per_life(&self) {
        let left: u64 = self.counted("401 that did not strike");
        let lives = 1 + self.counted("tokens killed") + self.counted("401 to good tokens") - left;
        let asked: Vec<Value> = self.journal().await.into_iter().filter(|call| call["operation"] == "token").collect();
        let disturbed = self.disturbed.lock().expect("nobody panics with it").clone();
        let meets = |call: &&Value| {
            let begin = arrival(call);
            let length = SignedDuration::from_millis(call["durationMs"].as_i64().expect("a number"));
            // The token is put into the ledger right after.
            let end = begin + length + SignedDuration::from_secs(1);
            disturbed.iter().any(|(from, to)| *from <= end && *to >= begin)
        };
        let deaths = asked.iter().filter(meets).count() as u64;
        let asked = asked.len() as u64;
        self.count_more("access tokens asked for", asked);
        self.count_more("of those, beside a death or an outage", deaths);
        self.count_more("lives of access tokens at most", lives);
        assert!(
            asked <= lives + deaths,
            "CHAOS_SEED={}: {asked} token requests, {lives} lives, {deaths} deaths\n{}",
            self.plan.seed,
            self.tally()
        );
    }

    /// A card is never told to give up by what passes, and Okta's hook is told so in the one way that it repeats.
    pub(super) fn callers_were_answered_as_they_understand(&self) {
        let known = |(door, status): &(&str, u16)| match *door {
            "card" => [0, 200, 202, 429].contains(status),
            _ => [0, 204, 503].contains(status),
        };
        let odd: Vec<_> = self.book.answers().into_iter().filter(|(answer, _)| !known(answer)).collect();
        assert!(odd.is_empty(), "CHAOS_SEED={}: {odd:?}", self.plan.seed);
    }

    /// What happened, to see that something did.
    pub(super) async fn it_was_a_test(&self) {
        let pages = self.book.pages();
        let acknowledged = pages.iter().filter(|page| page.acknowledged()).count();
        self.count_more("wishes", pages.len() as u64);
        self.count_more("wishes acknowledged", acknowledged as u64);
        let cut_off = "SELECT CAST((SELECT sum(lease_number) FROM assignments) - \
             (SELECT count(*) FROM attempts) AS TEXT)";
        let cut_off = self.texts(cut_off).await[0].parse().expect("a number");
        self.count_more("runs cut off and taken over", cut_off);
        println!("{}", self.tally());
        let Plan { ledger, .. } = self.plan;
        assert!(acknowledged * 4 > pages.len(), "hardly anything was acknowledged: this was no test");
        assert!(cut_off > 0 && self.counted("kills") > 0, "nobody was killed at work: this was no test");
        assert!(ledger == Ledger::Sqlite || self.counted("pauses past the lease") > 0, "nobody was paused for long");
    }
}

fn is_about(call: &Value, person: u32, row: &Value) -> bool {
    let path = call["path"].as_str().unwrap_or_default();
    call["externalKey"] == person_id(person)
        || path.contains(&format!("person{person}@"))
        || (row["memberId"].is_string() && call["memberId"] == row["memberId"])
}

fn arrival(call: &Value) -> Timestamp {
    call["at"].as_str().and_then(|at| at.parse().ok()).expect("a moment")
}

/// What is wrong with a member.
fn differs(newest: Option<&Page>, profile: Option<usize>, member: Option<&Value>, leavers: Leavers) -> Option<String> {
    let state = |member: &Value| match (member["isDeleted"] == true, member["isSuspended"] == true) {
        (true, _) => "deleted",
        (_, true) => "suspended",
        _ => "in use",
    };
    let is = member.map_or("absent", state);
    let right: &[&str] = match (newest, leavers) {
        (None, _) => &["absent"],
        (Some(page), _) if page.wish.assigned => &["in use"],
        (Some(_), Leavers::AreAway) => &["absent", "suspended", "deleted"],
        (Some(_), Leavers::AreDeleted) => &["absent", "deleted"],
    };
    if !right.contains(&is) {
        return Some(format!("is {is} and not one of {right:?}"));
    }
    let wished = profile.filter(|_| is == "in use").map(|wish| json!(nick_name(wish)));
    let has = member.map(|member| &member["nickName"]);
    wished.filter(|wished| has != Some(wished)).map(|wished| format!("is called {has:?} and not {wished}"))
}
