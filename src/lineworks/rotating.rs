//! The values of one secret while it is being replaced, in the order to try them. Pure.
//!
//! Never more than three: the newest, the other one configured beside it, and a former one. A value that was accepted
//! is never forgotten for one that was not, however often the file changes in between.

/// What tells values apart without holding them.
pub(super) type Print = [u8; 32];

/// A value with its print.
#[derive(Debug, Clone)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    pub(super) print: Print,
}

/// Which of its values a candidate has; shown in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Newest,
    Other,
    Former,
}

impl Which {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Which::Newest => "newest",
            Which::Other => "other",
            Which::Former => "former",
        }
    }
}

/// The values of one secret.
#[derive(Debug)]
pub(super) struct Rotating<T> {
    pub(super) newest: Kept<T>,
    pub(super) other: Option<Kept<T>>,
    pub(super) former: Option<Kept<T>>,
    /// Accepted last, since the last change: tried first.
    first: Option<Print>,
    /// Accepted last, whatever changed since: never forgotten for one that was never accepted.
    proven: Print,
}

impl<T: Clone> Rotating<T> {
    pub(super) fn new(newest: Kept<T>, other: Option<Kept<T>>) -> Self {
        let proven = newest.print;
        Self { newest, other, former: None, first: None, proven }
    }

    /// Each value once, in the order to try them.
    pub(super) fn in_order(&self) -> Vec<(Which, Kept<T>)> {
        let all = [
            (Which::Newest, Some(&self.newest)),
            (Which::Other, self.other.as_ref()),
            (Which::Former, self.former.as_ref()),
        ];
        let mut order: Vec<(Which, Kept<T>)> = Vec::new();
        for (which, kept) in all.into_iter().filter_map(|(which, kept)| Some((which, kept?))) {
            if order.iter().all(|(_, earlier)| earlier.print != kept.print) {
                order.push((which, kept.clone()));
            }
        }
        order.sort_by_key(|(_, kept)| Some(kept.print) != self.first);
        order
    }

    pub(super) fn replace_newest(&mut self, kept: Kept<T>) {
        let replaced = std::mem::replace(&mut self.newest, kept);
        let is_proven = |former: &Kept<T>| former.print == self.proven && former.print != self.newest.print;
        if replaced.print == self.proven || !self.former.as_ref().is_some_and(is_proven) {
            self.former = Some(replaced);
        }
        self.first = None;
    }

    pub(super) fn replace_other(&mut self, kept: Kept<T>) {
        let replaced = self.other.replace(kept);
        self.former = replaced.filter(|replaced| replaced.print == self.proven).or(self.former.take());
        self.first = None;
    }

    pub(super) fn accepted(&mut self, print: Print) {
        self.first = Some(print);
        self.proven = print;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(value: u8) -> Kept<u8> {
        Kept { value, print: [value; 32] }
    }

    fn order(rotating: &Rotating<u8>) -> Vec<u8> {
        rotating.in_order().into_iter().map(|(_, kept)| kept.value).collect()
    }

    #[test]
    fn the_newest_goes_first_then_the_other_then_the_former() {
        let mut values = Rotating::new(kept(1), Some(kept(2)));
        assert_eq!(order(&values), [1, 2]);
        values.replace_newest(kept(3));
        assert_eq!(order(&values), [3, 2, 1]);
        values.accepted([1; 32]);
        assert_eq!(order(&values), [1, 3, 2], "the one that was accepted goes first");
        values.replace_other(kept(3));
        assert_eq!(order(&values), [3, 1], "each once, and a change puts the newest first again");
    }

    #[test]
    fn one_that_was_accepted_is_never_forgotten_for_one_that_was_not() {
        let mut values = Rotating::new(kept(1), None);
        values.replace_newest(kept(2));
        values.replace_newest(kept(3));
        assert_eq!(order(&values), [3, 1], "2 was never accepted");
        values.accepted([3; 32]);
        values.replace_newest(kept(4));
        assert_eq!(order(&values), [4, 3]);
        values.replace_newest(kept(3));
        assert_eq!(order(&values), [3, 4], "back again");
    }
}
