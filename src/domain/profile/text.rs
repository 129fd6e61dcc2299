//! The shapes and character sets of single texts, as pure checks.
//!
//! Each check takes text that is already trimmed and not empty, and answers with the rule it breaks. Lengths are counted in
//! Unicode scalar values. Where LINE WORKS' documents are silent about characters outside ASCII the checks are lenient:
//! a refusal by LINE WORKS itself parks the person with its own words, a wrong refusal here could not be lifted.

use jiff::{Timestamp, civil::Date};

use super::{
    email,
    refusal::{self, Refusal},
};
use crate::domain::reference::Reference;

/// A text's greatest length and what else it must be.
pub(super) struct Text {
    max: usize,
    check: fn(&str) -> Result<(), Refusal>,
}

impl Text {
    /// Text of at most so many characters that passes the check.
    pub(super) const fn up_to(max: usize, check: fn(&str) -> Result<(), Refusal>) -> Self {
        Self { max, check }
    }

    /// Text whose check says all about its length, or for which the documents give none.
    pub(super) const fn shaped(check: fn(&str) -> Result<(), Refusal>) -> Self {
        Self::up_to(usize::MAX, check)
    }

    pub(super) fn verify(&self, text: &str) -> Result<(), Refusal> {
        if text.chars().count() > self.max {
            return Err(refusal::TOO_LONG.with(self.max));
        }
        (self.check)(text)
    }
}

/// LINE WORKS Directory API, user-create: special characters allowed in `userName`, `i18nNames` and `nickName`.
const NAME_SPECIALS: &str = "!@&()-_+[]{},./#'`^~";

/// No rule but the length.
pub(super) fn anything(_: &str) -> Result<(), Refusal> {
    Ok(())
}

/// A name: letters, digits, spaces and the listed ASCII specials. Outside ASCII everything is taken (kanji beyond the basic
/// plane, variation selectors, the middle dot, typographic apostrophes) but controls and invisible direction marks.
pub(super) fn name(text: &str) -> Result<(), Refusal> {
    let allowed = |c: char| {
        if c.is_ascii() {
            c.is_ascii_alphanumeric() || c == ' ' || NAME_SPECIALS.contains(c)
        } else {
            !c.is_control() && !is_invisible_format(c)
        }
    };
    if text.chars().all(allowed) { Ok(()) } else { Err(refusal::NAME_CHARACTER.of(NAME_SPECIALS)) }
}

/// Zero-width space, direction marks, line separators, byte-order mark and Unicode non-characters. The two joiners
/// (U+200C, U+200D) belong to the spelling of some scripts and are allowed.
fn is_invisible_format(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FDD0}'..='\u{FDEF}')
        || (c as u32) & 0xFFFE == 0xFFFE
}

/// LINE WORKS Directory API, user-create (Japanese page), `phoneticLastName`: katakana only. Iteration marks are not taken.
pub(super) fn katakana(text: &str) -> Result<(), Refusal> {
    if text.chars().any(|c| matches!(c, '\u{FF66}'..='\u{FF9F}')) {
        return Err(refusal::HALF_WIDTH_KATAKANA.into());
    }
    let allowed = |c: char| matches!(c, '\u{30A1}'..='\u{30FA}' | '・' | 'ー' | '\u{3000}' | ' ');
    if text.chars().all(allowed) { Ok(()) } else { Err(refusal::NOT_KATAKANA.into()) }
}

/// LINE WORKS Directory API, user-create, `telephone`: `^(?=.*[0-9])[0-9+\-*#PTpt()\u3000]{0,100}`.
pub(super) fn phone(text: &str) -> Result<(), Refusal> {
    if !text.chars().all(|c| c.is_ascii_digit() || "+-*#PTpt()\u{3000}".contains(c)) {
        return Err(refusal::PHONE_CHARACTER.into());
    }
    if !text.chars().any(|c| c.is_ascii_digit()) {
        return Err(refusal::PHONE_DIGIT.into());
    }
    Ok(())
}

/// LINE WORKS Directory API, user-create, `privateEmail`: at most 64 characters before the `@` and 253 after it.
pub(super) fn private_email(text: &str) -> Result<(), Refusal> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(refusal::EMAIL_CHARACTER.into());
    }
    let (local, domain) = email::split(text)?;
    if local.chars().count() > 64 {
        return Err(refusal::LOCAL_PART_TOO_LONG.with(64));
    }
    if domain.chars().count() > 253 {
        return Err(refusal::DOMAIN_TOO_LONG.with(253));
    }
    if domain.split('.').any(str::is_empty) {
        return Err(refusal::DOMAIN_SHAPE.into());
    }
    Ok(())
}

/// A day that exists in the solar calendar, written `YYYY-MM-DD`.
pub(super) fn solar_date(text: &str) -> Result<(), Refusal> {
    if fits(text, "dddd-dd-dd") && text.parse::<Date>().is_ok() { Ok(()) } else { Err(refusal::DATE_SHAPE.into()) }
}

/// A day of a lunar calendar, whose every month may have 30 days, written `YYYY-MM-DD`.
pub(super) fn lunar_date(text: &str) -> Result<(), Refusal> {
    let within = |range: std::ops::Range<usize>, max: u8| {
        text.get(range).and_then(|digits| digits.parse::<u8>().ok()).is_some_and(|number| (1..=max).contains(&number))
    };
    if fits(text, "dddd-dd-dd") && within(5..7, 12) && within(8..10, 30) {
        Ok(())
    } else {
        Err(refusal::DATE_SHAPE.into())
    }
}

/// LINE WORKS Directory API, user-create, `activationDate`: `YYYY-MM-DDThh:mm:ssTZD`. That it lies in the future is for the
/// caller to see, who knows the time.
pub(super) fn timestamp(text: &str) -> Result<(), Refusal> {
    let shaped = ["Z", "+dd:dd", "-dd:dd"].iter().any(|zone| fits(text, &format!("dddd-dd-ddTdd:dd:dd{zone}")));
    let leap_second = text.get(17..19) == Some("60");
    if shaped && !leap_second && text.parse::<Timestamp>().is_ok() {
        Ok(())
    } else {
        Err(refusal::TIMESTAMP_SHAPE.into())
    }
}

/// The shape of a name in the IANA database. Whether the zone exists is left to LINE WORKS: the database is not compiled in.
pub(super) fn time_zone(text: &str) -> Result<(), Refusal> {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-'))
    };
    if text.split('/').all(part) { Ok(()) } else { Err(refusal::TIME_ZONE_SHAPE.into()) }
}

/// The prefix by which LINE WORKS takes an external key where it expects an id.
pub(super) const EXTERNAL_KEY: &str = "externalKey:";

/// An id of LINE WORKS, or `externalKey:` and a key. Ids look like UUIDs but are not always, so nothing more is asked of them.
pub(super) fn reference(text: &str) -> Result<(), Refusal> {
    if text.chars().any(char::is_control) {
        return Err(refusal::CONTROL_CHARACTER.into());
    }
    if text == EXTERNAL_KEY {
        return Err(refusal::EXTERNAL_KEY_EMPTY.into());
    }
    Ok(())
}

/// A reference to something that can also be looked up by its name.
pub(super) fn place(text: &str) -> Result<(), Refusal> {
    reference(text)?;
    match Reference::parse(text) {
        Reference::Name(name) if name.is_empty() => Err(refusal::NAME_EMPTY.into()),
        _ => Ok(()),
    }
}

/// Whether the text has the pattern's length, an ASCII digit for each `d` and the same character elsewhere.
fn fits(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(c, p)| if p == b'd' { c.is_ascii_digit() } else { c == p })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_the_listed_specials_and_no_other_ascii_ones() {
        for c in (' '..='~').filter(|c| !c.is_ascii_alphanumeric() && *c != ' ') {
            assert_eq!(name(&format!("佐{c}藤")).is_ok(), NAME_SPECIALS.contains(c), "{c}");
        }
    }

    #[test]
    fn japanese_and_other_names_are_taken_as_they_are_written() {
        for text in [
            "佐々木",
            "𠮷野家",
            "葛\u{E0100}城",
            "ジャン・ポール",
            "O’Brien",
            "Núñez",
            "김철수",
            "山田\u{3000}花子",
            "か\u{3099}く",
            "क्\u{200D}ष",
        ] {
            assert!(name(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn invisible_marks_and_controls_are_refused_in_names() {
        for c in ['\0', '\n', '\t', '\u{7F}', '\u{85}', '\u{200B}', '\u{202E}', '\u{2066}', '\u{FEFF}', '\u{FFFE}'] {
            assert!(name(&format!("佐{c}藤")).is_err(), "{c:?}");
        }
    }

    #[test]
    fn phonetics_are_full_width_katakana() {
        for text in ["サトウ", "ヴァージニア", "ジャン・ポール", "ア イ\u{3000}ウ", "ー"] {
            assert!(katakana(text).is_ok(), "{text}");
        }
        for text in ["さとう", "佐藤", "Sato", "サトウ1", "ヽ"] {
            assert!(katakana(text).is_err(), "{text}");
        }
        let half_width = katakana("ｻﾄｳ").map_err(|refusal| super::super::FieldError::new("x", &refusal));
        assert!(half_width.is_err_and(|error| error.message.contains("half-width")));
    }

    #[test]
    fn phones_need_a_digit_and_take_no_ascii_space() {
        for text in ["0", "090-1111-2222", "+81(3)1111#22*3P4T5p6t7", "03\u{3000}1111"] {
            assert!(phone(text).is_ok(), "{text}");
        }
        for text in ["-", "+", "03 1111", "03.1111", "０３", "ext1"] {
            assert!(phone(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dates_exist_and_have_no_time() {
        for text in ["2024-02-29", "1999-12-31"] {
            assert!(solar_date(text).is_ok(), "{text}");
        }
        for text in [
            "2023-02-29",
            "2024-2-9",
            "20240209",
            "2024-02-09T00:00:00Z",
            "24-02-09",
            "２０２４-02-09",
            "2024-13-01",
            "2024-00-10",
        ] {
            assert!(solar_date(text).is_err(), "{text}");
        }
        assert!(lunar_date("1990-02-30").is_ok());
        for text in ["1990-02-31", "1990-13-01", "1990-00-01", "1990-01-00", "1990-1-1"] {
            assert!(lunar_date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn moments_have_an_offset_and_whole_seconds() {
        for text in ["2031-04-01T09:00:00+09:00", "2031-04-01T00:00:00Z", "2031-04-01T00:00:00-05:30"] {
            assert!(timestamp(text).is_ok(), "{text}");
        }
        for text in [
            "2031-04-01T09:00:00",
            "2031-04-01T09:00:00.000Z",
            "2031-04-01 09:00:00Z",
            "2031-04-31T09:00:00Z",
            "2031-04-01T24:00:00Z",
            "2031-04-01T09:00:60Z",
            "2031-04-01T09:00:00+0900",
        ] {
            assert!(timestamp(text).is_err(), "{text}");
        }
    }

    #[test]
    fn time_zones_have_the_shape_of_iana_names() {
        for text in ["Asia/Tokyo", "UTC", "Etc/GMT+9", "America/Argentina/Buenos_Aires"] {
            assert!(time_zone(text).is_ok(), "{text}");
        }
        for text in ["+09:00", "Asia/", "/Tokyo", "Asia//Tokyo", "Asia Tokyo", "東京", "9"] {
            assert!(time_zone(text).is_err(), "{text}");
        }
    }

    #[test]
    fn private_addresses_are_looser_than_logins() {
        for text in ["Hanako+works@example.net", "a@b", "花子@例え.jp"] {
            assert!(private_email(text).is_ok(), "{text}");
        }
        for text in ["hanako", "a@b@c", "a b@c", "a@b..c", "@b", "a@"] {
            assert!(private_email(text).is_err(), "{text}");
        }
    }
}
