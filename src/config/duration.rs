//! Durations as an administrator writes them: `500ms`, `10s`, `5m`, `24h`, `7d`.
//!
//! One whole number and one unit, nothing else. A day is 24 hours: these are waiting times, not calendar dates.
//! What cannot be read is answered with what is wrong and what to write instead; this file never guesses a unit.

use std::time::Duration;

/// The units, longest first, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Why a duration could not be read; the text names the fault and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number without a unit.
    #[error("`{0}` has no unit: write {0}s, {0}m, {0}h or {0}d")]
    NoUnit(u64),
    /// A unit we do not know.
    #[error("`{0}` is not a unit: use ms, s, m, h or d")]
    UnknownUnit(String),
    /// Two parts, a fraction or a sign.
    #[error("write one whole number and one unit, for example 90m instead of 1h30m or 1.5h")]
    NotOneNumber,
    /// More than 584 million years.
    #[error("this is too long")]
    TooLong,
}

/// Reads a duration such as `10s`.
///
/// # Errors
/// When the text is not one whole number followed by one of `ms`, `s`, `m`, `h`, `d`.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    if number.is_empty() || unit.contains(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(DurationError::NotOneNumber);
    }
    let number: u64 = number.parse().map_err(|_| DurationError::TooLong)?;
    if unit.is_empty() {
        return Err(DurationError::NoUnit(number));
    }
    let Some((_, length)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(DurationError::UnknownUnit(unit.chars().take(20).collect()));
    };
    let millis = number.checked_mul(*length).ok_or(DurationError::TooLong)?;
    Ok(Duration::from_millis(millis))
}

/// Writes a duration the way [`parse`] reads it, in the longest unit that fits without a rest; below a millisecond is cut off.
pub fn written(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let fits = UNITS.iter().find(|(_, length)| millis >= *length && millis.is_multiple_of(*length));
    let (unit, length) = fits.copied().unwrap_or(("s", 1_000));
    format!("{}{unit}", millis / length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_unit_is_read() {
        for (text, millis) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("5m", 300_000),
            ("24h", 86_400_000),
            ("7d", 604_800_000),
            (" 7 d ", 604_800_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_write() {
        for (text, says) in [
            ("10", "write 10s, 10m, 10h or 10d"),
            ("10sec", "use ms, s, m, h or d"),
            ("7 days", "`days` is not a unit"),
            ("1h30m", "90m"),
            ("1.5h", "90m"),
            ("-5m", "one whole number"),
            ("", "one whole number"),
            ("99999999999999999999s", "too long"),
            ("99999999999999999d", "too long"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 0u64..4_000_000_000_000) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&written(duration)), Ok(duration));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            drop(parse(&text));
        }
    }
}
