//! Texts: lengths, character sets, logins, dates. Lengths are counted in UTF-16 units, as the vendor's Java would.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::{Context, Problem};

/// Specials a name may contain beside letters, digits and spaces (vendor's user-create page).
const NAME_SPECIALS: &str = "!@&()-_+[]{},./#'`^~";

/// Specials in the name of an org unit or a position (vendor's orgunit-create and directory-position-create pages).
const UNIT_SPECIALS: &str = "!@&()-_+[]{},./";

/// Characters an external key may not contain (same page).
const EXTERNAL_KEY_FORBIDDEN: [char; 5] = ['%', '\\', '#', '/', '?'];

/// First parts of IANA time zone names; the list the vendor knows is not published.
const TIME_ZONE_AREAS: [&str; 11] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
    "Etc",
];

/// The character sets of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Chars {
    Any,
    Name,
    Unit,
    /// `[A-Za-z][A-Za-z0-9_]*`, the code of a user type.
    Code,
    Katakana,
    Phone,
    ExternalKey,
}

/// A text property with nothing special about it.
pub(in crate::sandbox) struct TextRule {
    pub(in crate::sandbox) name: &'static str,
    min: usize,
    max: usize,
    chars: Chars,
}

impl TextRule {
    pub(in crate::sandbox) const fn new(name: &'static str, min: usize, max: usize, chars: Chars) -> Self {
        Self { name, min, max, chars }
    }
}

/// A text or null, by its rule.
pub(in crate::sandbox) fn optional(property: &str, value: &Value, rule: &TextRule) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    required(property, value, rule)
}

/// A text, by its rule.
pub(in crate::sandbox) fn required(property: &str, value: &Value, rule: &TextRule) -> Result<Value, Problem> {
    let text = string(property, value)?;
    let length = length(text);
    if length < rule.min || length > rule.max {
        return Err(Problem::invalid(property, format!("Its length must be {} to {}.", rule.min, rule.max)));
    }
    characters(property, text, rule.chars)?;
    Ok(value.clone())
}

/// The text of a JSON string.
pub(in crate::sandbox) fn string<'v>(property: &str, value: &'v Value) -> Result<&'v str, Problem> {
    value.as_str().ok_or_else(|| Problem::invalid(property, "It must be a string."))
}

/// Length as the vendor counts it.
pub(in crate::sandbox) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn characters(property: &str, text: &str, chars: Chars) -> Result<(), Problem> {
    let allowed = |letter: char| match chars {
        Chars::Any => !letter.is_control(),
        Chars::Name => letter.is_alphanumeric() || matches!(letter, ' ' | '\u{3000}') || NAME_SPECIALS.contains(letter),
        Chars::Unit => letter.is_alphanumeric() || matches!(letter, ' ' | '\u{3000}') || UNIT_SPECIALS.contains(letter),
        Chars::Code => letter.is_ascii_alphanumeric() || letter == '_',
        Chars::Katakana => matches!(letter, '\u{30a0}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}'),
        Chars::Phone => letter.is_ascii_digit() || "+-*#PTpt()\u{3000}".contains(letter),
        Chars::ExternalKey => !letter.is_control() && !EXTERNAL_KEY_FORBIDDEN.contains(&letter),
    };
    if !text.chars().all(allowed) {
        return Err(Problem::forbidden(property, "It contains a character that is not allowed."));
    }
    if chars == Chars::Code && !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Err(Problem::invalid(property, "It must begin with a letter."));
    }
    if chars == Chars::Phone && !text.contains(|letter: char| letter.is_ascii_digit()) {
        return Err(Problem::invalid(property, "It must contain a digit."));
    }
    Ok(())
}

/// A login or alias: at most 90, `local@domain` with a domain of the tenant, the local part 2 to 40.
pub(in crate::sandbox) fn login(property: &str, value: &Value, context: &Context<'_>) -> Result<Value, Problem> {
    address(property, value, 40, context)
}

/// An address of the tenant whose local part has 2 to `most` characters.
pub(in crate::sandbox) fn address(
    property: &str,
    value: &Value,
    most: usize,
    context: &Context<'_>,
) -> Result<Value, Problem> {
    let text = string(property, value)?;
    if length(text) > 90 {
        return Err(Problem::invalid(property, "It is longer than 90."));
    }
    let Some((local, host)) = text.split_once('@') else {
        return Err(Problem::invalid(property, "It is not an e-mail address."));
    };
    if !context.domains.iter().any(|domain| domain.name == host) {
        return Err(Problem::invalid(property, "Its domain is not a domain of the tenant."));
    }
    if !(2..=most).contains(&length(local)) {
        return Err(Problem::invalid(property, format!("The part before @ must have 2 to {most} characters.")));
    }
    no_prohibited_word(property, local, context)?;
    local_part(property, local)?;
    Ok(value.clone())
}

/// The vendor's "NG words": which ones there are is not published (the old API's error list knows them).
pub(in crate::sandbox) fn no_prohibited_word(property: &str, text: &str, context: &Context<'_>) -> Result<(), Problem> {
    let text = text.to_lowercase();
    let found = context.switches.prohibited_words.iter().any(|word| text.contains(&word.to_lowercase()));
    if found { Err(Problem::prohibited(property)) } else { Ok(()) }
}

fn local_part(property: &str, local: &str) -> Result<(), Problem> {
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-".contains(letter);
    if !local.chars().all(allowed) {
        return Err(Problem::forbidden(property, "Only a-z, 0-9, '.', '-' and '_' are allowed before @."));
    }
    if !local.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Err(Problem::invalid(property, "It must begin with a letter or a digit."));
    }
    if local.ends_with('.') || local.contains("..") {
        return Err(Problem::invalid(property, "No dot may be last or doubled before @."));
    }
    Ok(())
}

/// A private address: at most 256, local part 64, domain 253.
pub(in crate::sandbox) fn private_email(property: &str, value: &Value) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let text = string(property, value)?;
    let parts: Vec<&str> = text.split('@').collect();
    let [local, host] = parts[..] else {
        return Err(Problem::invalid(property, "It is not an e-mail address."));
    };
    let too_long = length(text) > 256 || length(local) > 64 || length(host) > 253;
    if too_long {
        return Err(Problem::invalid(property, "It, its local part or its domain is too long."));
    }
    let shapeless = local.is_empty() || !host.contains('.') || host.starts_with('.') || host.ends_with('.');
    if shapeless || text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Err(Problem::invalid(property, "It is not an e-mail address."));
    }
    Ok(value.clone())
}

/// `YYYY-MM-DD` or null, a day that exists.
pub(in crate::sandbox) fn date(property: &str, value: &Value) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let text = string(property, value)?;
    if !has_shape(text, "dddd-dd-dd") || text.parse::<Date>().is_err() {
        return Err(Problem::invalid(property, "It must be a date, YYYY-MM-DD."));
    }
    Ok(value.clone())
}

/// `YYYY-MM-DDThh:mm:ssTZD` or null, in the future.
pub(in crate::sandbox) fn activation_date(property: &str, value: &Value, now: Timestamp) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let text = string(property, value)?;
    let shaped = ["dddd-dd-ddTdd:dd:ddZ", "dddd-dd-ddTdd:dd:dd+dd:dd", "dddd-dd-ddTdd:dd:dd-dd:dd"]
        .iter()
        .any(|shape| has_shape(text, shape));
    match text.parse::<Timestamp>() {
        Ok(moment) if shaped && moment > now => Ok(value.clone()),
        Ok(_) if shaped => Err(Problem::invalid(property, "It must be in the future.")),
        _ => Err(Problem::invalid(property, "It must be YYYY-MM-DDThh:mm:ssTZD.")),
    }
}

/// An IANA name; whether the place exists is not checked.
pub(in crate::sandbox) fn time_zone(property: &str, value: &Value) -> Result<Value, Problem> {
    let text = string(property, value)?;
    let place = text.split_once('/');
    let known = text == "UTC"
        || place.is_some_and(|(area, place)| {
            TIME_ZONE_AREAS.contains(&area)
                && !place.is_empty()
                && place.chars().all(|letter| letter.is_ascii_alphanumeric() || "/_-+".contains(letter))
        });
    if !known {
        return Err(Problem::invalid(property, "It must be a time zone such as Asia/Tokyo."));
    }
    Ok(value.clone())
}

/// True if `text` has the letters of `shape`, where `d` is a digit.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(letter, wanted)| match wanted {
            b'd' => letter.is_ascii_digit(),
            _ => letter == wanted,
        })
}
