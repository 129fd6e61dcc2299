//! The ledger on PostgreSQL: one database, as many replicas as there are.
//!
//! `hands` runs the statements in tasks of its own, so that no caller ever holds a connection; `connect` and `tls` make
//! the connections, `migrate` brings the tables up to date, `side` moves a ledger to another database. `batch` commits what is waiting together; `accept`, `image`,
//! `people`, `events`, `anew` and `org` receive events, `hear` operators' words. `work`, `admit` and `settle` are the workers' side, `learnt`, `rehire` and
//! `keep` what goes with it, `read` answers questions. `bell` wakes the other replicas, `time` keeps all of them on the
//! database's clock. Order of locks for people: see `accept`.

mod accept;
mod admit;
mod anew;
mod batch;
mod bell;
mod columns;
mod connect;
mod events;
mod hands;
mod hear;
mod image;
mod keep;
mod learnt;
mod migrate;
mod org;
mod people;
mod read;
mod rehire;
mod settle;
pub(super) mod side;
mod time;
mod tls;
mod work;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::schema::Standing;
use super::wake::Wake;
use super::{
    Admission, Admitted, Answer, ClaimRequest, Claimed, EventRecord, Heard, History, Incoming, Lease, ListRequest,
    NotedEvent, NotedRequest, OpenError, OperatorWord, Settlement, Store, TakeOver, Tally,
};
use crate::clock::Clock;
use crate::domain::assignment::Assignment;
use crate::domain::event::Receipt;
use crate::domain::ids::OktaUserId;
use crate::domain::outcome::Cause;
use crate::lineworks::{Operation, Quota};
use batch::Batches;
use bell::{Bell, Line, Ring, Ringer};
use connect::Connector;
use hands::Hands;
use time::Time;
use work::Mine;

pub use connect::{Address, Encryption};

/// The ledger in one PostgreSQL database.
pub struct PostgresStore {
    owner: String,
    hands: Hands,
    batches: Batches,
    bell: Bell,
    wake: Arc<Wake>,
    time: Arc<Time>,
    _closing: DropGuard,
}

impl PostgresStore {
    /// Opens the ledger, making its tables if they are not there, and brings it up to date. `clock` follows the
    /// database's from now on. At most `connections` work at the same time, and one more listens. Must be called on the
    /// runtime that is to have the connections; the methods may be called on any.
    ///
    /// # Errors
    /// Says when the database cannot be reached, is too new, or is none for a ledger. No text has the password in it.
    pub async fn open(address: &Address, connections: usize, clock: &Clock) -> Result<Self, OpenError> {
        let unusable = |cause: String| OpenError::Unusable { path: address.shown(), cause };
        let connector = Connector::new(address)?;
        let line = Line::connect(&connector).await.map_err(unusable)?;
        if !line.shares().await.map_err(unusable)? {
            return Err(OpenError::InUse { path: address.shown() });
        }
        side::refuse_copies(line.client(), &address.shown()).await?;
        migrate::migrate(line.client(), address).await?;
        let time = Arc::new(Time::new(clock.clone()));
        let (database_us, asked) = line.clock().await.map_err(unusable)?;
        time.begin(database_us, asked);
        line.listen().await.map_err(unusable)?;

        let (runtime, owner) = (Handle::current(), uuid::Uuid::new_v4().to_string());
        let (wake, closing) = (Arc::<Wake>::default(), CancellationToken::new());
        let hands = Hands::new(connector.clone(), connections, runtime.clone());
        // The first caller need not wait for a connection, and a server that has none left says so now.
        hands.read((), |db, ()| Box::pin(Time::ask(db))).await.map_err(|error| unusable(error.to_string()))?;
        let batches = Batches::start(hands.clone(), &runtime);
        let ringer = Ringer {
            connector,
            wake: Arc::clone(&wake),
            time: Arc::clone(&time),
            owner: owner.clone(),
            closing: closing.clone(),
        };
        let bell = Bell::start(ringer, line, &runtime);
        Ok(Self { owner, hands, batches, bell, wake, time, _closing: closing.drop_guard() })
    }

    fn mine<T>(&self, lease: &Lease, what: T) -> Mine<T> {
        Mine { owner: self.owner.clone(), lease: lease.clone(), what }
    }

    fn ring_due(&self) {
        self.wake.ring_due();
        self.bell.ring(Ring::Due);
    }
}

/// Where the database stands; nothing is made or changed.
pub(super) async fn standing(address: &Address) -> Result<Standing, OpenError> {
    let line = connect_line(address).await?;
    migrate::standing(line.client(), address).await
}

/// Makes the tables, or brings them up to date; where the database stood before. Services may be at work meanwhile.
pub(super) async fn migrate_alone(address: &Address) -> Result<Standing, OpenError> {
    let line = connect_line(address).await?;
    migrate::migrate(line.client(), address).await
}

async fn connect_line(address: &Address) -> Result<Line, OpenError> {
    let connected = Line::connect(&Connector::new(address)?).await;
    connected.map_err(|cause| OpenError::Unusable { path: address.shown(), cause })
}

impl Store for PostgresStore {
    fn is_shared(&self) -> bool {
        true
    }

    fn accept(&self, events: Vec<Incoming>) -> Answer<'_, Vec<Receipt>> {
        Box::pin(async move {
            let receipts = self.batches.accept(events).await?;
            self.ring_due();
            Ok(receipts)
        })
    }

    fn note(&self, event: NotedEvent) -> Answer<'_, ()> {
        Box::pin(self.hands.write(event, |db, event| Box::pin(events::note(db, event))))
    }

    fn claim(&self, request: ClaimRequest) -> Answer<'_, Vec<Claimed>> {
        let claim = work::Claim { owner: self.owner.clone(), time: Arc::clone(&self.time), request };
        Box::pin(self.hands.write(claim, |db, claim| Box::pin(work::claim(db, claim))))
    }

    fn admit(&self, lease: &Lease, admission: Admission) -> Answer<'_, Admitted> {
        let asking = self.mine(lease, admit::Asking { time: Arc::clone(&self.time), admission });
        Box::pin(self.hands.write(asking, |db, asking| Box::pin(admit::admit(db, asking))))
    }

    fn settle(&self, lease: &Lease, settlement: Settlement) -> Answer<'_, bool> {
        let (person, mine) = (lease.person.clone(), self.mine(lease, settlement));
        Box::pin(async move {
            let written = self.hands.write(mine, |db, mine| Box::pin(settle::settle(db, mine))).await?;
            self.wake.ring_settled(&person);
            self.wake.ring_due();
            self.bell.ring(Ring::Settled(person));
            Ok(written)
        })
    }

    fn abandon(&self, lease: &Lease) -> Answer<'_, ()> {
        let mine = self.mine(lease, ());
        Box::pin(self.hands.write(mine, |db, mine| Box::pin(work::abandon(db, mine))))
    }

    fn learn_quota(&self, operation: Operation, quota: Quota, now: Timestamp) -> Answer<'_, ()> {
        let learnt = (operation, quota, now);
        Box::pin(self.hands.write(learnt, |db, learnt| Box::pin(admit::learn_quota(db, learnt))))
    }

    fn release_waiting(&self, cause: Cause, at_most: usize, now: Timestamp) -> Answer<'_, usize> {
        Box::pin(async move {
            let asked = (cause, at_most, now);
            let released = self.hands.write(asked, |db, asked| Box::pin(keep::release_waiting(db, asked))).await?;
            self.ring_due();
            Ok(released)
        })
    }

    fn hear(&self, word: OperatorWord) -> Answer<'_, Heard> {
        Box::pin(async move {
            let heard = self.hands.write(word, |db, word| Box::pin(hear::hear(db, word))).await?;
            self.ring_due();
            Ok(heard)
        })
    }

    fn assignment(&self, person: &OktaUserId) -> Answer<'_, Option<Assignment>> {
        Box::pin(self.hands.read(person.clone(), |db, person| Box::pin(read::assignment(db, person))))
    }

    fn history(&self, person: &OktaUserId) -> Answer<'_, History> {
        Box::pin(self.hands.read(person.clone(), |db, person| Box::pin(read::history(db, person))))
    }

    fn list(&self, request: ListRequest) -> Answer<'_, Vec<Assignment>> {
        Box::pin(self.hands.read(request, |db, request| Box::pin(read::list(db, request))))
    }

    fn noted(&self, request: NotedRequest) -> Answer<'_, Vec<EventRecord>> {
        Box::pin(self.hands.read(request, |db, request| Box::pin(read::noted(db, request))))
    }

    fn holder_of_key(&self, key: &str, except: &OktaUserId) -> Answer<'_, Option<OktaUserId>> {
        let asked = (key.to_owned(), except.clone());
        Box::pin(self.hands.read(asked, |db, asked| Box::pin(read::holder_of_key(db, asked))))
    }

    fn deleted_with_login(&self, login: &str, except: &OktaUserId) -> Answer<'_, Option<OktaUserId>> {
        let asked = (login.to_owned(), except.clone());
        Box::pin(self.hands.read(asked, |db, asked| Box::pin(rehire::deleted_with_login(db, asked))))
    }

    fn take_over(&self, lease: &Lease, from: &OktaUserId, now: Timestamp) -> Answer<'_, TakeOver> {
        let mine = self.mine(lease, (from.clone(), now));
        Box::pin(self.hands.write(mine, |db, mine| Box::pin(rehire::take_over(db, mine))))
    }

    fn tally(&self, now: Timestamp) -> Answer<'_, Tally> {
        Box::pin(self.hands.read(now, |db, now| Box::pin(read::tally(db, now))))
    }

    fn next_due(&self) -> Answer<'_, Option<Timestamp>> {
        Box::pin(self.hands.read(self.owner.clone(), |db, owner| Box::pin(read::next_due(db, owner))))
    }

    fn load(&self, name: &str) -> Answer<'_, Option<Vec<u8>>> {
        Box::pin(self.hands.read(name.to_owned(), |db, name| Box::pin(keep::load(db, name))))
    }

    fn save(&self, name: &'static str, value: Vec<u8>, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.hands.write((name, value, now), |db, asked| Box::pin(keep::save(db, asked))))
    }

    fn replace(&self, name: &str, was: Option<Vec<u8>>, is: Option<Vec<u8>>, now: Timestamp) -> Answer<'_, bool> {
        let asked = keep::Replacement { name: name.to_owned(), was, is, now };
        Box::pin(async move {
            let replaced = self.hands.write(asked, |db, asked| Box::pin(keep::replace(db, asked))).await?;
            self.ring_due();
            Ok(replaced)
        })
    }

    fn take_duty(&self, name: &'static str, holder: &str, now: Timestamp, lease: Duration) -> Answer<'_, bool> {
        let asked = (name, holder.to_owned(), now, lease);
        Box::pin(self.hands.write(asked, |db, asked| Box::pin(keep::take_duty(db, asked))))
    }

    fn release_duty(&self, name: &'static str, holder: &str) -> Answer<'_, ()> {
        let asked = (name, holder.to_owned());
        Box::pin(self.hands.write(asked, |db, asked| Box::pin(keep::release_duty(db, asked))))
    }

    fn prune(&self, before: Timestamp) -> Answer<'_, usize> {
        Box::pin(self.hands.write(before, |db, before| Box::pin(keep::prune(db, before))))
    }

    fn wake(&self) -> &Wake {
        &self.wake
    }
}
