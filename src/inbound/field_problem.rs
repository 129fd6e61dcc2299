//! A field of a request that is wrong, named with what to do, in English and Japanese.

/// A field of a request (not of a profile) that is wrong.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldProblem {
    /// Where it is.
    pub field: String,
    /// The kind of fault.
    pub code: &'static str,
    /// What to do, in English.
    pub message: String,
    /// What to do, in Japanese.
    pub message_ja: String,
}

impl FieldProblem {
    /// A wrong field.
    pub fn new(
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
        message_ja: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code, message: message.into(), message_ja: message_ja.into() }
    }

    /// A cursor that is none of ours.
    pub(super) fn cursor() -> Self {
        Self::new(
            "cursor",
            "bad_format",
            "send the nextCursor of the page before, unchanged",
            "前のページの nextCursor をそのまま送信してください",
        )
    }

    /// A page that is too long, too short, or no number.
    pub(super) fn limit() -> Self {
        Self::new("limit", "out_of_range", "use 1 to 100", "1〜100 を指定してください")
    }

    /// A word of the query that nobody knows; the texts say which are known.
    pub(super) fn unknown(name: &str, message: &str, message_ja: &str) -> Self {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        Self::new(shown, "unknown_field", message, message_ja)
    }
}
