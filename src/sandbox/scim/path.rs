//! Paths of a PATCH: `attribute`, `attribute.sub`, `attribute[type eq "…"]`, `attribute[type eq "…"].sub`.

use super::filter::Equals;

/// A path taken apart; whether the attribute exists is for the reader to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) attribute: String,
    pub(crate) filter: Option<Equals>,
    pub(crate) sub: Option<String>,
}

impl Path {
    /// None for a text that is no path of these forms; a schema's URN before the attribute is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let Some((attribute, rest)) = text.split_once('[') else {
            let (attribute, sub) = match text.split_once('.') {
                Some((attribute, sub)) => (attribute, Some(sub)),
                None => (text, None),
            };
            return Self::of(attribute, None, sub);
        };
        // The last one: a value in quotes may have brackets, too.
        let (filter, rest) = rest.rsplit_once(']')?;
        let sub = match rest {
            "" => None,
            rest => Some(rest.strip_prefix('.')?),
        };
        Self::of(attribute, Some(Equals::parse(filter)?), sub)
    }

    fn of(attribute: &str, filter: Option<Equals>, sub: Option<&str>) -> Option<Self> {
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_alphanumeric());
        (is_name(attribute) && sub.is_none_or(is_name)).then(|| Self {
            attribute: attribute.to_owned(),
            filter,
            sub: sub.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn a_path_has_four_forms_and_no_others() {
        let read = |text: &str| {
            let path = Path::parse(text)?;
            let filter = path.filter.map(|filter| format!("{}={}", filter.attribute, filter.value));
            Some((path.attribute, filter, path.sub))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("active"), Some(("active".to_owned(), None, None)));
        assert_eq!(read("name.givenName"), Some(("name".to_owned(), None, some("givenName"))));
        assert_eq!(read(r#"emails[type eq "other"]"#), Some(("emails".to_owned(), some("type=other"), None)));
        let whole = Some(("members".to_owned(), some("value=a]b"), some("value")));
        assert_eq!(read(r#"members[value eq "a]b"].value"#), whole);
        for other in ["", ".", "a.", "a.b.c", "a[", "a[]", "a[b]", r#"a[b eq "c"]d"#, "urn:ietf:params:x:User:a"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
