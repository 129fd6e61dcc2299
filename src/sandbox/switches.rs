//! The switches: one for every behaviour of LINE WORKS that its documents leave open.
//!
//! The default is the likelier answer, or the harder one for a client. A client is only right when it survives every
//! setting. `PATCH /_sandbox/switches` changes them while the sandbox runs; a name that does not exist is refused.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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

/// The plan the tenant pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Plan {
    /// Everything, 240 calls per operation and minute.
    Advanced,
    /// Read scopes only, 60 calls.
    Free,
}

/// Statuses of the token endpoint's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenErrorStatus {
    /// `invalid_client` 401, everything else 400.
    Rfc,
    /// 400 for all.
    All400,
}

/// JSON type of `expires_in`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExpiresIn {
    /// `"86400"`.
    String,
    /// `86400`.
    Number,
}

/// Answer to a taken e-mail or external key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DuplicateStyle {
    /// 409 `ALREADY_EXIST`.
    #[serde(rename = "409")]
    Conflict,
    /// 400 `BAD_REQUEST`.
    #[serde(rename = "400")]
    BadRequest,
}

/// What the last page has for a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndCursor {
    /// `"nextCursor": null`.
    Null,
    /// An empty `responseMetaData`.
    Missing,
    /// `"nextCursor": ""`.
    Empty,
    /// No `responseMetaData` at all.
    NoObject,
}

/// `code` of the 404 for a member that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MissingUserCode {
    /// `NOT_FOUND`.
    NotFound,
    /// `USER_NOT_EXIST`.
    UserNotExist,
}

/// Spelling of the header that counts calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeaderSpelling {
    /// `rateLimit-ssed`.
    Ssed,
    /// `rateLimit-used`.
    Used,
    /// Both headers.
    Both,
}

/// Answer to reading a member in its grace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GetInGrace {
    /// 200 with `isDeleted: true`.
    #[serde(rename = "200")]
    Ok,
    /// 404 as if it were gone.
    #[serde(rename = "404")]
    NotFound,
    /// 410 `DELETED`.
    #[serde(rename = "410")]
    Gone,
}

/// State of a member after undelete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UndeleteReturns {
    /// As it was when it was deleted.
    AsBefore,
    /// In use, even if it was suspended.
    Active,
    /// Suspended, even if it was in use.
    Suspended,
}

/// Whether a doubtful request is refused with 400 or accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Leniency {
    /// 400.
    Refuse,
    /// As if it were in order.
    Accept,
}

/// What PUT and PATCH answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PatchAnswers {
    /// 200 with the member.
    User,
    /// 204 with nothing.
    Empty204,
}

/// What happens to an object inside a PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PatchObjects {
    /// Keys that are not sent stay.
    Merge,
    /// Keys that are not sent are cleared.
    Replace,
}

impl Switches {
    /// Calls per operation and minute that are allowed now.
    pub(crate) fn quota(&self) -> u32 {
        self.quota_per_minute.unwrap_or(match self.plan {
            Plan::Advanced => 240,
            Plan::Free => 60,
        })
    }

    /// These switches with `changes` made.
    ///
    /// # Errors
    /// The text for whoever sent a name or a value that does not exist.
    pub(crate) fn changed(&self, changes: &Map<String, Value>) -> Result<Switches, String> {
        let Ok(Value::Object(mut all)) = serde_json::to_value(self) else {
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
            if let Err(error) = serde_json::from_value::<Switches>(Value::Object(one.clone())) {
                return Err(format!("switch '{name}': {error}"));
            }
            all = one;
        }
        serde_json::from_value(Value::Object(all)).map_err(|error| error.to_string())
    }
}

fn unknown_switch(name: &str, all: &Map<String, Value>) -> String {
    let nearest = all
        .keys()
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)))
        .expect("there is at least one switch");
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    format!("there is no switch '{name}'; did you mean '{nearest}'? The switches are: {}", names.join(", "))
}
