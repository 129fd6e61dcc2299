//! Filters of ours: what LINE WORKS asks of texts that Okta has in another form.

use minijinja::Value;
use unicode_normalization::UnicodeNormalization;

/// Hiragana and half-width katakana as full-width katakana; everything else stays.
pub(super) fn katakana(text: Value) -> Value {
    let Some(text) = text.as_str() else { return text };
    let full_width = |c: char| match c {
        '\u{FF61}'..='\u{FF9F}' => c.nfkc().to_string(),
        _ => c.to_string(),
    };
    // A half-width voiced sound mark joins the letter before it only once both are full-width.
    let text: String = text.chars().map(full_width).collect::<String>().nfc().collect();
    text.chars().map(as_katakana).collect::<String>().into()
}

fn as_katakana(c: char) -> char {
    match c {
        '\u{3041}'..='\u{3096}' => char::from_u32(c as u32 + 0x60).unwrap_or(c),
        _ => c,
    }
}

/// A phone number as LINE WORKS takes it: full-width digits and signs made plain, spaces, dots and slashes taken out.
/// What still is none, such as a number with `ext.`, is left out rather than refused.
pub(super) fn phone(text: Value) -> Value {
    let Some(text) = text.as_str() else { return if text.is_none() { text } else { Value::UNDEFINED } };
    let plain = |c: char| match c {
        '\u{FF01}'..='\u{FF5E}' => c.nfkc().next().unwrap_or(c),
        '‐' | '‑' | '‒' | '–' | '−' | 'ー' => '-',
        _ => c,
    };
    let number: String = text.chars().map(plain).filter(|c| !c.is_whitespace() && !matches!(c, '.' | '/')).collect();
    // LINE WORKS Directory API, user-create, `telephone`: at most 100 of these, one digit at least.
    let taken = number.chars().all(|c| c.is_ascii_digit() || "+-*#()".contains(c));
    let fits = taken && number.contains(|c: char| c.is_ascii_digit()) && number.len() <= 100;
    if fits { number.into() } else { Value::UNDEFINED }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phonetics_become_full_width_katakana() {
        for (given, wanted) in [
            ("さとう", "サトウ"),
            ("ｻﾄｳ ﾊﾅｺ", "サトウ ハナコ"),
            ("ｶﾞｯﾊﾟ", "ガッパ"),
            ("ゔぁーじにあ", "ヴァージニア"),
            ("か\u{3099}く", "ガク"),
            ("サトウ", "サトウ"),
            ("Sato", "Sato"),
        ] {
            assert_eq!(katakana(given.into()).as_str(), Some(wanted), "{given}");
        }
        assert!(katakana(Value::UNDEFINED).is_undefined());
    }

    #[test]
    fn phones_lose_what_line_works_refuses_and_are_left_out_when_they_are_none() {
        for (given, wanted) in [
            ("+81 90-1234-5678", "+8190-1234-5678"),
            ("０３−１２３４−５６７８", "03-1234-5678"),
            ("(03) 1234.5678", "(03)12345678"),
        ] {
            assert_eq!(phone(given.into()).as_str(), Some(wanted), "{given}");
        }
        for given in ["03-1234 ext. 5", "none", "", &"1".repeat(101)] {
            assert!(phone(given.into()).is_undefined(), "{given}");
        }
        assert!(phone(Value::from(())).is_none());
    }
}
