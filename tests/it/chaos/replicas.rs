//! The replicas: started, killed, paused, and started again as whatever looks after services does.

use std::process::Command;
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::world::World;
use crate::support::door::Door;
use crate::support::postgres::Database;
use crate::support::process::Program;

/// One of the replicas, in all of its lives.
pub struct Replica {
    /// Whoever does something to it holds it.
    life: Mutex<Option<Program>>,
    /// Its network to PostgreSQL.
    pub door: Option<Door>,
    /// Its ledger, where it is not the one of the configuration.
    url: Option<String>,
    /// What its machine's clock is ahead, in seconds: with PostgreSQL that must not matter.
    ahead: i64,
}

impl Replica {
    pub async fn new(number: usize, database: Option<&Database>) -> Self {
        let (mut door, mut url) = (None, None);
        if let Some(database) = database {
            let opened = Door::open().await;
            opened.leads_to(&format!("127.0.0.1:{}", database.port()));
            url = Some(database.url_at("127.0.0.1", opened.port()));
            door = Some(opened);
        }
        let ahead = if door.is_none() { 0 } else { [0, 3_600, -3_600][number % 3] };
        Self { life: Mutex::default(), door, url, ahead }
    }
}

impl World {
    /// Some replica that takes calls.
    pub(super) fn any_replica(&self, rng: &mut Rng) -> Option<String> {
        let addresses = self.addresses.read().expect("nobody panics with it");
        let up: Vec<&String> = addresses.iter().flatten().collect();
        rng.choice(up).cloned()
    }

    fn is_at(&self, number: usize, address: Option<String>) {
        self.addresses.write().expect("nobody panics with it")[number] = address;
    }

    fn spawn(&self, number: usize) -> Program {
        let replica = &self.replicas[number];
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        command.envs(self.ahead.environment(replica.ahead));
        let ledger = replica.url.as_ref().map(|url| ["--ledger", url]);
        self.site.spawn_as(command, ledger.as_ref().map_or(&[], |it| &it[..]))
    }

    /// Starts a replica, again and again until it serves.
    pub(super) async fn start(&self, number: usize) {
        let mut life = self.replicas[number].life.lock().await;
        *life = Some(self.start_until_it_serves(number).await);
    }

    async fn start_until_it_serves(&self, number: usize) -> Program {
        loop {
            let mut program = self.spawn(number);
            if program.comes_up(&self.site.http, "http").await {
                self.is_at(number, Some(program.url.clone()));
                return program;
            }
            self.count("starts without a database");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Stops a replica as a service is stopped.
    pub(super) async fn stop(&self, number: usize) {
        let program = self.replicas[number].life.lock().await.take().expect("lives");
        assert_eq!(program.stop().await, Some(0));
    }

    /// This replica, or another one to which nothing is done at this moment.
    fn a_free_one(&self, first: usize) -> Option<(usize, MutexGuard<'_, Option<Program>>)> {
        let count = self.replicas.len();
        (0..count).map(|n| (first + n) % count).find_map(|n| Some((n, self.replicas[n].life.try_lock().ok()?)))
    }

    pub(super) async fn kill(&self, first: usize, down: Duration, again: Option<Duration>) {
        let Some((number, mut life)) = self.a_free_one(first) else { return };
        self.is_at(number, None);
        life.take().expect("lives").kill();
        self.count("kills");
        if let Some(after) = again {
            let program = self.spawn(number);
            tokio::time::sleep(after).await;
            program.kill();
            self.count("kills at the start");
        }
        tokio::time::sleep(down).await;
        *life = Some(self.start_until_it_serves(number).await);
    }

    /// It stands still, and goes on; a proxy would notice after some seconds.
    pub(super) async fn pause(&self, first: usize, length: Duration) {
        let Some((number, life)) = self.a_free_one(first) else { return };
        let program = life.as_ref().expect("lives");
        let begin = Instant::now();
        program.pause();
        let is_long = length > super::world::LEASE_OVER;
        self.count(if is_long { "pauses past the lease" } else { "pauses" });
        let notices = Duration::from_secs(5).min(length);
        tokio::time::sleep(notices).await;
        if is_long {
            self.is_at(number, None);
        }
        tokio::time::sleep_until(begin + length).await;
        program.wake();
        if is_long {
            self.woken.lock().expect("nobody panics with it").push(self.now());
            self.is_at(number, Some(program.url.clone()));
        }
    }
}
