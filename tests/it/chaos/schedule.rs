//! What happens in a run, and when: all of it from the seed.

use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use super::{Ledger, Plan};
use crate::support::cluster::Stop;
use crate::support::weather::{OF_MEMBERS, fault};

/// A call may take 2 s, and nothing starts for 4 s after it was given up. An effect is later than the one and earlier than
/// both together: whatever comes later than that, nobody can wait for.
pub(super) const LATE_MS: std::ops::Range<u64> = 2_300..5_000;
/// Longer than a lease (30 s) and the grace after it (2 s).
const PAST_THE_LEASE: Duration = Duration::from_secs(35);

/// Something that Okta tells: somebody got or lost the app.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    pub person: u32,
    pub assigned: bool,
}

/// How it is told: by a card about one wish, or a delivery of the hook about several.
#[derive(Debug, Clone)]
pub enum Call {
    Card(usize),
    Hook(Vec<usize>),
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Deed {
    /// A replica is killed, and started again after this time; killed again while it starts, if the second is there.
    Kill { replica: usize, down: Duration, again: Option<Duration> },
    /// A replica stands still.
    Pause { replica: usize, length: Duration },
    /// PostgreSQL goes away and comes back.
    Restart { how: Stop, down: Duration },
    /// PostgreSQL ends every session.
    EndSessions,
    /// The network between one replica and PostgreSQL breaks.
    Cut { replica: usize },
    /// The network between one replica and PostgreSQL swallows everything.
    Hold { replica: usize, length: Duration },
    /// LINE WORKS fails.
    Fault(Value),
    /// Every call to LINE WORKS takes this long.
    Latency(u64),
    /// Access tokens end before their time.
    KillTokens,
    /// So many seconds go by at once, for every clock.
    TimeGoesBy(u32),
}

/// A whole run.
#[derive(Debug)]
pub struct Schedule {
    /// In the order in which they occurred.
    pub wishes: Vec<Wish>,
    pub calls: Vec<(Duration, Call)>,
    pub deeds: Vec<(Duration, Deed)>,
}

impl Schedule {
    pub fn of(plan: Plan) -> Self {
        let mut rng = Rng::with_seed(plan.seed);
        let told = wishes(plan, &mut rng);
        let calls = calls(&told, &mut rng);
        let mut deeds = deeds(plan, &mut rng);
        deeds.sort_by_key(|(at, _)| *at);
        Self { wishes: told.into_iter().map(|(_, wish)| wish).collect(), calls, deeds }
    }
}

fn part(of: Duration, from: f64, to: f64, rng: &mut Rng) -> Duration {
    of.mul_f64(from + (to - from) * rng.f64())
}

/// Everybody comes in the first quarter; two more things happen to each on average, until shortly before the end.
fn wishes(plan: Plan, rng: &mut Rng) -> Vec<(Duration, Wish)> {
    let first = |person| (0.0, 0.25, Wish { person, assigned: rng.u8(0..10) < 9 });
    let mut drawn: Vec<_> = (0..plan.people).map(first).collect();
    for _ in 0..plan.people * 2 {
        drawn.push((0.1, 0.95, Wish { person: rng.u32(0..plan.people), assigned: rng.u8(0..10) < 6 }));
    }
    let mut told: Vec<_> = drawn.into_iter().map(|(from, to, wish)| (part(plan.chaos, from, to, rng), wish)).collect();
    told.sort_by_key(|(at, _)| *at);
    told
}

/// Through one door or both, most at once and some late, some twice.
fn calls(told: &[(Duration, Wish)], rng: &mut Rng) -> Vec<(Duration, Call)> {
    let (mut calls, mut hooked) = (Vec::new(), Vec::new());
    for (wish, (at, _)) in told.iter().enumerate() {
        let door = rng.u8(0..20);
        let copies = if rng.u8(0..12) == 0 { 2 } else { 1 };
        for copy in 0..copies {
            let late = if rng.u8(0..5) == 0 || copy > 0 { rng.u64(0..6_000) } else { rng.u64(0..100) };
            let at = *at + Duration::from_millis(late);
            if door < 13 {
                calls.push((at, Call::Card(wish)));
            }
            if door >= 10 {
                hooked.push((at, wish));
            }
        }
    }
    hooked.sort();
    let mut rest = &hooked[..];
    while let [(_, _), ..] = rest {
        let (some, others) = rest.split_at(rng.usize(1..20).min(rest.len()));
        let mut batch: Vec<usize> = some.iter().map(|(_, wish)| *wish).collect();
        rng.shuffle(&mut batch);
        calls.push((some.last().expect("at least one").0, Call::Hook(batch)));
        rest = others;
    }
    calls
}

fn deeds(plan: Plan, rng: &mut Rng) -> Vec<(Duration, Deed)> {
    let mut deeds = Vec::new();
    let seconds = plan.chaos.as_secs();
    let each = |seconds_each: u64| (seconds / seconds_each).max(1);
    let replica = |rng: &mut Rng| rng.usize(0..plan.replicas());
    // Minutes of quota in a quarter of the time, so that whoever is new gets a member. Not in smaller steps: PostgreSQL
    // breaks off what is under way when its clock jumps, since it measures time limits by it.
    for second in (0..seconds / 4).step_by(3) {
        deeds.push((Duration::from_secs(second), Deed::TimeGoesBy(60)));
    }
    for _ in 0..seconds * 2 / 3 {
        let operation = rng.choice(OF_MEMBERS).expect("there are some");
        let at = part(plan.chaos, 0.03, 0.97, rng);
        // Where a minute goes by at once the pause after an unclear call does, too, and nobody can wait for what is late.
        let late = if at < plan.chaos.mul_f64(0.3) { 0..1 } else { LATE_MS };
        deeds.push((at, Deed::Fault(fault(rng, operation, true, late))));
    }
    let mut at_any_time = |deed: Deed, rng: &mut Rng| deeds.push((part(plan.chaos, 0.03, 0.97, rng), deed));
    for _ in 0..each(7) {
        let again = (rng.u8(0..4) == 0).then(|| Duration::from_millis(rng.u64(1..300)));
        let (replica, down) = (replica(rng), Duration::from_millis(rng.u64(0..3_000)));
        at_any_time(Deed::Kill { replica, down, again }, rng);
    }
    for _ in 0..each(15) {
        let (replica, length) = (replica(rng), Duration::from_millis(rng.u64(500..9_000)));
        at_any_time(Deed::Pause { replica, length }, rng);
    }
    for _ in 0..each(8) {
        at_any_time(Deed::Latency(rng.u64(0..150)), rng);
    }
    for _ in 0..each(25) {
        at_any_time(Deed::KillTokens, rng);
    }
    if plan.ledger == Ledger::Postgres {
        for n in 0..each(25) {
            let how = [Stop::Kill, Stop::Fast, Stop::Immediate][usize::try_from(n % 3).expect("small")];
            at_any_time(Deed::Restart { how, down: Duration::from_millis(rng.u64(0..2_500)) }, rng);
        }
        for _ in 0..each(15) {
            at_any_time(Deed::EndSessions, rng);
            at_any_time(Deed::Cut { replica: replica(rng) }, rng);
        }
        for _ in 0..each(30) {
            let (replica, length) = (replica(rng), Duration::from_millis(rng.u64(1_000..14_000)));
            at_any_time(Deed::Hold { replica, length }, rng);
        }
        // After the hours of quota: whoever saw a clock jump judges no lease for a while.
        for _ in 0..each(45) {
            let (replica, at) = (replica(rng), part(plan.chaos, 0.3, 0.65, rng));
            deeds.push((at, Deed::Pause { replica, length: PAST_THE_LEASE }));
        }
    }
    deeds
}
