//! The rules for a member's properties: every limit of the reference's request schema, one after the other.
//!
//! A body goes in, checked and normalised properties come out, or the first problem, which names its property. The state
//! of members and duplicates are not looked at here. Source of all limits: the vendor's user-create page.

pub(in crate::sandbox) mod objects;
mod organizations;
mod password;
pub(in crate::sandbox) mod text;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::credentials::SandboxDomain;
use super::placement::{Placement, PlacementKind};
use super::reply::Refusal;
use super::switches::Switches;
use text::{Chars, TextRule};

/// What is wrong with a body.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) property: String,
    pub(crate) kind: ProblemKind,
    why: String,
}

/// How a problem is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    Missing,
    Invalid,
    /// Invalid, and worth counting: the client should have known the character set.
    ForbiddenCharacter,
    /// One of the vendor's prohibited words.
    Prohibited,
    /// It needs a feature that the tenant has turned off.
    Off,
}

impl Problem {
    pub(in crate::sandbox) fn missing(property: &str) -> Self {
        Self { property: property.to_owned(), kind: ProblemKind::Missing, why: String::new() }
    }

    pub(in crate::sandbox) fn invalid(property: &str, why: impl Into<String>) -> Self {
        Self { property: property.to_owned(), kind: ProblemKind::Invalid, why: why.into() }
    }

    fn forbidden(property: &str, why: impl Into<String>) -> Self {
        Self { kind: ProblemKind::ForbiddenCharacter, ..Self::invalid(property, why) }
    }

    fn prohibited(property: &str) -> Self {
        Self { kind: ProblemKind::Prohibited, ..Self::missing(property) }
    }

    /// `off` is the name of the setting.
    pub(in crate::sandbox) fn off(property: &str, off: &str) -> Self {
        Self { kind: ProblemKind::Off, ..Self::invalid(property, off) }
    }
}

impl From<&Problem> for Refusal {
    fn from(problem: &Problem) -> Self {
        match problem.kind {
            ProblemKind::Missing => {
                Refusal::new(400, "MISSING_PARAMETER", format!("{} is required.", problem.property))
            }
            ProblemKind::Invalid | ProblemKind::ForbiddenCharacter => Refusal::invalid(&problem.property, &problem.why),
            ProblemKind::Prohibited => {
                let text = format!("{} contains a prohibited word.", problem.property);
                Refusal::new(400, "INVALID_PARAMETER", text)
            }
            // The text recorded for positions.
            ProblemKind::Off => Refusal::bad_request(&format!("{} is false.", problem.why)),
        }
    }
}

/// What the body is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Create,
    Replace,
    Patch,
}

/// What the rules depend on.
pub(crate) struct Context<'a> {
    /// The tenant's main domain.
    pub(crate) domain_id: i64,
    pub(crate) domains: &'a [SandboxDomain],
    pub(crate) switches: &'a Switches,
    pub(crate) placement: &'a Placement,
    /// The domain of the member in question.
    pub(crate) member_domain: i64,
    pub(crate) now: Timestamp,
}

/// Texts that need nothing but a length and a character set; all of them may be null.
const TEXTS: [TextRule; 8] = [
    TextRule::new("userExternalKey", 1, 100, Chars::ExternalKey),
    TextRule::new("nickName", 0, 100, Chars::Name),
    TextRule::new("telephone", 0, 100, Chars::Phone),
    TextRule::new("cellPhone", 0, 100, Chars::Phone),
    TextRule::new("location", 0, 100, Chars::Any),
    TextRule::new("task", 0, 100, Chars::Any),
    TextRule::new("employeeNumber", 1, 20, Chars::Any),
    TextRule::new("employmentTypeId", 1, 100, Chars::Any),
];

pub(in crate::sandbox) const LANGUAGES: [&str; 5] = ["ja_JP", "ko_KR", "en_US", "zh_CN", "zh_TW"];

/// Checks a body and returns what it sets; properties that are read-only or unknown are left out, as REST APIs do.
pub(crate) fn check(
    body: &Map<String, Value>,
    purpose: Purpose,
    context: &Context<'_>,
) -> Result<Map<String, Value>, Problem> {
    require(body, purpose, context)?;
    let mut set = Map::new();
    for (name, value) in body {
        if let Some(value) = property(name, value, context)? {
            set.insert(name.clone(), value);
        }
    }
    if purpose == Purpose::Create {
        password::check(body, context.switches)?;
    } else if body.contains_key("passwordConfig") {
        return Err(Problem::invalid("passwordConfig", "It can be given on creation only."));
    }
    Ok(set)
}

/// All settable properties: those given, the rest with their defaults.
pub(crate) fn complete(given: Map<String, Value>, domain_id: i64) -> Map<String, Value> {
    let blank = json!({
        "domainId": domain_id, "userExternalKey": null, "email": null,
        "userName": { "lastName": null, "firstName": null, "phoneticLastName": null, "phoneticFirstName": null },
        "i18nNames": [], "nickName": null, "privateEmail": null, "aliasEmails": [],
        "employmentTypeId": null, "userTypeId": null, "searchable": true, "organizations": [],
        "telephone": null, "cellPhone": null, "location": null, "task": null, "messenger": null,
        "birthdayCalendarType": null, "birthday": null, "locale": "ja_JP", "hiredDate": null,
        "timeZone": "Asia/Tokyo", "customFields": [], "customProperties": {}, "relations": [],
        "activationDate": null, "employeeNumber": null,
    });
    let Value::Object(mut properties) = blank else { unreachable!("the blank member is an object") };
    properties.extend(given);
    if properties["organizations"] == json!([]) {
        properties["organizations"] = json!([organizations::default_entry(domain_id)]);
    }
    properties
}

/// What holds between properties: login and primary organisation are in the member's domain (vendor's user-create and
/// user-move pages: only a move goes to another).
pub(crate) fn fits_domain(properties: &Map<String, Value>, domains: &[SandboxDomain]) -> Result<(), Problem> {
    let domain = domains.iter().find(|domain| properties["domainId"] == domain.id);
    let login = properties["email"].as_str().and_then(|email| email.split_once('@'));
    if login.map(|(_, host)| host) != domain.map(|domain| domain.name.as_str()) {
        return Err(Problem::invalid("email", "Its domain is not the one of domainId."));
    }
    let organizations = properties["organizations"].as_array().map(Vec::as_slice).unwrap_or_default();
    let primary = organizations.iter().find(|organization| organization["primary"] == true);
    if primary.is_some_and(|primary| primary["domainId"] != properties["domainId"]) {
        return Err(Problem::invalid("organizations", "The primary one is not in the member's domain."));
    }
    Ok(())
}

fn require(body: &Map<String, Value>, purpose: Purpose, context: &Context<'_>) -> Result<(), Problem> {
    let given = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    let cleared = |name: &str| body.get(name).is_some_and(Value::is_null);
    let whole = purpose != Purpose::Patch;
    for name in ["domainId", "email", "userName"] {
        if (whole && !given(name)) || cleared(name) {
            return Err(Problem::missing(name));
        }
    }
    let key = "userExternalKey";
    if context.switches.sso && ((whole && !given(key)) || cleared(key)) {
        return Err(Problem::missing(key));
    }
    let invited = body
        .get("passwordConfig")
        .is_none_or(|config| config["passwordCreationType"].as_str().unwrap_or("MEMBER") == "MEMBER");
    if purpose == Purpose::Create && !context.switches.sso && invited && !given("privateEmail") {
        return Err(Problem::missing("privateEmail"));
    }
    Ok(())
}

/// One property, normalised; None for those that a client cannot set.
fn property(name: &str, value: &Value, context: &Context<'_>) -> Result<Option<Value>, Problem> {
    if let Some(rule) = TEXTS.iter().find(|rule| rule.name == name) {
        if name == "nickName" {
            text::no_prohibited_word(name, value.as_str().unwrap_or_default(), context)?;
        }
        return text::optional(name, value, rule).map(Some);
    }
    let normalised = match name {
        "domainId" => objects::domain_id(name, value, context)?,
        "email" => text::login(name, value, context)?,
        "privateEmail" => text::private_email(name, value)?,
        "aliasEmails" => objects::alias_emails(name, value, context)?,
        "userName" => objects::user_name(value, context)?,
        "i18nNames" => objects::i18n_names(value)?,
        "userTypeId" => organizations::reference(name, value, PlacementKind::UserType, context.member_domain, context)?,
        "searchable" => objects::boolean(name, value)?,
        "organizations" => organizations::check(value, context)?,
        "messenger" => objects::messenger(value, context)?,
        "birthdayCalendarType" => objects::nullable_choice(name, value, &["SOLAR", "LUNAR"])?,
        "birthday" | "hiredDate" => text::date(name, value)?,
        "locale" => objects::choice(name, value, &LANGUAGES)?,
        "timeZone" => text::time_zone(name, value)?,
        "customFields" => objects::custom_fields(value)?,
        "customProperties" => objects::custom_properties(value, context)?,
        "relations" => objects::relations(value)?,
        "activationDate" => text::activation_date(name, value, context.now)?,
        _ => return Ok(None),
    };
    Ok(Some(normalised))
}
