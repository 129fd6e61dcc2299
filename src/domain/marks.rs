//! What we remember of our own doing with a member, since LINE WORKS cannot say who suspended or deleted it.
//!
//! A mark is written before the call, confirmed by a read that shows the effect, and forgotten when the effect fails to
//! come or is undone.

use jiff::{SignedDuration, Timestamp};

use super::assignment::Desired;
use super::member::Condition;

/// How long an intent without a seen effect is believed in: an effect may come late, but not this late.
const INTENT_LIFE: SignedDuration = SignedDuration::from_mins(15);
/// How long LINE WORKS can restore a deleted member (seven days, Directory API, user-delete), and a day of margin.
const GRACE: SignedDuration = SignedDuration::from_hours(8 * 24);
/// How long after a call without a clear outcome could have had its effect the member is looked at once more.
const SECOND_LOOK: SignedDuration = SignedDuration::from_mins(1);

/// A step we were about to take, written down before the call.
///
/// LINE WORKS cannot say who suspended or deleted a member; a state that matches an intent is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    /// When it was committed.
    pub at: Timestamp,
    /// Whether a read showed its effect.
    pub confirmed: bool,
}

/// What we remember of our own doing with a member.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// We suspended it, or were about to.
    pub suspend: Option<Intent>,
    /// We deleted it, or were about to.
    pub delete: Option<Intent>,
    /// When we first saw it suspended (or pending) while unassigned: the delay before a deletion counts from here.
    pub unassigned_seen: Option<Timestamp>,
    /// A call ended without a clear outcome: until then it may still have its effect, and no other call starts.
    pub unclear_until: Option<Timestamp>,
}

impl Marks {
    /// When to look once more after a call without a clear outcome: its effect may come very late.
    pub fn second_look(&self) -> Option<Timestamp> {
        Some(self.unclear_until?.checked_add(SECOND_LOOK).unwrap_or(Timestamp::MAX))
    }

    /// Brings the memory of our own doing up to date with what a read showed.
    #[must_use]
    pub fn observe(self, desired: &Desired, condition: Option<Condition>, now: Timestamp) -> Marks {
        let fading = |intent: Option<Intent>| {
            intent.filter(|intent| !intent.confirmed && now.duration_since(intent.at) < INTENT_LIFE)
        };
        let confirmed = |intent: Option<Intent>| intent.map(|intent| Intent { confirmed: true, ..intent });
        let (suspend, delete) = match condition {
            // A member in its grace may be hidden from reads (UNCONFIRMED either way): then only this mark knows of it.
            None => (None, self.delete.filter(|intent| now.duration_since(intent.at) < GRACE)),
            Some(Condition::Deleted) => (self.suspend, confirmed(self.delete)),
            Some(Condition::Suspended | Condition::Inactive) => (confirmed(self.suspend), fading(self.delete)),
            Some(Condition::Active | Condition::Pending | Condition::OnLeave) => {
                (fading(self.suspend), fading(self.delete))
            }
        };
        let leaving = matches!(desired, Desired::Unassigned { .. });
        let at_rest = matches!(condition, Some(Condition::Suspended | Condition::Inactive | Condition::Pending));
        let unassigned_seen = (leaving && at_rest).then(|| self.unassigned_seen.unwrap_or(now));
        let unclear_until = self.unclear_until.filter(|_| self.second_look().is_some_and(|at| now < at));
        Marks { suspend, delete, unassigned_seen, unclear_until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::UnassignPolicy;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).expect("in range")
    }

    fn open(second: i64) -> Option<Intent> {
        Some(Intent { at: at(second), confirmed: false })
    }

    fn seen(marks: Marks, condition: Option<Condition>, second: i64) -> Marks {
        let leaving = Desired::Unassigned { policy: UnassignPolicy::SuspendThenDelete };
        marks.observe(&leaving, condition, at(second))
    }

    #[test]
    fn an_effect_that_is_seen_confirms_the_intent() {
        let marks = Marks { suspend: open(0), delete: open(0), ..Marks::default() };
        let suspended = seen(marks, Some(Condition::Suspended), 60);
        assert_eq!(suspended.suspend, Some(Intent { at: at(0), confirmed: true }));
        assert_eq!(suspended.delete, open(0), "that effect may still come");
        let deleted = seen(marks, Some(Condition::Deleted), 60);
        assert_eq!((deleted.suspend, deleted.delete), (open(0), Some(Intent { at: at(0), confirmed: true })));
    }

    #[test]
    fn an_intent_without_effect_is_believed_in_for_a_quarter_of_an_hour() {
        let marks = Marks { suspend: open(0), delete: open(0), ..Marks::default() };
        let before = seen(marks, Some(Condition::Active), 899);
        assert_eq!((before.suspend, before.delete), (open(0), open(0)));
        let after = seen(marks, Some(Condition::Active), 900);
        assert_eq!((after.suspend, after.delete), (None, None));
        assert_eq!(seen(marks, Some(Condition::Suspended), 900).delete, None);
    }

    #[test]
    fn what_somebody_undid_is_not_ours_any_more() {
        let done = Some(Intent { at: at(0), confirmed: true });
        let marks = Marks { suspend: done, delete: done, unassigned_seen: Some(at(0)), unclear_until: None };
        for condition in [Condition::Active, Condition::Pending, Condition::OnLeave] {
            let marks = seen(marks, Some(condition), 1);
            assert_eq!((marks.suspend, marks.delete), (None, None), "{condition:?}");
        }
        assert_eq!(seen(marks, Some(Condition::Suspended), 1).delete, None, "it was undeleted by hand");
        assert_eq!(seen(marks, None, 1), Marks { delete: done, ..Marks::default() }, "gone, or hidden in its grace");
        assert_eq!(seen(marks, None, 8 * 86_400), Marks::default(), "gone for good");
    }

    #[test]
    fn a_call_without_a_clear_outcome_is_remembered_until_the_second_look() {
        let marks = Marks { unclear_until: Some(at(20)), ..Marks::default() };
        assert_eq!(marks.second_look(), Some(at(80)));
        for condition in [None, Some(Condition::Active), Some(Condition::Deleted)] {
            assert_eq!(seen(marks, condition, 79).unclear_until, Some(at(20)));
            assert_eq!(seen(marks, condition, 80).unclear_until, None);
        }
    }

    #[test]
    fn the_delay_begins_once_and_ends_with_the_rest() {
        let first = seen(Marks::default(), Some(Condition::Suspended), 10);
        assert_eq!(first.unassigned_seen, Some(at(10)));
        assert_eq!(seen(first, Some(Condition::Pending), 20).unassigned_seen, Some(at(10)), "still at rest");
        assert_eq!(seen(first, Some(Condition::Active), 20).unassigned_seen, None);
        assert_eq!(first.observe(&Desired::Active(None), Some(Condition::Suspended), at(20)).unassigned_seen, None);
        assert_eq!(first.observe(&Desired::Suspended, Some(Condition::Suspended), at(20)).unassigned_seen, None);
    }
}
