//! What a monitoring system asks for: counters that are raised where things happen, gauges that are set when it asks.
//!
//! A leaf: it knows words and numbers, none of our types, so that every part may use it. One registry per app and no
//! globals; tests run many apps in one process. Names are a promise (docs/operations.md lists them). No label ever
//! names a person: labels are words from a short list of ours.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// What the text of [`Metrics::text`] is.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A gauge of a fractional number.
type Number = Gauge<f64, AtomicU64>;

type Labels<const N: usize> = [(&'static str, String); N];

/// How things stand at the moment somebody asks.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// People per state; none when the ledger cannot be read.
    pub people: Option<Vec<(&'static str, u64)>>,
    /// People a worker could take right now.
    pub due: Option<u64>,
    /// Seconds since LINE WORKS last answered as it should; none when it has not since the start.
    pub last_success_age_seconds: Option<f64>,
    /// Seconds since Okta last said what is true of somebody; none when it has not since the start, or is not asked.
    pub okta_last_success_age_seconds: Option<f64>,
    /// Seconds since the moment up to which Okta's System Log is known to be read; none without catch-up.
    pub catch_up_behind_seconds: Option<f64>,
    /// Whole days until the SCIM token ends; none without SCIM, or when nothing is known.
    pub scim_token_days_left: Option<i64>,
    /// The causes all work, all creates, or all suspensions and deletions wait for.
    pub paused: Vec<&'static str>,
    /// Whether the ledger took a write just now.
    pub ledger_writable: bool,
}

/// The numbers of one app.
pub struct Metrics {
    registry: Mutex<Registry>,
    people: Family<Labels<1>, Gauge>,
    /// A family without labels, so that what is not known can be left out.
    due: Family<Labels<0>, Gauge>,
    calls: Family<Labels<2>, Counter>,
    okta_requests: Family<Labels<2>, Counter>,
    attempts: Family<Labels<1>, Counter>,
    token_requests: Family<Labels<2>, Counter>,
    tokens_handed_out: Family<Labels<1>, Counter>,
    found_by_catch_up: Counter,
    late: Counter,
    last_success_age: Family<Labels<0>, Number>,
    okta_last_success_age: Family<Labels<0>, Number>,
    catch_up_behind: Family<Labels<0>, Number>,
    scim_token_days_left: Family<Labels<0>, Gauge>,
    paused: Family<Labels<1>, Gauge>,
    ledger_writable: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("okta_lineworks");
        let it = Self {
            registry: Mutex::default(),
            people: Family::default(),
            due: Family::default(),
            calls: Family::default(),
            okta_requests: Family::default(),
            attempts: Family::default(),
            token_requests: Family::default(),
            tokens_handed_out: Family::default(),
            found_by_catch_up: Counter::default(),
            late: Counter::default(),
            last_success_age: Family::default(),
            okta_last_success_age: Family::default(),
            catch_up_behind: Family::default(),
            scim_token_days_left: Family::default(),
            paused: Family::default(),
            ledger_writable: Gauge::default(),
        };
        registry.register("people", "People by the state of the work on them", it.people.clone());
        registry.register("people_due", "People a worker could take right now", it.due.clone());
        registry.register("calls", "Calls to the LINE WORKS APIs by operation and status class", it.calls.clone());
        registry.register(
            "okta_requests",
            "Requests to Okta by operation and status class, those for an access token among them",
            it.okta_requests.clone(),
        );
        registry.register("attempts", "Finished runs for one person by the state they left", it.attempts.clone());
        registry.register(
            "token_requests",
            "Requests for an access token by whom the token is for and the outcome",
            it.token_requests.clone(),
        );
        registry.register(
            "tokens_handed_out",
            "Access tokens handed out to other programs by the name of the caller's secret",
            it.tokens_handed_out.clone(),
        );
        registry.register(
            "events_found_by_catch_up",
            "Events first learnt from Okta's System Log",
            it.found_by_catch_up.clone(),
        );
        registry.register(
            "events_late",
            "Events the hook or a card delivered after Okta's System Log had told of them",
            it.late.clone(),
        );
        registry.register(
            "last_success_age_seconds",
            "Seconds since LINE WORKS last answered as it should",
            it.last_success_age.clone(),
        );
        registry.register(
            "okta_last_success_age_seconds",
            "Seconds since Okta last said what is true of somebody",
            it.okta_last_success_age.clone(),
        );
        registry.register(
            "catch_up_behind_seconds",
            "Seconds since the moment up to which Okta's System Log is known to be read",
            it.catch_up_behind.clone(),
        );
        registry.register(
            "scim_token_days_left",
            "Whole days until the SCIM token ends",
            it.scim_token_days_left.clone(),
        );
        registry.register(
            "paused",
            "1 for each cause all work, all creates or all suspensions and deletions wait for",
            it.paused.clone(),
        );
        registry.register("ledger_writable", "1 when the ledger took a write just now", it.ledger_writable.clone());
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program that runs", version);
        Self { registry: Mutex::new(registry), ..it }
    }
}

impl Metrics {
    /// A call to LINE WORKS came to its end; without a status no answer came.
    pub fn called(&self, operation: &'static str, status: Option<u16>) {
        let labels = [("operation", operation.to_owned()), ("status", status_class(status).to_owned())];
        self.calls.get_or_create(&labels).inc();
    }

    /// A request to Okta came to its end; without a status no answer came.
    pub fn asked_okta(&self, operation: &'static str, status: Option<u16>) {
        let labels = [("operation", operation.to_owned()), ("status", status_class(status).to_owned())];
        self.okta_requests.get_or_create(&labels).inc();
    }

    /// A run for one person ended in this state.
    pub fn attempted(&self, outcome: &'static str) {
        self.attempts.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// LINE WORKS was asked for an access token; the outcome is `granted` or the code of a cause.
    pub fn asked_for_token(&self, purpose: &'static str, outcome: &'static str) {
        let labels = [("for", purpose.to_owned()), ("outcome", outcome.to_owned())];
        self.token_requests.get_or_create(&labels).inc();
    }

    /// An access token was handed out to a caller with this secret.
    pub fn handed_out_token(&self, caller: &str) {
        self.tokens_handed_out.get_or_create(&[("caller", caller.to_owned())]).inc();
    }

    /// So many events were first learnt from Okta's System Log.
    pub fn were_found_by_catch_up(&self, count: u64) {
        self.found_by_catch_up.inc_by(count);
    }

    /// So many events came through a door after the System Log had told of them.
    pub fn were_late(&self, count: u64) {
        self.late.inc_by(count);
    }

    /// Everything, in the OpenMetrics text format.
    pub fn text(&self, now: &Snapshot) -> String {
        // Held until all is written, so that two who ask at once do not mix.
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        self.people.clear();
        for (state, count) in now.people.iter().flatten() {
            self.people.get_or_create(&[("state", (*state).to_owned())]).set(whole(*count));
        }
        self.due.clear();
        if let Some(due) = now.due {
            self.due.get_or_create(&[]).set(whole(due));
        }
        self.last_success_age.clear();
        if let Some(age) = now.last_success_age_seconds {
            self.last_success_age.get_or_create(&[]).set(age);
        }
        self.okta_last_success_age.clear();
        if let Some(age) = now.okta_last_success_age_seconds {
            self.okta_last_success_age.get_or_create(&[]).set(age);
        }
        self.catch_up_behind.clear();
        if let Some(behind) = now.catch_up_behind_seconds {
            self.catch_up_behind.get_or_create(&[]).set(behind);
        }
        self.scim_token_days_left.clear();
        if let Some(days) = now.scim_token_days_left {
            self.scim_token_days_left.get_or_create(&[]).set(days);
        }
        self.paused.clear();
        for cause in &now.paused {
            self.paused.get_or_create(&[("cause", (*cause).to_owned())]).set(1);
        }
        self.ledger_writable.set(i64::from(now.ledger_writable));
        let mut text = String::new();
        encode(&mut text, &registry).expect("a String takes any text");
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn status_class(status: Option<u16>) -> &'static str {
    match status {
        None => "none",
        Some(..200) => "1xx",
        Some(200..300) => "2xx",
        Some(300..400) => "3xx",
        Some(429) => "429",
        Some(400..500) => "4xx",
        Some(500..) => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_ends_as_openmetrics_wants_and_shows_what_was_counted() {
        let metrics = Metrics::default();
        metrics.called("get_member", Some(404));
        metrics.called("get_member", Some(429));
        metrics.called("create_member", None);
        metrics.attempted("settled");
        metrics.asked_for_token("broker", "granted");
        metrics.handed_out_token("calendar");
        metrics.were_found_by_catch_up(3);
        metrics.were_late(1);
        let snapshot = Snapshot {
            people: Some(vec![("parked", 2)]),
            due: Some(3),
            last_success_age_seconds: Some(1.5),
            okta_last_success_age_seconds: Some(2.5),
            catch_up_behind_seconds: Some(2.5),
            scim_token_days_left: Some(12),
            paused: vec!["no_seat_left"],
            ledger_writable: true,
        };
        let text = metrics.text(&snapshot);
        for line in [
            "okta_lineworks_people{state=\"parked\"} 2",
            "okta_lineworks_people_due{} 3",
            "okta_lineworks_calls_total{operation=\"get_member\",status=\"4xx\"} 1",
            "okta_lineworks_calls_total{operation=\"get_member\",status=\"429\"} 1",
            "okta_lineworks_calls_total{operation=\"create_member\",status=\"none\"} 1",
            "okta_lineworks_attempts_total{outcome=\"settled\"} 1",
            "okta_lineworks_token_requests_total{for=\"broker\",outcome=\"granted\"} 1",
            "okta_lineworks_tokens_handed_out_total{caller=\"calendar\"} 1",
            "okta_lineworks_events_found_by_catch_up_total 3",
            "okta_lineworks_events_late_total 1",
            "okta_lineworks_last_success_age_seconds{} 1.5",
            "okta_lineworks_okta_last_success_age_seconds{} 2.5",
            "okta_lineworks_catch_up_behind_seconds{} 2.5",
            "okta_lineworks_scim_token_days_left{} 12",
            "okta_lineworks_paused{cause=\"no_seat_left\"} 1",
            "okta_lineworks_ledger_writable 1",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
        }
        assert!(text.contains("okta_lineworks_build_info{version="), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let metrics = Metrics::default();
        metrics.text(&Snapshot { people: Some(vec![("held", 1)]), due: Some(1), ..Snapshot::default() });
        let text = metrics.text(&Snapshot::default());
        assert!(!text.contains("people{") && !text.contains("people_due{") && !text.contains("age_seconds{"), "{text}");
        assert!(text.contains("okta_lineworks_ledger_writable 0"), "{text}");
    }
}
