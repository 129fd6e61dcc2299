//! What was said to the program, and what it answered: the test's own memory of who must have what.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::schedule::Wish;
use crate::support::user;

/// Everything that was told, in the order in which it occurred.
pub struct Book {
    begin: Timestamp,
    pages: Mutex<Vec<Page>>,
    answers: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

/// One wish.
#[derive(Debug, Clone)]
pub struct Page {
    pub wish: Wish,
    /// When it occurred.
    pub occurred: Timestamp,
    /// A 2xx came to a card, which carries a whole profile.
    pub by_card: bool,
    /// A 2xx came to the hook.
    pub by_hook: bool,
    /// What was answered, and when.
    story: Vec<String>,
}

impl Page {
    pub fn acknowledged(&self) -> bool {
        self.by_card || self.by_hook
    }
}

pub fn person_id(person: u32) -> String {
    format!("00uPERSON{person:05}")
}

/// What the ledger calls a wish.
pub fn key(wish: usize) -> String {
    format!("event-{wish}")
}

/// What tells one profile of a person from another.
pub fn nick_name(wish: usize) -> String {
    format!("nick-{wish}")
}

impl Book {
    /// The wishes occurred in this order, a millisecond apart.
    pub fn of(wishes: &[Wish], begin: Timestamp) -> Self {
        let page = |(n, wish): (usize, &Wish)| {
            let after = jiff::SignedDuration::from_millis(i64::try_from(n).expect("few"));
            let (occurred, story) = (begin + after, Vec::new());
            Page { wish: *wish, occurred, by_card: false, by_hook: false, story }
        };
        let pages = wishes.iter().enumerate().map(page).collect();
        Self { begin, pages: Mutex::new(pages), answers: Mutex::default() }
    }

    pub fn page(&self, wish: usize) -> Page {
        self.pages.lock().expect("nobody panics with it")[wish].clone()
    }

    pub fn pages(&self) -> Vec<Page> {
        self.pages.lock().expect("nobody panics with it").clone()
    }

    /// The body of a card about somebody who got the app.
    pub fn assignment(&self, wish: usize) -> Value {
        let page = self.page(wish);
        let mut profile = user(page.wish.person);
        profile["nickName"] = json!(nick_name(wish));
        json!({"user": profile, "eventId": key(wish), "occurredAt": page.occurred})
    }

    /// Takes down what was answered to a card.
    pub fn card_said(&self, wish: usize, answer: &Result<u16, String>) {
        self.note("card", answer);
        let page = &mut self.pages.lock().expect("nobody panics with it")[wish];
        page.by_card |= is_success(answer);
        page.story.push(format!("{} card: {answer:?}", clock()));
    }

    /// Takes down what was answered to a delivery.
    pub fn hook_said(&self, wishes: &[usize], answer: &Result<u16, String>) {
        self.note("hook", answer);
        let mut pages = self.pages.lock().expect("nobody panics with it");
        for wish in wishes {
            let page = &mut pages[*wish];
            page.by_hook |= is_success(answer);
            page.story.push(format!("{} hook: {answer:?}", clock()));
        }
    }

    fn note(&self, door: &'static str, answer: &Result<u16, String>) {
        let status = *answer.as_ref().unwrap_or(&0);
        *self.answers.lock().expect("nobody panics with it").entry((door, status)).or_default() += 1;
    }

    /// How often each status came at each door; 0 is no answer.
    pub fn answers(&self) -> BTreeMap<(&'static str, u16), u64> {
        self.answers.lock().expect("nobody panics with it").clone()
    }

    /// All that was said of a person, for whoever must find out.
    pub fn story_of(&self, person: u32) -> String {
        let pages = self.pages();
        let theirs = pages.iter().enumerate().filter(|(_, page)| page.wish.person == person);
        let line = |(n, page): (usize, &Page)| {
            let what = if page.wish.assigned { "assigned" } else { "unassigned" };
            let at = page.occurred.duration_since(self.begin).as_millis();
            format!(
                "{} {what}, occurred at {at} ms, acknowledged: {}\n  {}",
                key(n),
                page.acknowledged(),
                page.story.join("\n  ")
            )
        };
        theirs.map(line).collect::<Vec<_>>().join("\n")
    }
}

fn is_success(answer: &Result<u16, String>) -> bool {
    answer.as_ref().is_ok_and(|status| (200..300).contains(status))
}

/// The real time of day.
fn clock() -> String {
    okta_lineworks::clock::Clock::system().now().to_string()
}
