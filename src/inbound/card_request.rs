//! What a card sends, taken apart: path, query, headers and body become domain values, or faults that name the field.
//!
//! Every fault of a request is named in one answer. Profiles are the domain's own part (`domain::profile`).

use std::time::Duration;

use actix_web::HttpRequest;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::problem::{Code, FieldProblem, Problem};
use super::{Doors, EventTime};
use crate::domain::event::{AHEAD, UnassignPolicy};
use crate::domain::ids::{EventKey, OktaUserId};

/// How long a call waits for the outcome unless it says otherwise.
const WAIT: Duration = Duration::from_secs(10);
/// The longest wait: the Workflows HTTP card gives up at 30 s.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

impl Doors {
    /// When it occurred: what the caller says, not more than five minutes ahead of our clock.
    pub(super) fn occurred(
        &self,
        said: Option<&str>,
        arrived: Timestamp,
        faults: &mut Vec<FieldProblem>,
    ) -> Option<Timestamp> {
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
    pub(super) fn policy(&self, said: Option<&str>, faults: &mut Vec<FieldProblem>) -> Option<Option<UnassignPolicy>> {
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
}

/// `Prefer: wait=N` (RFC 7240), in seconds.
pub(super) fn preferred_wait(request: &HttpRequest) -> Result<Duration, Problem> {
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

pub(super) fn parse_person(text: &str, faults: &mut Vec<FieldProblem>) -> Option<OktaUserId> {
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

pub(super) fn parse_key(text: Option<&str>, faults: &mut Vec<FieldProblem>) -> Option<Option<EventKey>> {
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

/// Refuses what is about another app than the configured one: a flow whose event card names no app sends all of them.
pub(super) fn refuse_another_app(said: Option<&str>, configured: Option<&str>, faults: &mut Vec<FieldProblem>) {
    if let (Some(said), Some(configured)) = (said, configured)
        && said != configured
    {
        faults.push(FieldProblem::new(
            "appId",
            "another_app",
            "this is about another app than okta.app_id; choose the LINE WORKS app in the event card of the flow, or correct okta.app_id",
            "okta.app_id とは別のアプリに関するものです。フローのイベントカードで LINE WORKS アプリを選択するか、okta.app_id を修正してください",
        ));
    }
}

/// What an Okta event itself knows of somebody: the user name in the app and the display name.
#[derive(Default)]
pub(super) struct AppUserNames {
    pub(super) user_name: Option<String>,
    pub(super) display_name: Option<String>,
}

impl AppUserNames {
    fn parse(members: Map<String, Value>, faults: &mut Vec<FieldProblem>) -> Self {
        let mut names = Self::default();
        for (name, value) in members {
            // Okta writes "unknown" where it has nothing.
            let known = |text: String| Some(text).filter(|text| !["", "unknown"].contains(&text.trim()));
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("userName", Value::String(text)) => names.user_name = known(text),
                ("displayName", Value::String(text)) => names.display_name = known(text),
                ("userName" | "displayName", _) => faults.push(FieldProblem::new(
                    format!("appUser.{name}"),
                    "wrong_type",
                    "send a text",
                    "文字列で送信してください",
                )),
                _ => faults.push(unknown_field(&name, &["userName", "displayName"])),
            }
        }
        names
    }
}

/// A PUT's body: `{"user": {…}, "eventId": "…", "occurredAt": "…"}`, every member optional here. `appUser` stands in for
/// `user` where an event is all the caller has; `appId` is the app the event is about.
#[derive(Default)]
pub(super) struct AssignBody {
    pub(super) user: Option<Value>,
    pub(super) app_user: Option<AppUserNames>,
    pub(super) app_id: Option<String>,
    pub(super) event_id: Option<String>,
    pub(super) occurred_at: Option<String>,
}

impl AssignBody {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
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
                ("appUser", Value::Object(names)) => body.app_user = Some(AppUserNames::parse(names, faults)),
                ("appId", Value::String(text)) => body.app_id = Some(text),
                ("eventId", Value::String(text)) => body.event_id = Some(text),
                ("occurredAt", Value::String(text)) => body.occurred_at = Some(text),
                ("user" | "appUser" | "appId" | "eventId" | "occurredAt", _) => {
                    let is_object = ["user", "appUser"].contains(&name.as_str());
                    let kind = if is_object { "an object" } else { "a text" };
                    let kind_ja = if is_object { "オブジェクト" } else { "文字列" };
                    faults.push(FieldProblem::new(
                        name,
                        "wrong_type",
                        format!("send {kind}"),
                        format!("{kind_ja}で送信してください"),
                    ));
                }
                _ => faults.push(unknown_field(&name, &["user", "appUser", "appId", "eventId", "occurredAt"])),
            }
        }
        body
    }
}

/// A DELETE's query.
#[derive(Default)]
pub(super) struct UnassignQuery {
    pub(super) event_id: Option<String>,
    pub(super) occurred_at: Option<String>,
    pub(super) app_id: Option<String>,
    pub(super) policy: Option<String>,
}

impl UnassignQuery {
    pub(super) fn parse(query: &str, faults: &mut Vec<FieldProblem>) -> Self {
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
                "appId" => parsed.app_id = Some(value),
                "policy" => parsed.policy = Some(value),
                _ => faults.push(unknown_field(&name, &["eventId", "occurredAt", "appId", "policy"])),
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
