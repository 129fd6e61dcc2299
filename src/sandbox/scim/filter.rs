//! The only filter LINE WORKS has: `attribute eq "value"`, in lists and in the brackets of a PATCH's path.

/// `attribute eq "value"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Equals {
    pub(crate) attribute: String,
    pub(crate) value: String,
}

impl Equals {
    /// None for any other filter: other operators, other types, `and`, `or`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (attribute, rest) = text.trim().split_once(' ')?;
        let (operator, literal) = rest.trim_start().split_once(' ')?;
        let value = serde_json::from_str(literal.trim()).ok()?;
        (operator == "eq").then(|| Self { attribute: attribute.to_owned(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::Equals;

    fn read(text: &str) -> Option<(String, String)> {
        Equals::parse(text).map(|filter| (filter.attribute, filter.value))
    }

    #[test]
    fn only_a_comparison_with_a_text_is_a_filter() {
        assert_eq!(read(r#"userName eq "a b""#), Some(("userName".to_owned(), "a b".to_owned())));
        assert_eq!(read(r#"displayName eq "a\"b""#), Some(("displayName".to_owned(), "a\"b".to_owned())));
        for other in ["", "userName", "userName pr", "userName eq a", "active eq true", r#"userName co "a""#] {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(read(r#"userName eq "a" or userName eq "b""#), None);
    }
}
