//! The switches: one for every behaviour of LINE WORKS that its documents leave open.
//!
//! The default is the likelier answer, or the harder one for a client. A client is only right when it survives every
//! setting. `PATCH /_sandbox/switches` changes them while the sandbox runs; a name that does not exist is refused.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use super::choices::{
    AdministratorRefusal, DuplicateStyle, EditLock, EndCursor, ExpiresIn, GetInGrace, HeaderSpelling, Leniency,
    MessengerProtocol, MissingUserCode, PasswordPolicy, PatchAnswers, PatchObjects, Plan, RateWindow, RefreshToken,
    ScopeSeparator, TokenErrorStatus, UndeleteReturns,
};
use super::placement::PlacementKind;
use super::scim::switches::{
    ScimDuplicateStatus, ScimErrorBody, ScimGetInGrace, ScimPatchAnswers, ScimReactivatePending, ScimResources,
    ScimTokenForm,
};

/// How the sandbox decides what the documents do not say.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Switches {
    /// The domain uses single sign-on: members are in use at once and need an external key (documented). Off: members
    /// stay pending and need a private e-mail or an initial password.
    pub sso: bool,
    /// The plan: `free` has read scopes only and a quota of 60 (documented on older pages only).
    pub plan: Plan,
    /// Life of an access token. A setting of the app, one hour or 24 (documented); here any number.
    pub access_token_life_seconds: u32,
    /// Calls per operation and minute; null for the plan's own number, 240 or 60 (documented).
    pub quota_per_minute: Option<u32>,
    /// How long every vendor call takes. A write is in flight all that time.
    pub latency_ms: u64,
    /// Statuses of the token endpoint's errors: only the bodies were ever recorded.
    pub token_error_status: TokenErrorStatus,
    /// Type of `expires_in`: a string by all evidence, a number by some clients' types.
    pub expires_in: ExpiresIn,
    /// A new access token ends the earlier ones; one client's comment says so.
    pub new_token_kills_older: bool,
    /// Answer to a taken e-mail or external key: the code list says 409, the old API said 400.
    pub duplicate_style: DuplicateStyle,
    /// That answer's text says which property is taken. Off: nothing but "Bad request." or "Conflict.".
    pub duplicate_readable: bool,
    /// What the last page of a list has for a cursor: the documents say no key, records show null.
    pub end_cursor: EndCursor,
    /// `code` for a member that does not exist; the code list allows both.
    pub missing_user_code: MissingUserCode,
    /// Two writes in flight for one member are refused with 409. The documents forbid it, but not what happens.
    pub refuse_overlap: bool,
    /// Spelling of the header that counts calls: the documents say `rateLimit-ssed`, probably by mistake.
    pub header_spelling: HeaderSpelling,
    /// PATCH of `organizations` without the root `userExternalKey` is refused, as one forum post has it.
    pub require_root_external_key: bool,
    /// Unknown org units, levels, positions and user types are accepted, as one remark in a client has it.
    pub accept_unknown_placement: bool,
    /// Answer to reading a member in its seven days of grace; the documents have the flag and also a code `DELETED`.
    pub get_in_grace: GetInGrace,
    /// State of a member after undelete; nothing is documented.
    pub undelete_returns: UndeleteReturns,
    /// Suspending a member who is not in use yet; the documents say "only a member in use".
    pub pending_suspend: Leniency,
    /// Suspending a member who is suspended already.
    pub suspend_suspended: Leniency,
    /// Ending the suspension of a member who is not suspended.
    pub unsuspend_active: Leniency,
    /// What PUT and PATCH answer; the status is not documented.
    pub patch_answers: PatchAnswers,
    /// Objects inside a PATCH (`userName`, `messenger`) are merged or replace the old one; nothing is documented.
    pub patch_objects: PatchObjects,
    /// Levels are on. Off: their API and every member write that names one are refused (documented for positions).
    pub use_level: bool,
    /// Positions are on.
    pub use_position: bool,
    /// User types are on.
    pub use_user_type: bool,
    /// Org unit writes less than a second apart are refused; the documents ask for the pause, but not what happens.
    pub refuse_org_unit_pace: bool,
    /// Deleting an org unit, level, position or user type that somebody is in; nothing is documented.
    pub delete_in_use: Leniency,
    /// How many members the plan pays for; null for any number. The error is not documented.
    pub seats: Option<u32>,
    /// The console forbids edits on screen; a provisioning vendor's calls failed under it for weeks.
    pub edit_lock: EditLock,
    /// Words no login or name may contain; the vendor has such a list, but does not publish it.
    pub prohibited_words: Vec<String>,
    /// What a first password needs beside letters and digits: a setting of the tenant (documented).
    pub password_policy: PasswordPolicy,
    /// Status of refusing to suspend or delete an administrator; only that it is refused is documented.
    pub administrator_refusal: AdministratorRefusal,
    /// Which name of one messenger answers show: announced to change, but the day is not recorded.
    pub messenger_protocol: MessengerProtocol,
    /// How the minute of the quota runs; not documented.
    pub rate_window: RateWindow,
    /// Calls under way at once, beyond which 429 is answered; the documents name such a limit, but no number.
    pub concurrent_limit: Option<u32>,
    /// What the answer to a refresh says about the refresh token: rotation is a setting of the app (documented).
    pub refresh_token: RefreshToken,
    /// What may stand between two scopes of a token request.
    pub scope_separator: ScopeSeparator,
    /// Text of the refusal of an assertion out of its time; not recorded.
    pub expired_assertion_text: String,
    /// Form of the SCIM token that is issued next; one page calls it a JWT, and one says that use extends its life.
    pub scim_token_form: ScimTokenForm,
    /// Shape of SCIM's errors; nothing is recorded.
    pub scim_error_body: ScimErrorBody,
    /// SCIM's answer to a taken `userName` or `displayName`; RFC 7644 says 409.
    pub scim_duplicate_status: ScimDuplicateStatus,
    /// Key of a SCIM list's items: RFC 7644 has `Resources`, the vendor's group page `resources`.
    pub scim_resources: ScimResources,
    /// No two members may have one `externalId`; nothing is documented.
    pub scim_external_id_unique: bool,
    /// SCIM's PATCH takes `op` in any letter case and operations without a path, as Entra ID and Okta send them.
    pub scim_lenient_patch: bool,
    /// What SCIM's PATCH answers; RFC 7644 allows both.
    pub scim_patch_answers: ScimPatchAnswers,
    /// Whether SCIM shows a member in its seven days of grace; nothing is documented.
    pub scim_get_in_grace: ScimGetInGrace,
    /// What `active: true` does to a member who never signed in; nothing is documented.
    pub scim_reactivate_pending: ScimReactivatePending,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            sso: true,
            plan: Plan::Advanced,
            access_token_life_seconds: 86_400,
            quota_per_minute: None,
            latency_ms: 0,
            token_error_status: TokenErrorStatus::Rfc,
            expires_in: ExpiresIn::String,
            new_token_kills_older: false,
            duplicate_style: DuplicateStyle::Conflict,
            duplicate_readable: true,
            end_cursor: EndCursor::Null,
            missing_user_code: MissingUserCode::NotFound,
            refuse_overlap: true,
            header_spelling: HeaderSpelling::Both,
            require_root_external_key: false,
            accept_unknown_placement: false,
            get_in_grace: GetInGrace::Ok,
            undelete_returns: UndeleteReturns::AsBefore,
            pending_suspend: Leniency::Refuse,
            suspend_suspended: Leniency::Refuse,
            unsuspend_active: Leniency::Refuse,
            patch_answers: PatchAnswers::User,
            patch_objects: PatchObjects::Merge,
            use_level: true,
            use_position: true,
            use_user_type: true,
            refuse_org_unit_pace: false,
            delete_in_use: Leniency::Refuse,
            seats: None,
            edit_lock: EditLock::Off,
            prohibited_words: vec!["admin-ng".to_owned()],
            password_policy: PasswordPolicy::Default,
            administrator_refusal: AdministratorRefusal::BadRequest,
            messenger_protocol: MessengerProtocol::X,
            rate_window: RateWindow::Fixed,
            concurrent_limit: None,
            refresh_token: RefreshToken::Omit,
            scope_separator: ScopeSeparator::Space,
            expired_assertion_text: "The assertion has expired or is not yet valid.".to_owned(),
            scim_token_form: ScimTokenForm::Opaque,
            scim_error_body: ScimErrorBody::Rfc7644,
            scim_duplicate_status: ScimDuplicateStatus::Conflict,
            scim_resources: ScimResources::Upper,
            scim_external_id_unique: false,
            scim_lenient_patch: true,
            scim_patch_answers: ScimPatchAnswers::User,
            scim_get_in_grace: ScimGetInGrace::NotFound,
            scim_reactivate_pending: ScimReactivatePending::Ignore,
        }
    }
}

impl Switches {
    /// Calls per operation and minute that are allowed now.
    pub(crate) fn quota(&self) -> u32 {
        self.quota_per_minute.unwrap_or(match self.plan {
            Plan::Advanced => 240,
            Plan::Free => 60,
        })
    }

    /// The setting that is off, if members cannot be given this kind now.
    pub(crate) fn off(&self, kind: PlacementKind) -> Option<&'static str> {
        let (on, name) = match kind {
            PlacementKind::Level => (self.use_level, "useLevel"),
            PlacementKind::Position => (self.use_position, "usePosition"),
            PlacementKind::UserType => (self.use_user_type, "useUserType"),
            PlacementKind::OrgUnit | PlacementKind::CustomProperty => return None,
        };
        (!on).then_some(name)
    }
}

/// Switches, of either service, with `changes` made.
///
/// # Errors
/// The text for whoever sent a name or a value that does not exist.
pub(crate) fn changed<S: Serialize + DeserializeOwned>(
    switches: &S,
    changes: &Map<String, Value>,
) -> Result<S, String> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(switches) else {
        unreachable!("a struct with named fields is written as an object")
    };
    for (name, value) in changes {
        if !all.contains_key(name) {
            return Err(unknown_switch(name, &all));
        }
        let was_text = all[name].is_string();
        let value = match value {
            Value::Number(number) if was_text => Value::String(number.to_string()),
            other => other.clone(),
        };
        let mut one = all.clone();
        one.insert(name.clone(), value);
        if let Err(error) = serde_json::from_value::<S>(Value::Object(one.clone())) {
            return Err(format!("switch '{name}': {error}"));
        }
        all = one;
    }
    serde_json::from_value(Value::Object(all)).map_err(|error| error.to_string())
}

fn unknown_switch(name: &str, all: &Map<String, Value>) -> String {
    let nearest = all
        .keys()
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)))
        .expect("there is at least one switch");
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    format!("there is no switch '{name}'; did you mean '{nearest}'? The switches are: {}", names.join(", "))
}
