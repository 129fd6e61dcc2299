//! The promise as a whole: whatever happens in Okta, however events come or do not come, whatever fails and whenever the
//! program is killed, once everything is up again LINE WORKS equals Okta, and nobody was ever touched by two calls at once.
//!
//! A schedule comes from a seed: people are hired, assigned, changed, suspended and leave; calls to both sides fail; the
//! real program is killed with SIGKILL, and time goes by. What is judged is what the sandbox has, not what the program
//! says of it. `OKTA_PROPERTY_SEED=7` repeats one schedule (its moments vary with the machine), `OKTA_PROPERTY_SEEDS=50`
//! runs as many in each test.

mod chaos;
mod deeds;
mod verdict;
mod world;

use fastrand::Rng;

use world::World;

/// How events come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hook {
    /// With losses, twice, late and in disorder.
    Lossy,
    /// Twice, late and in disorder, but each of them in the end.
    Faithful,
    /// Never.
    Silent,
}

/// What is the same in a whole schedule.
#[derive(Debug, Clone, Copy)]
struct Variant {
    hook: Hook,
    /// Whether the program may ask Okta; it catches up then, too.
    asks: bool,
    /// `unassign.max_per_hour`.
    cap: u32,
    /// How often the program is started.
    lives: u32,
}

/// A cap that nobody reaches.
const NO_CAP: u32 = 100_000;
/// Suspensions and deletions an hour, in the test of the cap.
const CAP: u32 = 3;

const BOTH: Variant = Variant { hook: Hook::Lossy, asks: true, cap: NO_CAP, lives: 6 };

#[tokio::test(flavor = "multi_thread")]
async fn with_hook_and_catch_up_line_works_equals_okta_in_the_end() {
    for_every_seed(BOTH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_hook_that_never_delivers_line_works_equals_okta_in_the_end() {
    for_every_seed(Variant { hook: Hook::Silent, ..BOTH }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_access_to_okta_a_hook_that_loses_nothing_is_enough() {
    for_every_seed(Variant { hook: Hook::Faithful, asks: false, lives: 5, ..BOTH }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_low_cap_holds_the_rest_and_nobody_else() {
    for_every_seed(Variant { cap: CAP, lives: 4, ..BOTH }).await;
}

async fn for_every_seed(variant: Variant) {
    for seed in seeds() {
        println!("OKTA_PROPERTY_SEED={seed} {variant:?}");
        run(seed, variant).await;
    }
}

fn seeds() -> Vec<u64> {
    #[expect(clippy::disallowed_methods, reason = "whoever looks for faults says how long")]
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    match (number("OKTA_PROPERTY_SEED"), number("OKTA_PROPERTY_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(count)) => (0..count).map(|_| fastrand::u64(..)).collect(),
        (None, None) => vec![fastrand::u64(..)],
    }
}

async fn run(seed: u64, variant: Variant) {
    let mut world = World::begin(variant, Rng::with_seed(seed)).await;
    world.hire_everybody().await;
    world.remember_who_is_entitled().await;
    for _ in 0..variant.lives {
        world.live().await;
        world.die().await;
        world.be_down().await;
    }
    world.calm_down().await;
    world.the_sender_kept_its_word().await;
    if variant.cap < NO_CAP {
        world.the_rest_is_held().await;
        world.approve_the_rest().await;
    }
    world.whoever_is_not_shown_is_decided_on().await;
    world.line_works_equals_okta(verdict::Leavers::AreSuspended).await;
    if variant.cap == NO_CAP {
        world.the_delay_goes_by().await;
        world.line_works_equals_okta(verdict::Leavers::AreDeleted).await;
    }
    world.nobody_was_touched_by_two().await;
    world.no_event_was_lost().await;
    world.okta_was_asked_right_before().await;
    world.nothing_was_taken_from_the_entitled().await;
    println!("{}", world.tally().await);
}
