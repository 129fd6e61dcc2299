//! From names to ids: what `name:…` means in this tenant, kept for a while, and the org units made on demand.
//!
//! Nothing is concluded from a list that is old: a name that is not found is looked for in a fresh one first. Org units
//! have no race-free create, so one at a time is made, of all replicas, after a fresh list that has entries; where
//! the outcome of a create is unclear, nothing is made until it can have no more effect and the list was read again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex as AsyncMutex;

use crate::clock::Clock;
use crate::domain::outcome::{Cause, Reason};
use crate::domain::profile::{NamedPlace, PlaceKind};
use crate::domain::reference::Reference;
use crate::ledger::Store;
use crate::ledger::duty;
use crate::lineworks::api::{Api, Call, Reply};
use crate::lineworks::listing::{self, List, Meaning, Place};
use crate::lineworks::{ApiError, Gate, Operation, address, echo, last_echo};

/// A list that is younger than this is not read again because a name is not in it.
const FRESH: Duration = Duration::from_secs(5);
/// An older list is forgotten when LINE WORKS refuses what was sent: an id in it may be gone since.
const DOUBTFUL: Duration = Duration::from_secs(60);

/// When whoever finds another process at it comes again.
const TURN: Duration = Duration::from_secs(2);

/// How names are looked up.
#[derive(Debug, Clone, Default)]
pub struct PlaceSettings {
    /// How long a list is believed in.
    pub cache_for: Duration,
    /// Whether an org unit that is named and does not exist is made.
    pub create_org_units: bool,
    /// The org unit (id or `externalKey:…`) new ones are made under; none: at the top.
    pub create_org_units_under: Option<String>,
    /// The domains of the tenant, whose groups may be named.
    pub domains: Vec<i64>,
}

/// A list as it was read.
#[derive(Debug, Clone)]
struct Known {
    places: Arc<Vec<Place>>,
    read_at: Timestamp,
}

impl Known {
    /// A list from the future, after the clock was set back, is not young either.
    fn is_younger_than(&self, limit: Duration, now: Timestamp) -> bool {
        Duration::try_from(now.duration_since(self.read_at)).is_ok_and(|age| age < limit)
    }
}

type Slot = Arc<AsyncMutex<Option<Known>>>;

/// The lists of one tenant.
pub(crate) struct Places {
    settings: PlaceSettings,
    clock: Clock,
    call_timeout: Duration,
    lists: Mutex<HashMap<(List, i64), Slot>>,
    /// Held by whoever makes an org unit; until that moment nobody may, since one may still come into being.
    making: AsyncMutex<Option<Timestamp>>,
    /// Where it is agreed on who makes org units.
    store: Option<Arc<dyn Store>>,
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Places {
    pub(crate) fn new(settings: PlaceSettings, call_timeout: Duration, clock: Clock) -> Self {
        Self { settings, clock, call_timeout, lists: Mutex::default(), making: AsyncMutex::default(), store: None }
    }

    /// The same, one maker of org units at a time for all on this ledger: other replicas, and who comes after a restart.
    pub(crate) fn sharing(self, store: Arc<dyn Store>) -> Self {
        Self { store: Some(store), ..self }
    }

    /// The domains of the tenant.
    pub(crate) fn domains(&self) -> &[i64] {
        &self.settings.domains
    }

    /// The id of a place in a profile; an org unit may be made for it.
    pub(crate) async fn id_of(&self, api: &Api, gate: &dyn Gate, place: &NamedPlace) -> Result<String, ApiError> {
        let list = List::of(place.kind);
        let known = self.looked_up(api, gate, list, place.domain_id, &place.name).await?;
        let makes = place.kind == PlaceKind::OrgUnit && self.settings.create_org_units;
        match listing::find(&known, &place.name) {
            Meaning::One(found) => Ok(found.id.clone()),
            Meaning::Several(found) => Err(listing::ambiguous(list, &known, &found, &place.name)),
            Meaning::Nothing if makes => self.made(api, gate, place).await,
            Meaning::Nothing => Err(listing::unknown(list, &known, &place.name)),
        }
    }

    /// The group a reference means, by id or key.
    pub(crate) async fn group(&self, api: &Api, gate: &dyn Gate, group: &Reference) -> Result<Reference, ApiError> {
        let Reference::Name(name) = group else { return Ok(group.clone()) };
        let mut all = Vec::new();
        for domain_id in &self.settings.domains {
            all.extend(self.looked_up(api, gate, List::Groups, *domain_id, name).await?.iter().cloned());
        }
        match listing::find(&all, name) {
            Meaning::One(found) => Ok(Reference::Id(found.id.clone())),
            Meaning::Several(found) => Err(listing::ambiguous(List::Groups, &all, &found, name)),
            Meaning::Nothing => Err(listing::unknown(List::Groups, &all, name)),
        }
    }

    /// Forgets the lists that are not of this minute. A list that is being read at the moment stays.
    pub(crate) fn doubt(&self) {
        let now = self.clock.now();
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        for mut slot in lists.values().filter_map(|slot| slot.try_lock().ok()) {
            if slot.as_ref().is_some_and(|known| !known.is_younger_than(DOUBTFUL, now)) {
                *slot = None;
            }
        }
    }

    /// The list, read again if the name does not mean one thing in a list that is not fresh.
    async fn looked_up(
        &self,
        api: &Api,
        gate: &dyn Gate,
        list: List,
        domain_id: i64,
        name: &str,
    ) -> Result<Arc<Vec<Place>>, ApiError> {
        let known = self.list(api, gate, list, domain_id, self.settings.cache_for).await?;
        match listing::find(&known, name) {
            Meaning::One(_) => Ok(known),
            Meaning::Nothing | Meaning::Several(_) => self.list(api, gate, list, domain_id, FRESH).await,
        }
    }

    /// The list, not older than that. Whoever comes while it is read waits for that reading.
    async fn list(
        &self,
        api: &Api,
        gate: &dyn Gate,
        list: List,
        domain_id: i64,
        oldest: Duration,
    ) -> Result<Arc<Vec<Place>>, ApiError> {
        let slot = self.slot(list, domain_id);
        let mut slot = slot.lock().await;
        let now = self.clock.now();
        if let Some(known) = slot.as_ref().filter(|known| known.is_younger_than(oldest, now)) {
            return Ok(Arc::clone(&known.places));
        }
        let places = Arc::new(listing::read(api, gate, list, domain_id).await?);
        *slot = Some(Known { places: Arc::clone(&places), read_at: now });
        Ok(places)
    }

    fn slot(&self, list: List, domain_id: i64) -> Slot {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lists.entry((list, domain_id)).or_default())
    }

    /// Makes the org unit, unless somebody else just did.
    async fn made(&self, api: &Api, gate: &dyn Gate, place: &NamedPlace) -> Result<String, ApiError> {
        let mut not_before = self.making.lock().await;
        let now = self.clock.now();
        if let Some(ahead) = not_before.and_then(|until| Duration::try_from(until.duration_since(now)).ok())
            && !ahead.is_zero()
        {
            let detail = "another org unit may just be coming into being";
            return Err(ApiError::TryLater { reason: Reason::with(Cause::Paced, detail), after: Some(ahead) });
        }
        let Some(store) = &self.store else { return self.made_alone(api, gate, place, &mut not_before).await };
        let taken = duty::hold_through(store, &self.clock, duty::ORG_UNITS, last_echo(self.call_timeout)).await;
        let Ok(Some(turn)) = taken else {
            let detail = "another process makes an org unit at the moment, or one that died may have made one";
            return Err(ApiError::TryLater { reason: Reason::with(Cause::Paced, detail), after: Some(TURN) });
        };
        let made = tokio::select! {
            made = self.made_alone(api, gate, place, &mut not_before) => made,
            () = turn.lost() => Err(ApiError::Unclear(Reason::with(Cause::Paced, "another replica makes org units by now"))),
        };
        match &made {
            Err(ApiError::Unclear(_)) => turn.leave_for(echo(self.call_timeout)).await,
            _ => turn.give_back().await,
        }
        made
    }

    /// The same for whoever is alone with it.
    async fn made_alone(
        &self,
        api: &Api,
        gate: &dyn Gate,
        place: &NamedPlace,
        not_before: &mut Option<Timestamp>,
    ) -> Result<String, ApiError> {
        let list = List::OrgUnits;
        // First what is known, for whoever waited for the very same org unit; then what is so at this moment.
        let mut known = self.list(api, gate, list, place.domain_id, self.settings.cache_for).await?;
        if listing::find(&known, &place.name) == Meaning::Nothing {
            known = self.list(api, gate, list, place.domain_id, Duration::ZERO).await?;
        }
        match listing::find(&known, &place.name) {
            Meaning::One(found) => return Ok(found.id.clone()),
            Meaning::Several(found) => return Err(listing::ambiguous(list, &known, &found, &place.name)),
            Meaning::Nothing => {}
        }
        // An empty list may be a fault of the other side, and is no reason to make anything.
        if known.is_empty() {
            return Err(listing::unknown(list, &known, &place.name));
        }
        let last = known.iter().map(|place| place.display_order).max().unwrap_or_default();
        match self.post(api, gate, place, last.saturating_add(1).max(1)).await {
            Ok(made) => {
                let id = made.id.clone();
                self.remember(place.domain_id, made).await;
                tracing::info!(org_unit_id = id, domain_id = place.domain_id, "an org unit was made in LINE WORKS");
                Ok(id)
            }
            Err(error) => {
                if matches!(error, ApiError::Unclear(_)) {
                    let quiet = SignedDuration::try_from(echo(self.call_timeout)).unwrap_or(SignedDuration::MAX);
                    *not_before = Some(self.clock.now().checked_add(quiet).unwrap_or(Timestamp::MAX));
                }
                *self.slot(list, place.domain_id).lock().await = None;
                Err(error)
            }
        }
    }

    /// LINE WORKS Directory API, orgunit-create: `displayOrder` is required.
    async fn post(&self, api: &Api, gate: &dyn Gate, place: &NamedPlace, order: i64) -> Result<Place, ApiError> {
        let mut body = json!({"domainId": place.domain_id, "orgUnitName": place.name, "displayOrder": order});
        if let Some(parent) = &self.settings.create_org_units_under {
            body["parentOrgUnitId"] = Value::from(parent.as_str());
        }
        let (operation, url) = (Operation::CreateOrgUnit, address::under(api.base(), "v1.0/orgunits"));
        let call = Call { operation, method: Method::POST, url, body: Some(body) };
        let made = match api.call(gate, &call).await? {
            Reply::Done(Some(object)) => Place::read(List::OrgUnits, &object),
            Reply::Done(None) | Reply::Absent => None,
        };
        let unclear = || Reason::with(Cause::LineWorksFailing, "an org unit was made, but the answer lacks its id");
        made.map(|made| Place { name: place.name.clone(), ..made }).ok_or_else(|| ApiError::Unclear(unclear()))
    }

    async fn remember(&self, domain_id: i64, made: Place) {
        // A reading in between may have seen it already.
        if let Some(known) = self.slot(List::OrgUnits, domain_id).lock().await.as_mut()
            && known.places.iter().all(|place| place.id != made.id)
        {
            Arc::make_mut(&mut known.places).push(made);
        }
    }
}
