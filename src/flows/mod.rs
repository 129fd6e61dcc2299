//! Okta Workflows folders, made from readable sources: `flows/src/*.toml` in, importable `.folder` files out.
//!
//! Nothing here talks to Okta; there is no API that imports flows. The format has no public specification: what is known
//! of it was read off published exports, so only cards and versions that occur in real exports are used (`catalogue`),
//! and whatever is made passes the rules of `check`. Building twice gives the same bytes: every id is derived from a name.

mod body;
mod build;
mod card;
mod catalogue;
pub mod check;
mod event;
mod field;
mod ids;
mod source;

pub use build::BuildError;

/// The sources, as they stand in the repository.
const SOURCES: [&str; 2] =
    [include_str!("../../flows/src/okta-lineworks.toml"), include_str!("../../flows/src/okta-lineworks-signed.toml")];

/// A folder that is ready to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The file's name, such as `okta-lineworks.folder`.
    pub file_name: String,
    /// What is in the file: JSON.
    pub contents: String,
}

/// Makes every folder this program ships.
///
/// # Errors
/// When a source names a card, a field or an output that there is not.
pub fn folders() -> Result<Vec<Folder>, BuildError> {
    SOURCES.iter().map(|source| build::folder(source)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn building_twice_gives_the_same_bytes() {
        assert_eq!(folders().expect("the sources are right"), folders().expect("the sources are right"));
    }

    #[test]
    fn a_source_that_names_what_there_is_not_is_refused_with_the_place() {
        let cases = [
            (
                "event > UUID",
                "event > Uuid",
                "flow \"Assign\", card \"Body\", field \"eventId\": the event has no output \"Uuid\"",
            ),
            (
                "event > Okta User > ID",
                "event > Okta User > Email",
                "flow \"Assign\", card \"URL\", field \"user\": \"Okta User\" has no \"Email\"",
            ),
            (
                "published > output",
                "published > iso",
                "flow \"Assign\", card \"Body\", field \"occurredAt\": the card \"published\" has no output \"iso\"",
            ),
            (
                "body > output",
                "bodies > output",
                "flow \"Assign\", card \"Call: choose the connection here\", field \"Body\": there is no card \"bodies\" before it",
            ),
            (
                "Object > Get",
                "Object > Got",
                "flow \"Assign\", card \"When it happened\": there is no card \"Object > Got\" in the catalogue",
            ),
            (
                "field = \"path\"",
                "field = \"Path\"",
                "flow \"Assign\", card \"When it happened\", field \"Path\": the card has no such field",
            ),
            (
                "{address}/v1",
                "{adress}/v1",
                "flow \"Assign\", card \"URL\", field \"address\": the text has no {address}",
            ),
            (
                "User Assigned to Application",
                "User Assigned",
                "flow \"Assign\": there is no event \"User Assigned\" in the catalogue",
            ),
        ];
        for (right, wrong, message) in cases {
            let source = SOURCES[0].replacen(right, wrong, 1);
            assert_ne!(source, SOURCES[0], "{right} is not in the source");
            assert_eq!(build::folder(&source).expect_err(wrong).to_string(), message);
        }
    }
}
