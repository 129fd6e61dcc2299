//! Callers that behave as the vendors' do: a card repeats on 429 and gives up after half a minute; a hook has three
//! seconds and is repeated once. Whoever gets no 2xx has told nothing.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use reqwest::Method;
use tokio::time::Instant;

use super::book::{key, person_id};
use super::schedule::Call;
use super::world::World;
use crate::support::membership;

/// How long a card tries (Okta Workflows, API Connector).
const CARD: Duration = Duration::from_secs(30);
/// How long Okta's hook waits for an answer.
const HOOK: Duration = Duration::from_secs(3);

impl World {
    /// Makes a call at some replica that takes calls, as behind a proxy that looks whether they are there.
    pub(super) async fn call(self: Arc<Self>, call: Call, mut rng: Rng) {
        match call {
            Call::Card(wish) => self.card(wish, &mut rng).await,
            Call::Hook(wishes) => self.hook(&wishes, &mut rng).await,
        }
    }

    async fn card(&self, wish: usize, rng: &mut Rng) {
        let deadline = Instant::now() + CARD;
        let wait = if rng.u8(0..20) == 0 { "wait=5" } else { "wait=0" };
        loop {
            let answer = match self.any_replica(rng) {
                None => Err("no replica takes calls".to_owned()),
                Some(url) => self.card_once(&url, wish, wait, deadline).await,
            };
            self.book.card_said(wish, &answer);
            let after = Duration::from_secs(rng.u64(1..6));
            if answer != Ok(429) || Instant::now() + after >= deadline {
                return;
            }
            tokio::time::sleep(after).await;
        }
    }

    async fn card_once(&self, url: &str, wish: usize, wait: &str, deadline: Instant) -> Result<u16, String> {
        let page = self.book.page(wish);
        let person = person_id(page.wish.person);
        let request = if page.wish.assigned {
            self.site.card_at(url, Method::PUT, &person).json(&self.book.assignment(wish))
        } else {
            let target = format!("{person}?eventId={}&occurredAt={}", key(wish), page.occurred);
            self.site.card_at(url, Method::DELETE, &target)
        };
        let left = deadline.saturating_duration_since(Instant::now());
        status(request.header("Prefer", wait).timeout(left)).await
    }

    async fn hook(&self, wishes: &[usize], rng: &mut Rng) {
        for gap in [Duration::ZERO, Duration::from_millis(100)] {
            tokio::time::sleep(gap).await;
            let answer = match self.any_replica(rng) {
                None => Err("no replica takes calls".to_owned()),
                Some(url) => self.hook_once(&url, wishes).await,
            };
            self.book.hook_said(wishes, &answer);
            if answer.is_ok_and(|status| status < 500) {
                return;
            }
        }
    }

    async fn hook_once(&self, url: &str, wishes: &[usize]) -> Result<u16, String> {
        let event = |wish: &usize| {
            let page = self.book.page(*wish);
            let email = format!("person{}@sandbox.example", page.wish.person);
            let (person, occurred) = (person_id(page.wish.person), page.occurred.to_string());
            membership(page.wish.assigned, &person, &email, &key(*wish), &occurred)
        };
        status(self.site.hook_at(url, wishes.iter().map(event).collect()).timeout(HOOK)).await
    }
}

async fn status(request: reqwest::RequestBuilder) -> Result<u16, String> {
    let answer = request.send().await.map_err(|error| error.to_string())?;
    Ok(answer.status().as_u16())
}
