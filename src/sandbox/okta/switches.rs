//! The switches of the fake Okta: one for every behaviour its documents leave open, and the habits of its sender.
//!
//! They are apart from those of the fake LINE WORKS, because a rehearsal without Okta never needs them.
//! `PATCH /_sandbox/okta/switches` changes them while the sandbox runs; a name that does not exist is refused.

use serde::{Deserialize, Serialize};

/// How the fake Okta decides what the documents do not say, and how its event-hook sender behaves.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OktaSwitches {
    /// How long every API call takes, in milliseconds.
    pub latency_ms: u64,
    /// Members that are null: written as null, or left out; captures show both.
    pub null_members: NullMembers,
    /// `Link` as one header line for each relation, or joined with commas (documented: either).
    pub link_lines: LinkLines,
    /// Host of the `next` link; another one must not be given credentials.
    pub next_host: NextHost,
    /// Calls per API and minute (the numbers are the org's own).
    pub rate_limit_per_minute: u32,
    /// Calls under way at once (documented default).
    pub concurrent_limit: u32,
    /// A 429 also has `Retry-After`; not documented.
    pub retry_after: bool,
    /// Life of an access token, in seconds (documented: 3600).
    pub access_token_life_seconds: u32,
    /// The app has the DPoP box ticked: a token request without a proof is refused.
    pub require_dpop: bool,
    /// How long a DPoP nonce is given out, in seconds; it stays good for three days more (documented: 24 hours).
    pub dpop_nonce_life_seconds: u32,
    /// Answer about an app or a person that a narrowed role does not see; not documented.
    pub narrowed_answer: NarrowedAnswer,
    /// Whether an inactive app still shows its users; not documented.
    pub inactive_app_users: InactiveAppUsers,
    /// Deleting an app writes a removal for each of its users; not documented.
    pub app_delete_writes_removals: bool,
    /// What a changed user name in the app writes beside `change_username`; the documents show two ways.
    pub user_name_change: UserNameChange,
    /// Order of an event's targets; no layout is promised.
    pub target_order: TargetOrder,
    /// System Log cursors older than this many seconds are refused with 400; null: never.
    pub log_cursor_life_seconds: Option<u32>,
    /// How many of 100 events are persisted late.
    pub log_late_percent: u8,
    /// How late, in seconds of the sandbox's clock.
    pub log_late_seconds: u32,
    /// Spelling of the delivery's id in the envelope.
    pub event_id_spelling: EventIdSpelling,
    /// Deliveries carry `X-Okta-Request-Id`, as the verification does; not documented.
    pub hook_request_id: bool,
    /// Statuses of the 200s other than 200 and 204 count as delivered; not documented.
    pub hook_other_2xx: OtherSuccess,
    /// A 4xx is tried again as well; one page can be read that way.
    pub hook_retries_4xx: bool,
    /// How long events are gathered for one delivery, in milliseconds.
    pub hook_batch_ms: u64,
    /// Events in one delivery (2023 text: 100).
    pub hook_batch_most: u32,
    /// How long an event waits before it is sent, in milliseconds of real time.
    pub hook_delay_ms: u64,
    /// Up to this much more, by chance, in milliseconds: events overtake each other.
    pub hook_jitter_ms: u64,
    /// Events within one delivery stand in any order.
    pub hook_disorder: bool,
    /// How many of 100 events are sent twice, the second time in another delivery.
    pub hook_duplicate_percent: u8,
    /// How many of 100 events are never sent.
    pub hook_loss_percent: u8,
    /// How long a receiver has, in milliseconds (documented: 3 s).
    pub hook_timeout_ms: u64,
    /// The gap before the one retry, in milliseconds; not documented.
    pub hook_retry_gap_ms: u64,
    /// What chance starts from; the same seed and the same calls give the same losses, duplicates and order.
    pub seed: u64,
}

impl Default for OktaSwitches {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            null_members: NullMembers::Explicit,
            link_lines: LinkLines::Separate,
            next_host: NextHost::Own,
            rate_limit_per_minute: 600,
            concurrent_limit: 75,
            retry_after: false,
            access_token_life_seconds: 3600,
            require_dpop: false,
            dpop_nonce_life_seconds: 86_400,
            narrowed_answer: NarrowedAnswer::NotFound,
            inactive_app_users: InactiveAppUsers::Shown,
            app_delete_writes_removals: true,
            user_name_change: UserNameChange::Update,
            target_order: TargetOrder::Documented,
            log_cursor_life_seconds: None,
            log_late_percent: 0,
            log_late_seconds: 60,
            event_id_spelling: EventIdSpelling::EventId,
            hook_request_id: false,
            hook_other_2xx: OtherSuccess::Delivered,
            hook_retries_4xx: false,
            hook_batch_ms: 20,
            hook_batch_most: 100,
            hook_delay_ms: 0,
            hook_jitter_ms: 0,
            hook_disorder: false,
            hook_duplicate_percent: 0,
            hook_loss_percent: 0,
            hook_timeout_ms: 3_000,
            hook_retry_gap_ms: 100,
            seed: 1,
        }
    }
}

/// Members that are null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NullMembers {
    /// `"reason": null`.
    Explicit,
    /// Not there at all.
    Omitted,
}

/// Form of the `Link` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LinkLines {
    /// One header line for each relation.
    Separate,
    /// One header line, with commas.
    Joined,
}

/// Host of the `next` link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NextHost {
    /// The one that was asked.
    Own,
    /// Another name, which HTTP libraries take for another host.
    Other,
}

/// Answer about an app or a person outside of a narrowed role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NarrowedAnswer {
    /// As if it did not exist.
    #[serde(rename = "404")]
    NotFound,
    /// 403 `E0000006`.
    #[serde(rename = "403")]
    Forbidden,
}

/// Users of an inactive app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum InactiveAppUsers {
    /// As before.
    Shown,
    /// The list is empty, each one is 404.
    Hidden,
}

/// Events of a changed user name in the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserNameChange {
    /// `change_username` and `update`.
    Update,
    /// `change_username` alone, which no hook can have.
    Alone,
    /// `change_username`, `remove` and `add` in one transaction, although the person stays.
    RemoveAndAdd,
}

/// Order of an event's targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TargetOrder {
    /// As in the captures.
    Documented,
    /// The other way round, as single sign-on events have it.
    Reversed,
    /// Any order.
    Shuffled,
}

/// Spelling of the delivery's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventIdSpelling {
    /// `eventId`.
    #[serde(rename = "eventId")]
    EventId,
    /// `eventID`, as in 2019.
    #[serde(rename = "eventID")]
    EventID,
}

/// What 201, 202 and the like mean to the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OtherSuccess {
    /// Delivered.
    Delivered,
    /// Lost, without a retry.
    Lost,
}
