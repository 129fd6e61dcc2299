//! Ids in Okta's form: a prefix of three characters that says what it is, and seventeen letters and digits.

use jiff::Timestamp;

/// Of a user.
pub(super) const USER: &str = "00u";
/// Of a group.
pub(super) const GROUP: &str = "00g";
/// Of an app instance.
pub(super) const APP: &str = "0oa";
/// Of an assignment, which the API's paths do not take.
pub(super) const ASSIGNMENT: &str = "0ua";
/// Of an event hook.
pub(super) const HOOK: &str = "who";

/// A new id.
pub(super) fn new(prefix: &str) -> String {
    let mut id = String::from(prefix);
    id.extend(std::iter::repeat_with(fastrand::alphanumeric).take(17));
    id
}

/// A secret text of some length.
pub(super) fn secret(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}

/// A moment as Okta writes it, in milliseconds.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}
