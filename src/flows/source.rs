//! What a source file says. See `flows/src/okta-lineworks.toml`.

use serde::Deserialize;
use serde_json::Value;

/// One folder of flows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FolderSource {
    /// The folder's name in the console, and the file's.
    pub(super) folder: String,
    /// The name of the API Connector connection the calling cards use.
    pub(super) connection: String,
    pub(super) flow: Vec<FlowSource>,
}

/// One flow: an event, and what is done about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowSource {
    pub(super) name: String,
    /// The event card's name in the console.
    pub(super) event: String,
    pub(super) description: String,
    pub(super) card: Vec<CardSource>,
}

/// One card, as the console shows it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardSource {
    /// What other cards of this flow call it.
    pub(super) name: String,
    /// The category and the card's name in the console, such as `Object > Get`.
    pub(super) card: String,
    /// The title shown on the card.
    pub(super) title: String,
    /// The text of a Compose card; `{name}` is replaced by the field of that name.
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) fields: Vec<FieldSource>,
}

/// One field of a card: what is written into it, or what is linked to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldSource {
    pub(super) field: String,
    pub(super) value: Option<Value>,
    /// `card > output`, or `event > output`, or `event > output > part`.
    pub(super) from: Option<String>,
    /// `text`: an object is handed over as JSON text.
    #[serde(rename = "as")]
    pub(super) form: Option<Form>,
}

/// How a linked value is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    Text,
}
