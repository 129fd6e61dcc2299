//! The first password of a member that neither signs in through SSO nor is invited by mail.
//!
//! It satisfies every policy a tenant can choose (LINE WORKS administrator guide, account security: 8 to 20 characters,
//! letters, digits and specials, no three equal or consecutive ones in a row), and can be read out: characters that look
//! alike are left out. It is given to LINE WORKS and at most to the caller that waits; it is never stored or logged.

use aws_lc_rs::error::Unspecified;
use secrecy::SecretString;
use zeroize::Zeroizing;

/// Characters of a password: within every length a tenant can ask for.
const LENGTH: usize = 16;
/// The kinds, each of which occurs. Without I, l, 1, O, 0, o, and what a keyboard or a quotation may change.
const KINDS: [&[u8]; 4] = [b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"abcdefghijkmnpqrstuvwxyz", b"23456789", b"!#$%&*+-=?@"];

/// Makes a password from `fill`, which gives random bytes.
///
/// # Errors
/// When there is no randomness.
pub fn make(mut fill: impl FnMut(&mut [u8]) -> Result<(), Unspecified>) -> Result<SecretString, Unspecified> {
    let characters: Vec<u8> = KINDS.concat();
    // The largest multiple of their number: bytes from there on would make the first ones likelier.
    let fair = 256 - 256 % characters.len();
    loop {
        let mut password = Zeroizing::new(String::with_capacity(LENGTH));
        while password.len() < LENGTH {
            let mut bytes = Zeroizing::new([0; LENGTH]);
            fill(bytes.as_mut_slice())?;
            let drawn = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
            let left = LENGTH - password.len();
            password.extend(drawn.take(left).map(|byte| char::from(characters[byte % characters.len()])));
        }
        if is_good(password.as_bytes()) {
            return Ok(SecretString::from(password.as_str()));
        }
    }
}

/// The same from the system's generator.
///
/// # Errors
/// When the system has no randomness to give.
pub fn generate() -> Result<SecretString, Unspecified> {
    make(aws_lc_rs::rand::fill)
}

fn is_good(password: &[u8]) -> bool {
    let has = |kind: &[u8]| password.iter().any(|character| kind.contains(character));
    KINDS.iter().all(|kind| has(kind)) && !password.windows(3).any(is_run)
}

/// `aaa`, `abc`, `cba`, `aBc`: three in a row, whatever the case and the direction.
fn is_run(window: &[u8]) -> bool {
    let [a, b, c] = window else { return false };
    let steps = |a: u8, b: u8, c: u8| (i16::from(b) - i16::from(a), i16::from(c) - i16::from(b));
    let lower = u8::to_ascii_lowercase;
    // `?@A` is a run as it is written, `aBc` is one when the case does not count.
    [steps(*a, *b, *c), steps(lower(a), lower(b), lower(c))]
        .iter()
        .any(|(first, second)| first == second && (-1..=1).contains(first))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn seeded(seed: u64) -> String {
        let mut random = fastrand::Rng::with_seed(seed);
        let password = make(|bytes| {
            random.fill(bytes);
            Ok(())
        });
        password.expect("made").expose_secret().to_owned()
    }

    proptest! {
        #[test]
        fn a_password_meets_every_policy_and_can_be_read_out(seed: u64) {
            let password = seeded(seed);
            prop_assert_eq!(password.len(), 16);
            let has = |test: fn(&u8) -> bool| password.as_bytes().iter().any(test);
            prop_assert!(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase));
            prop_assert!(has(u8::is_ascii_digit) && has(u8::is_ascii_punctuation));
            prop_assert!(!password.contains(['I', 'l', '1', 'O', '0', 'o', '"', '\'', '\\', ' ']));
            for run in password.as_bytes().windows(3) {
                let [a, b, c] = [run[0], run[1], run[2]].map(i16::from);
                prop_assert!(!(b - a == c - b && (b - a).abs() <= 1), "{}", password);
            }
        }
    }

    #[test]
    fn no_two_are_the_same_and_every_character_occurs() {
        let made: HashSet<String> =
            (0..500).map(|_| generate().expect("randomness").expose_secret().to_owned()).collect();
        assert_eq!(made.len(), 500);
        let used: HashSet<u8> = made.iter().flat_map(|password| password.bytes()).collect();
        assert_eq!(used.len(), KINDS.concat().len());
    }

    #[test]
    fn runs_are_seen_in_both_directions_and_in_any_case() {
        for run in ["aaa", "abc", "cba", "aBc", "AAa", "678", "876", "$%&"] {
            assert!(is_run(run.as_bytes()), "{run}");
        }
        for no_run in ["aab", "ace", "a7b", "787"] {
            assert!(!is_run(no_run.as_bytes()), "{no_run}");
        }
    }

    #[test]
    fn without_randomness_there_is_no_password() {
        assert!(make(|_| Err(Unspecified)).is_err());
    }
}
