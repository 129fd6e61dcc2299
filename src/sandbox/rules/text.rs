//! Texts: lengths, character sets, logins, dates. Lengths are counted in UTF-16 units, as the vendor's Java would.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::Problem;

/// Specials a name may contain beside letters, digits and spaces (vendor's user-create page).
const NAME_SPECIALS: &str = "!@&()-_+[]{},./#'`^~";

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
pub(super) enum Chars {
    Any,
    Name,
    Katakana,
    Phone,
    ExternalKey,
}

/// A text property with nothing special about it.
pub(super) struct TextRule {
    pub(super) name: &'static str,
    min: usize,
    max: usize,
    chars: Chars,
}

impl TextRule {
    pub(super) const fn new(name: &'static str, min: usize, max: usize, chars: Chars) -> Self {
        Self { name, min, max, chars }
    }
}

/// A text or null, by its rule.
pub(super) fn optional(property: &str, value: &Value, rule: &TextRule) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    required(property, value, rule)
}

/// A text, by its rule.
pub(super) fn required(property: &str, value: &Value, rule: &TextRule) -> Result<Value, Problem> {
    let text = string(property, value)?;
    let length = length(text);
    if length < rule.min || length > rule.max {
        return Err(Problem::invalid(property, format!("Its length must be {} to {}.", rule.min, rule.max)));
    }
    characters(property, text, rule.chars)?;
    Ok(value.clone())
}

/// The text of a JSON string.
pub(super) fn string<'v>(property: &str, value: &'v Value) -> Result<&'v str, Problem> {
    value.as_str().ok_or_else(|| Problem::invalid(property, "It must be a string."))
}

/// Length as the vendor counts it.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn characters(property: &str, text: &str, chars: Chars) -> Result<(), Problem> {
    let allowed = |letter: char| match chars {
        Chars::Any => !letter.is_control(),
        Chars::Name => letter.is_alphanumeric() || matches!(letter, ' ' | '\u{3000}') || NAME_SPECIALS.contains(letter),
        Chars::Katakana => matches!(letter, '\u{30a0}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}'),
        Chars::Phone => letter.is_ascii_digit() || "+-*#PTpt()\u{3000}".contains(letter),
        Chars::ExternalKey => !letter.is_control() && !EXTERNAL_KEY_FORBIDDEN.contains(&letter),
    };
    if !text.chars().all(allowed) {
        return Err(Problem::forbidden(property, "It contains a character that is not allowed."));
    }
    if chars == Chars::Phone && !text.contains(|letter: char| letter.is_ascii_digit()) {
        return Err(Problem::invalid(property, "It must contain a digit."));
    }
    Ok(())
}

/// A login or alias: at most 90, `local@domain` with the tenant's domain.
pub(super) fn login(property: &str, value: &Value, domain: &str) -> Result<Value, Problem> {
    let text = string(property, value)?;
    if length(text) > 90 {
        return Err(Problem::invalid(property, "It is longer than 90."));
    }
    let Some((local, host)) = text.split_once('@') else {
        return Err(Problem::invalid(property, "It is not an e-mail address."));
    };
    if host != domain {
        return Err(Problem::invalid(property, "Its domain is not a domain of the tenant."));
    }
    if !(2..=40).contains(&length(local)) {
        return Err(Problem::invalid(property, "The part before @ must have 2 to 40 characters."));
    }
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
    Ok(value.clone())
}

/// A private address: at most 256, local part 64, domain 253.
pub(super) fn private_email(property: &str, value: &Value) -> Result<Value, Problem> {
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
pub(super) fn date(property: &str, value: &Value) -> Result<Value, Problem> {
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
pub(super) fn activation_date(property: &str, value: &Value, now: Timestamp) -> Result<Value, Problem> {
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
pub(super) fn time_zone(property: &str, value: &Value) -> Result<Value, Problem> {
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
