//! The card's door: `PUT` says a person has the app, `DELETE` that they lost it, `GET` asks how it stands.
//!
//! A call is stored first and then, if its `Prefer` header lets it, waited for: LINE WORKS' side is the workers' part
//! and is only watched from here. Whatever the outcome, what was answered with 2xx or 422 is on disk.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::{Data, Path};
use actix_web::{Either, HttpRequest, HttpResponse};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::caller::{Caller, Role};
use super::problem::{Code, FieldProblem, Problem, field_errors};
use super::view::{self, Outcome};
use super::{CARD_LIMIT, Doors, EventTime};
use crate::domain::assignment::{Assignment, State};
use crate::domain::event::{Event, EventKind, ProfileWish, Receipt, Source, UnassignPolicy, Verdict};
use crate::domain::ids::{EventKey, OktaUserId};
use crate::domain::profile::Profile;
use crate::ledger::Incoming;

/// How long a call waits for the outcome unless it says otherwise.
const WAIT: Duration = Duration::from_secs(10);
/// The longest wait: the Workflows HTTP card gives up at 30 s.
const LONGEST_WAIT: Duration = Duration::from_secs(25);
/// How far ahead of our clock an occurrence may lie.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

type Answer = Either<HttpResponse, Problem>;

fn answer(outcome: Result<HttpResponse, Problem>) -> Answer {
    match outcome {
        Ok(response) => Either::Left(response),
        Err(problem) => Either::Right(problem),
    }
}

/// A raw body, read only after the caller may send one.
pub(super) struct RawBody(Payload);

impl actix_web::FromRequest for RawBody {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(RawBody(payload.take())))
    }
}

impl RawBody {
    pub(super) fn into_payload(self) -> Payload {
        self.0
    }
}

/// `PUT /v1/assignments/{oktaUserId}`
pub(super) async fn put(doors: Data<Doors>, request: HttpRequest, person: Path<String>, body: RawBody) -> Answer {
    answer(assign(&doors, &request, &person, body).await)
}

async fn assign(doors: &Doors, request: &HttpRequest, person: &str, body: RawBody) -> Result<HttpResponse, Problem> {
    let (caller, body) = doors.card(request, body, &[Role::Card]).await?;
    let wait = preferred_wait(request)?;
    let wish = AssignBody::parse(&body)?;
    let arrived = doors.clock.now();
    let mut faults = Vec::new();
    let person = parse_person(person, &mut faults);
    let key = parse_key(wish.event_id.as_deref(), &mut faults);
    let occurred = doors.occurred(wish.occurred_at.as_deref(), arrived, &mut faults);
    let (Some(person), Some(key), Some(occurred)) = (person, key, occurred) else {
        return Err(Problem::fields(faults));
    };
    let profile = wish.user.map(|user| match Profile::parse(&user, &doors.settings.rules) {
        Ok(profile) => ProfileWish::Valid(profile),
        Err(fields) => ProfileWish::Refused { fields, thin: false },
    });
    let refused = match &profile {
        Some(ProfileWish::Refused { fields, .. }) => Some(fields.clone()),
        _ => None,
    };
    let event = Event {
        person,
        key,
        kind: EventKind::Assigned,
        source: Source::Card,
        caller: caller.name().to_owned(),
        occurred,
        arrived,
        profile,
        policy: None,
    };
    let person = event.person.clone();
    let receipt = doors.accept(event).await?;
    match refused {
        // Kept as membership, and its caller hears of every bad field at once; unless it changed nothing.
        Some(fields) if receipt.verdict.changes_facts() => {
            Err(Problem::of(Code::ProfileRefused).with_errors(field_errors(&fields)))
        }
        _ => doors.watch(&person, receipt, wait).await,
    }
}

/// `DELETE /v1/assignments/{oktaUserId}`
pub(super) async fn delete(doors: Data<Doors>, request: HttpRequest, person: Path<String>, body: RawBody) -> Answer {
    answer(unassign(&doors, &request, &person, body).await)
}

async fn unassign(doors: &Doors, request: &HttpRequest, person: &str, body: RawBody) -> Result<HttpResponse, Problem> {
    let (caller, body) = doors.card(request, body, &[Role::Card]).await?;
    if !body.is_empty() {
        return Err(Problem::of(Code::BodyNotAllowed));
    }
    let wait = preferred_wait(request)?;
    let arrived = doors.clock.now();
    let mut faults = Vec::new();
    let query = UnassignQuery::parse(request.query_string(), &mut faults);
    let person = parse_person(person, &mut faults);
    let key = parse_key(query.event_id.as_deref(), &mut faults);
    let occurred = doors.occurred(query.occurred_at.as_deref(), arrived, &mut faults);
    let policy = doors.policy(query.policy.as_deref(), &mut faults);
    let (Some(person), Some(key), Some(occurred), Some(policy), true) =
        (person, key, occurred, policy, faults.is_empty())
    else {
        return Err(Problem::fields(faults));
    };
    let event = Event {
        person,
        key,
        kind: EventKind::Unassigned,
        source: Source::Card,
        caller: caller.name().to_owned(),
        occurred,
        arrived,
        profile: None,
        policy,
    };
    let person = event.person.clone();
    let receipt = doors.accept(event).await?;
    doors.watch(&person, receipt, wait).await
}

/// `GET /v1/assignments/{oktaUserId}`; an admin also gets the history.
pub(super) async fn get(doors: Data<Doors>, request: HttpRequest, person: Path<String>, body: RawBody) -> Answer {
    answer(show(&doors, &request, &person, body).await)
}

async fn show(doors: &Doors, request: &HttpRequest, person: &str, body: RawBody) -> Result<HttpResponse, Problem> {
    let (caller, _) = doors.card(request, body, &[Role::Admin, Role::Card]).await?;
    let mut faults = Vec::new();
    let Some(person) = parse_person(person, &mut faults) else { return Err(Problem::fields(faults)) };
    let Some(row) = doors.store.assignment(&person).await? else {
        return Err(Problem::of(Code::UnknownAssignment));
    };
    let view = view::assignment(&row, doors.settings.unassign);
    if caller.role() != Role::Admin {
        return Ok(HttpResponse::Ok().json(view));
    }
    let history = doors.store.history(&person).await?;
    Ok(HttpResponse::Ok().json(view::with_history(view, &history)))
}

impl Doors {
    /// The caller of a card's call, by bearer secret or by signature, and the body.
    async fn card(
        &self,
        request: &HttpRequest,
        body: RawBody,
        roles: &[Role],
    ) -> Result<(Caller, actix_web::web::Bytes), Problem> {
        let callers = &self.settings.callers;
        if !callers.card_door_is_open() && roles == [Role::Card] {
            return Err(Problem::of(Code::NotFound));
        }
        let bearer = callers.bearer(request, roles).await?;
        let body = self.body(request, body.into_payload(), CARD_LIMIT).await?;
        let caller = match bearer {
            Some(caller) => caller,
            None => callers.signer(request, &body, self.clock.now()).await?,
        };
        Ok((caller, body))
    }

    /// When it occurred: what the caller says, not more than five minutes ahead of our clock.
    fn occurred(&self, said: Option<&str>, arrived: Timestamp, faults: &mut Vec<FieldProblem>) -> Option<Timestamp> {
        let Some(said) = said else {
            if self.settings.event_time == EventTime::Arrival {
                return Some(arrived);
            }
            faults.push(FieldProblem::new(
                "occurredAt",
                "missing",
                "say when it happened in Okta (the event's `published`, never the time of sending), or set inbound.event_time = \"arrival\"",
                "Okta での発生時刻(送信時刻ではなくイベントの `published`)を指定するか、inbound.event_time = \"arrival\" を設定してください",
            ));
            return None;
        };
        // In a query an unescaped + arrives as a space.
        let parsed: Result<Timestamp, _> = said.parse().or_else(|_| said.replace(' ', "+").parse());
        let Ok(occurred) = parsed else {
            faults.push(FieldProblem::new(
                "occurredAt",
                "bad_format",
                "write it as ISO 8601 with an offset, such as 2026-04-01T09:00:00.000Z or 2026-04-01T18:00:00+09:00",
                "オフセット付きの ISO 8601 形式で記述してください(例: 2026-04-01T09:00:00.000Z、2026-04-01T18:00:00+09:00)",
            ));
            return None;
        };
        if occurred.duration_since(arrived) > AHEAD {
            faults.push(FieldProblem::new(
                "occurredAt",
                "in_the_future",
                "it lies more than 5 minutes ahead of this service's clock; check the offset (nine hours ahead means Japanese time written as UTC) and both clocks",
                "本サービスの時計より 5 分以上先の時刻です。オフセット(9 時間先なら日本時間を UTC と記述しています)と双方の時計を確認してください",
            ));
            return None;
        }
        // The ledger stores milliseconds; what is compared must be what is stored.
        Timestamp::from_millisecond(occurred.as_millisecond()).ok()
    }

    /// The policy a call asks for: never harsher than the configured one, unless that is allowed.
    fn policy(&self, said: Option<&str>, faults: &mut Vec<FieldProblem>) -> Option<Option<UnassignPolicy>> {
        let Some(said) = said else { return Some(None) };
        let policy = match said {
            "suspend" => UnassignPolicy::Suspend,
            "suspend_then_delete" => UnassignPolicy::SuspendThenDelete,
            "delete" => UnassignPolicy::Delete,
            _ => {
                faults.push(FieldProblem::new(
                    "policy",
                    "unknown",
                    "use suspend, suspend_then_delete or delete",
                    "suspend、suspend_then_delete、delete のいずれかを指定してください",
                ));
                return None;
            }
        };
        if policy > self.settings.unassign && !self.settings.allow_call_policy {
            faults.push(FieldProblem::new(
                "policy",
                "not_allowed",
                "a call may only choose a milder policy than the configured unassign.policy; unassign.allow_call_policy = true allows any",
                "呼び出しでは設定の unassign.policy より緩やかなものだけを指定できます。unassign.allow_call_policy = true ですべて許可されます",
            ));
            return None;
        }
        Some(Some(policy))
    }

    /// Stores the event; it is on disk when this returns.
    async fn accept(&self, event: Event) -> Result<Receipt, Problem> {
        let receipts = self.store.accept(vec![Incoming::Event(event)]).await?;
        receipts.into_iter().next().ok_or_else(|| Problem::of(Code::Internal))
    }

    /// Watches until LINE WORKS matches the wish, somebody must act, or the wait is over. A copy of an event may have
    /// been applied long ago: how that stands is told also without a wait.
    async fn watch(&self, person: &OktaUserId, receipt: Receipt, wait: Duration) -> Result<HttpResponse, Problem> {
        let Receipt { verdict, revision } = receipt;
        if wait.is_zero() && verdict != Verdict::Duplicate {
            return Ok(view::stored(person, revision, json!(verdict)));
        }
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let settled = self.store.wake().settled(person);
            let row = self.store.assignment(person).await?.ok_or_else(|| Problem::of(Code::Internal))?;
            let in_time = tokio::time::timeout_at(deadline, std::future::pending::<()>());
            if is_decided(&row, revision) {
                return self.outcome(&row, revision, verdict);
            }
            tokio::select! {
                _ = settled => {}
                _ = in_time => return self.outcome(&row, revision, verdict),
                () = self.stopping.cancelled() => return self.outcome(&row, revision, verdict),
            }
        }
    }

    fn outcome(&self, row: &Assignment, revision: u64, verdict: Verdict) -> Result<HttpResponse, Problem> {
        let extra = [("verdict", json!(verdict))];
        match view::outcome(row, revision, &extra, self.settings.unassign) {
            Outcome::Answer(response) => Ok(response),
            Outcome::Parked(problem) => Err(problem),
        }
    }
}

/// Whether waiting longer can change nothing without a new event or a human.
fn is_decided(row: &Assignment, revision: u64) -> bool {
    match row.state {
        State::Parked { .. } | State::Held { .. } => true,
        State::Settled { .. } | State::Due | State::Running | State::Waiting { .. } => row.applied_revision >= revision,
    }
}

/// `Prefer: wait=N` (RFC 7240), in seconds.
fn preferred_wait(request: &HttpRequest) -> Result<Duration, Problem> {
    let preferences = request.headers().get_all("prefer").filter_map(|value| value.to_str().ok());
    let wait = preferences
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|preference| preference.trim().split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"));
    let Some((_, seconds)) = wait else { return Ok(WAIT) };
    match seconds.trim().trim_matches('"').parse::<u64>() {
        Ok(seconds) => Ok(Duration::from_secs(seconds).min(LONGEST_WAIT)),
        Err(_) => Err(Problem::fields(vec![FieldProblem::new(
            "Prefer",
            "bad_format",
            "write the header as Prefer: wait=10 (whole seconds, 0 to 25)",
            "ヘッダーは Prefer: wait=10 のように記述してください(0〜25 の整数秒)",
        )])),
    }
}

fn parse_person(text: &str, faults: &mut Vec<FieldProblem>) -> Option<OktaUserId> {
    text.parse()
        .map_err(|error: crate::domain::ids::BadId| {
            faults.push(FieldProblem::new(
                "oktaUserId",
                "bad_format",
                error.to_string(),
                "Okta ユーザー ID(00u で始まる英数字)を指定してください。ログイン名や 0ua で始まる ID ではありません",
            ));
        })
        .ok()
}

fn parse_key(text: Option<&str>, faults: &mut Vec<FieldProblem>) -> Option<Option<EventKey>> {
    let Some(text) = text else { return Some(None) };
    match text.parse() {
        Ok(key) => Some(Some(key)),
        Err(error) => {
            let error: crate::domain::ids::BadId = error;
            faults.push(FieldProblem::new(
                "eventId",
                "bad_format",
                error.to_string(),
                "イベントの UUID など、空白を含まない 1〜200 文字の ASCII を指定してください",
            ));
            None
        }
    }
}

/// A PUT's body: `{"user": {…}, "eventId": "…", "occurredAt": "…"}`, every member optional here.
#[derive(Default)]
struct AssignBody {
    user: Option<Value>,
    event_id: Option<String>,
    occurred_at: Option<String>,
}

impl AssignBody {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.is_empty() {
            return Err(Problem::of(Code::MalformedJson).detail("The body is empty.", "本文が空です。"));
        }
        let parsed: Value = serde_json::from_slice(body).map_err(|error| {
            let at = format!("It breaks at line {}, column {}.", error.line(), error.column());
            let at_ja = format!("{} 行 {} 列で解釈できません。", error.line(), error.column());
            Problem::of(Code::MalformedJson).detail(at, at_ja)
        })?;
        let Value::Object(members) = parsed else {
            return Err(Problem::of(Code::MalformedJson).detail("It is not an object.", "オブジェクトではありません。"));
        };
        let mut faults = Vec::new();
        let body = Self::from_members(members, &mut faults);
        if faults.is_empty() { Ok(body) } else { Err(Problem::fields(faults)) }
    }

    fn from_members(members: Map<String, Value>, faults: &mut Vec<FieldProblem>) -> Self {
        let mut body = Self::default();
        for (name, value) in members {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("user", value @ Value::Object(_)) => body.user = Some(value),
                ("eventId", Value::String(text)) => body.event_id = Some(text),
                ("occurredAt", Value::String(text)) => body.occurred_at = Some(text),
                ("user" | "eventId" | "occurredAt", _) => {
                    let kind = if name == "user" { "an object" } else { "a text" };
                    let kind_ja = if name == "user" { "オブジェクト" } else { "文字列" };
                    faults.push(FieldProblem::new(
                        name,
                        "wrong_type",
                        format!("send {kind}"),
                        format!("{kind_ja}で送信してください"),
                    ));
                }
                _ => faults.push(unknown_field(&name, &["user", "eventId", "occurredAt"])),
            }
        }
        body
    }
}

/// A DELETE's query.
#[derive(Default)]
struct UnassignQuery {
    event_id: Option<String>,
    occurred_at: Option<String>,
    policy: Option<String>,
}

impl UnassignQuery {
    fn parse(query: &str, faults: &mut Vec<FieldProblem>) -> Self {
        let mut parsed = Self::default();
        let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(query);
        for (name, value) in pairs.map(actix_web::web::Query::into_inner).unwrap_or_default() {
            // The Delete card sends a parameter whose value is not filled as an empty one.
            if value.is_empty() {
                continue;
            }
            match name.as_str() {
                "eventId" => parsed.event_id = Some(value),
                "occurredAt" => parsed.occurred_at = Some(value),
                "policy" => parsed.policy = Some(value),
                _ => faults.push(unknown_field(&name, &["eventId", "occurredAt", "policy"])),
            }
        }
        parsed
    }
}

/// Suggests the field that is meant where the name is close to one, as `domain::profile` does; else names them all.
fn unknown_field(name: &str, known: &[&str]) -> FieldProblem {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    let wanted = shown.to_lowercase();
    let close = known
        .iter()
        .map(|known| (strsim::jaro_winkler(&known.to_lowercase(), &wanted), *known))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let (message, message_ja) = match close {
        Some((_, close)) => (
            format!("there is no such field; did you mean {close}?"),
            format!("このような項目はありません。{close} ではありませんか"),
        ),
        None => (
            format!("there is no such field; there are {}", known.join(", ")),
            format!("このような項目はありません。使用できるのは {} です", known.join("、")),
        ),
    };
    FieldProblem::new(shown, "unknown_field", message, message_ja)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_card_waits_10_seconds_unless_it_says_otherwise_and_25_at_most() {
        let waits = |prefer: &str| {
            let request = TestRequest::default().insert_header(("Prefer", prefer)).to_http_request();
            preferred_wait(&request).map(|wait| wait.as_secs()).map_err(|problem| problem.to_string())
        };
        assert_eq!(preferred_wait(&TestRequest::default().to_http_request()).expect("none said"), WAIT);
        let cases =
            [("wait=3", 3), ("handling=lenient, WAIT = \"25\"", 25), ("wait=26", 25), ("wait=0", 0), ("other", 10)];
        for (prefer, seconds) in cases {
            assert_eq!(waits(prefer), Ok(seconds), "{prefer}");
        }
        assert!(waits("wait=99999999999999999999").is_err());
    }
}
