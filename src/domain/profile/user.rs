//! The `user` object of a wish: every property a member may be given, with LINE WORKS' limits.
//!
//! The names are those of the LINE WORKS Directory API (user-create), which is also the source of every limit here unless
//! said otherwise. Property by property the tables below are read by `reader`; checks that look at two properties at once
//! follow them.

use serde_json::{Map, Value};

use super::{
    custom, groups,
    placement::{self, PLACE, REFERENCE},
    reader::{self, Faults, Property, Shape, boolean, has, list, nullable, optional, required, word},
    refusal,
    text::{self, Text},
};

const USER_NAME: Text = Text::up_to(80, text::name);
const PHONETIC: Text = Text::up_to(100, text::katakana);
const NAME: Text = Text::up_to(100, text::name);
const FREE: Text = Text::up_to(100, text::anything);
const PHONE: Text = Text::up_to(100, text::phone);
const PRIVATE_EMAIL: Text = Text::up_to(256, text::private_email);
const EMPLOYEE_NUMBER: Text = Text::up_to(20, text::anything);
const RELATION_NAME: Text = Text::up_to(50, text::anything);
const HIRED_DATE: Text = Text::shaped(text::solar_date);
/// Which calendar counts is known only once the whole object is read; see `check_birthday`.
const BIRTHDAY: Text = Text::shaped(|text| text::lunar_date(text).or_else(|_| text::solar_date(text)));
const TIMESTAMP: Text = Text::shaped(text::timestamp);
const TIME_ZONE: Text = Text::shaped(text::time_zone);

/// `lastName` and `firstName` together.
const USER_NAME_TOGETHER: usize = 80;
const MAX_ALIASES: usize = 10;
const MAX_RELATIONS: usize = 10;

const LANGUAGES: [&str; 5] = ["ja_JP", "ko_KR", "en_US", "zh_CN", "zh_TW"];
const PROTOCOLS: [&str; 5] = ["LINE", "FACEBOOK", "TWITTER", "X", "CUSTOM"];
const CALENDARS: [&str; 2] = ["SOLAR", "LUNAR"];

pub(super) static USER: Shape = Shape {
    properties: &[
        Property::required("email", required_login_email),
        Property::required("userName", user_name),
        Property::optional("i18nNames", i18n_names),
        Property::optional("nickName", |v, at, f| nullable(v, at, f, &NAME)),
        Property::optional("privateEmail", |v, at, f| nullable(v, at, f, &PRIVATE_EMAIL)),
        Property::optional("aliasEmails", alias_emails),
        Property::optional("employeeNumber", employee_number),
        Property::optional("userTypeId", |v, at, f| nullable(v, at, f, &PLACE)),
        Property::optional("telephone", |v, at, f| nullable(v, at, f, &PHONE)),
        Property::optional("cellPhone", |v, at, f| nullable(v, at, f, &PHONE)),
        Property::optional("location", |v, at, f| nullable(v, at, f, &FREE)),
        Property::optional("task", |v, at, f| nullable(v, at, f, &FREE)),
        Property::optional("locale", |v, at, f| word(v, at, f, &LANGUAGES).filter(|v| !v.is_null())),
        Property::optional("timeZone", |v, at, f| optional(v, at, f, &TIME_ZONE)),
        Property::optional("hiredDate", |v, at, f| nullable(v, at, f, &HIRED_DATE)),
        Property::optional("birthday", |v, at, f| nullable(v, at, f, &BIRTHDAY)),
        Property::optional("birthdayCalendarType", |v, at, f| word(v, at, f, &CALENDARS)),
        Property::optional("activationDate", |v, at, f| nullable(v, at, f, &TIMESTAMP)),
        Property::optional("searchable", boolean),
        Property::optional("messenger", messenger),
        Property::optional("relations", relations),
        Property::optional("customProperties", custom::properties),
        Property::optional("organizations", placement::organizations),
        Property::optional(groups::GROUPS, groups::read),
    ],
    refused: &[
        ("userExternalKey", refusal::CONFIGURED.of("lineworks.external_key")),
        ("domainId", refusal::CONFIGURED.of("lineworks.domain_id")),
        ("passwordConfig", refusal::CONFIGURED.of("lineworks.sso")),
        ("employmentTypeId", refusal::REPLACED.of("userTypeId")),
        ("customFields", refusal::REPLACED.of("customProperties")),
        ("userTypeName", refusal::BY_NAME.of("userTypeId")),
        ("userTypeExternalKey", refusal::BY_EXTERNAL_KEY.of("userTypeId")),
        ("userTypeCode", refusal::REPLACED_BY_ID.of("userTypeId")),
        ("userId", refusal::READ_ONLY.of("")),
        ("isAdministrator", refusal::READ_ONLY.of("")),
        ("isPending", refusal::READ_ONLY.of("")),
        ("isSuspended", refusal::READ_ONLY.of("")),
        ("isDeleted", refusal::READ_ONLY.of("")),
        ("isAwaiting", refusal::READ_ONLY.of("")),
        ("suspendedReason", refusal::READ_ONLY.of("")),
        ("leaveOfAbsence", refusal::READ_ONLY.of("")),
    ],
    synonyms: &[
        ("lastName", "userName.lastName"),
        ("firstName", "userName.firstName"),
        ("phoneticLastName", "userName.phoneticLastName"),
        ("phoneticFirstName", "userName.phoneticFirstName"),
        ("displayName", "userName"),
        ("login", "email"),
        ("secondEmail", "privateEmail"),
        ("phone", "telephone"),
        ("mobile", "cellPhone"),
        ("mobilePhone", "cellPhone"),
        ("primaryPhone", "telephone"),
        ("title", "organizations[].orgUnits[].positionId"),
        ("department", "organizations[].orgUnits[].orgUnitId"),
        ("orgUnits", "organizations[].orgUnits"),
        ("levelId", "organizations[].levelId"),
        ("groupId", groups::GROUPS),
        ("groupIds", groups::GROUPS),
        ("groupNames", groups::GROUPS),
    ],
};

pub(super) static USER_NAME_PARTS: Shape = Shape {
    properties: &[
        Property::optional("lastName", |v, at, f| nullable(v, at, f, &USER_NAME)),
        Property::optional("firstName", |v, at, f| nullable(v, at, f, &USER_NAME)),
        Property::optional("phoneticLastName", |v, at, f| nullable(v, at, f, &PHONETIC)),
        Property::optional("phoneticFirstName", |v, at, f| nullable(v, at, f, &PHONETIC)),
    ],
    refused: &[],
    synonyms: &[("familyName", "lastName"), ("givenName", "firstName")],
};

static I18N_NAME: Shape = Shape {
    properties: &[
        Property::required("language", |v, at, f| required_word(v, at, f, &LANGUAGES)),
        Property::optional("lastName", |v, at, f| nullable(v, at, f, &NAME)),
        Property::optional("firstName", |v, at, f| nullable(v, at, f, &NAME)),
    ],
    refused: &[],
    synonyms: &[("locale", "language")],
};

pub(super) static MESSENGER: Shape = Shape {
    properties: &[
        Property::required("protocol", |v, at, f| required_word(v, at, f, &PROTOCOLS)),
        Property::optional("customProtocol", |v, at, f| optional(v, at, f, &FREE)),
        Property::required("messengerId", |v, at, f| required(v, at, f, &FREE)),
    ],
    refused: &[],
    synonyms: &[],
};

static RELATION: Shape = Shape {
    properties: &[
        Property::required("relationUserId", |v, at, f| required(v, at, f, &REFERENCE)),
        Property::optional("relationName", |v, at, f| optional(v, at, f, &RELATION_NAME)),
    ],
    refused: &[("externalKey", refusal::BY_EXTERNAL_KEY.of("relationUserId"))],
    synonyms: &[],
};

/// Reads the whole object. What comes back is canonical only if nothing was added to the faults.
pub(super) fn read(user: &Value, faults: &mut Faults) -> Option<Map<String, Value>> {
    let read = USER.read(user, "user", faults)?;
    check_birthday(&read, faults);
    Some(read)
}

/// A day such as 30 February exists in the lunar calendar only, the 31st of a month in the solar one only.
fn check_birthday(user: &Map<String, Value>, faults: &mut Faults) {
    let Some(Value::String(birthday)) = user.get("birthday") else {
        return;
    };
    let lunar = user.get("birthdayCalendarType").is_some_and(|calendar| calendar == "LUNAR");
    let checked = if lunar { text::lunar_date(birthday) } else { text::solar_date(birthday) };
    if let Err(refusal) = checked {
        faults.add("user.birthday", refusal);
    }
}

fn required_login_email(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    let email = placement::login_email(value, at, faults)?;
    if email.is_null() {
        faults.add(at, refusal::MISSING);
        return None;
    }
    Some(email)
}

fn user_name(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    if value.is_null() {
        faults.add(at, refusal::MISSING);
        return None;
    }
    let name = USER_NAME_PARTS.read(value, at, faults)?;
    let sent = |part: &str| value.get(part).is_some_and(|part| !is_blank(part));
    if !sent("lastName") && !sent("firstName") {
        faults.add(at, refusal::MISSING_NAME);
    }
    let length = |part: &str| name.get(part).and_then(Value::as_str).map_or(0, |text| text.chars().count());
    if length("lastName") + length("firstName") > USER_NAME_TOGETHER {
        faults.add(at, refusal::NAMES_TOO_LONG.with(USER_NAME_TOGETHER));
    }
    Some(name.into())
}

pub(super) fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn i18n_names(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    let names = list(value, at, faults, usize::MAX, i18n_name)?;
    reader::refuse_duplicates(&names, "language", at, faults);
    Some(names.into())
}

fn i18n_name(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    let name = I18N_NAME.read(value, at, faults)?;
    let sent = |part: &str| value.get(part).is_some_and(|part| !is_blank(part));
    if !sent("lastName") && !sent("firstName") {
        faults.add(at, refusal::MISSING_LANGUAGE_NAME);
    }
    Some(name.into())
}

/// Aliases need the Advanced plan; their local part follows the rules of `email`.
fn alias_emails(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    let mut aliases = list(value, at, faults, MAX_ALIASES, required_login_email)?;
    let mut seen = std::collections::HashSet::new();
    aliases.retain(|alias| seen.insert(alias.clone()));
    Some(aliases.into())
}

/// `employeeNumber` is text of 1 to 20 characters; Okta sends a number where its own attribute is one.
fn employee_number(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            nullable(&number.to_string().into(), at, faults, &EMPLOYEE_NUMBER)
        }
        _ => nullable(value, at, faults, &EMPLOYEE_NUMBER),
    }
}

fn messenger(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    if value.is_null() {
        return Some(Value::Null);
    }
    let messenger = MESSENGER.read(value, at, faults)?;
    let custom = messenger.get("protocol").is_some_and(|protocol| protocol == "CUSTOM");
    match value.get("customProtocol").is_some_and(|name| !is_blank(name)) {
        true if !custom && has(&messenger, "protocol") => {
            faults.add(&format!("{at}.customProtocol"), refusal::CUSTOM_PROTOCOL_ALONE);
        }
        false if custom => faults.add(&format!("{at}.customProtocol"), refusal::MISSING_CUSTOM_PROTOCOL),
        _ => {}
    }
    Some(messenger.into())
}

fn relations(value: &Value, at: &str, faults: &mut Faults) -> Option<Value> {
    list(value, at, faults, MAX_RELATIONS, |value, at, faults| RELATION.read(value, at, faults).map(Value::Object))
        .map(Value::Array)
}

fn required_word(value: &Value, at: &str, faults: &mut Faults, words: &[&str]) -> Option<Value> {
    let read = word(value, at, faults, words)?;
    if read.is_null() {
        faults.add(at, refusal::MISSING);
        return None;
    }
    Some(read)
}
