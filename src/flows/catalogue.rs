//! The cards that may be used: those that occur, in this version and with these fields, in published exports.
//!
//! Sources: exports of Okta's own template collection (okta/workflows-templates), of iamse-blog/workflows-templates, and
//! a folder in format 1.5.0 that people import (lukeheath/fleet-okta-demo). Numbers are those of the cells that made
//! these exports; every cell has its own, and cards with foreign numbers import. Titles, fields and flags are facts of
//! the format; no text of these exports is used.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::field::Field;

/// The types the console offers where any will do.
pub(super) fn any_type() -> Value {
    json!(["string", "number", "boolean", "Date", "Array", "object", "file", "flo", "folder"])
}

/// How a card is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) executable: bool,
    pub(super) asynchronous: bool,
    pub(super) cooperative: bool,
    pub(super) mirrored: bool,
    pub(super) displayed: bool,
    /// Milliseconds.
    pub(super) timeout: u64,
}

const FUNCTION: Run = Run {
    executable: false,
    asynchronous: false,
    cooperative: false,
    mirrored: false,
    displayed: true,
    timeout: 90_000,
};
const CONNECTOR: Run = Run { executable: true, asynchronous: true, timeout: 30_000, ..FUNCTION };

/// The numbers a cell gives a connector, its version and its card.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) connector: u32,
    pub(super) version: u32,
    pub(super) card: u32,
}

/// What else may be put on a card besides its own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    /// Nothing.
    None,
    /// Any field (Construct).
    Any,
    /// Any field, which comes out again under the same name (Assign).
    Through,
    /// Texts that are put into a text (Compose).
    Placeholder,
}

/// A kind of card.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    /// Category and name in the console.
    pub(super) name: &'static str,
    /// `root:kernel:object`, or `root:channels:http:okta`.
    pub(super) channel: &'static str,
    pub(super) version: &'static str,
    pub(super) key: &'static str,
    pub(super) run: Run,
    pub(super) numbers: Option<Numbers>,
    pub(super) extra: Extra,
    /// `extensible`, `rules` and `groupRules` of both sides, as far as exports have them.
    pub(super) input_rules: Value,
    pub(super) output_rules: Value,
    pub(super) inputs: Vec<Field>,
    pub(super) outputs: Vec<Field>,
}

impl Kind {
    fn function(name: &'static str, channel: &'static str, key: &'static str) -> Self {
        Self {
            name,
            channel,
            version: "0.0.1",
            key,
            run: FUNCTION,
            numbers: None,
            extra: Extra::None,
            input_rules: json!({ "extensible": false }),
            output_rules: json!({ "extensible": false }),
            inputs: Vec::new(),
            outputs: Vec::new(),
        }
    }

    fn connector(
        name: &'static str,
        channel: &'static str,
        version: &'static str,
        key: &'static str,
        numbers: Numbers,
    ) -> Self {
        Self { version, run: CONNECTOR, numbers: Some(numbers), ..Self::function(name, channel, key) }
    }

    /// Whether the card belongs to a connector, and so needs a connection.
    pub(super) fn is_connector(&self) -> bool {
        self.numbers.is_some()
    }

    /// `root:kernel:object:0.0.1:get`
    pub(super) fn address(&self) -> String {
        format!("{}:{}:{}", self.channel, self.version, self.key)
    }

    /// The connector's or the category's short name: `okta`, `object`.
    pub(super) fn module(&self) -> &'static str {
        self.channel.rsplit(':').next().unwrap_or(self.channel)
    }
}

/// Every kind of card the flows may use.
pub(super) static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let mut kinds = vec![assigned(), unassigned(), for_each(), callable(), expand()];
    kinds.extend([assign(), get(), construct(), compose(), replace(), now(), hmac(), raw_request()]);
    kinds
});

/// The kind of this name.
pub(super) fn kind(name: &str) -> Option<Kind> {
    KINDS.iter().find(|kind| kind.name == name).cloned()
}

// Both cards occur in okta 1.0.348, in one export; no other export has the second.
fn assigned() -> Kind {
    let numbers = Numbers { connector: 7, version: 102, card: 6084 };
    let key = "userAddedToApplicationMembership";
    Kind {
        output_rules: json!({ "extensible": false, "rules": {}, "groupRules": { "context": { "extensible": false } } }),
        input_rules: json!({ "extensible": false, "rules": {}, "groupRules": {} }),
        ..Kind::connector("User Assigned to Application", "root:channels:http:okta", "1.0.348", key, numbers)
    }
}

fn unassigned() -> Kind {
    let numbers = Numbers { connector: 7, version: 102, card: 6096 };
    Kind {
        name: "User Unassigned from Application",
        key: "userRemovedFromApplicationMembership",
        numbers: Some(numbers),
        ..assigned()
    }
}

fn for_each() -> Kind {
    Kind {
        run: Run { asynchronous: true, cooperative: true, timeout: 300_000, ..FUNCTION },
        input_rules: json!({
            "extensible": false,
            "rules": { "list": { "types": ["*"], "collection": true } },
            "groupRules": { "context": { "type": "object", "reserved": { "index": "number" }, "extensible": true } },
        }),
        ..Kind::function("List > For Each - Ignore Errors", "root:kernel:list", "asyncEach")
    }
}

fn callable() -> Kind {
    let group = json!({ "type": "object", "reserved": {}, "extensible": true });
    let headers = json!({ "type": "object", "reserved": { "Content-Type": "string" }, "extensible": true });
    let closed = json!({ "extensible": false });
    Kind {
        run: Run { mirrored: true, timeout: 30_000, ..FUNCTION },
        input_rules: json!({
            "extensible": true,
            "rules": { "*": { "collection": false } },
            "groupRules": { "body": group, "headers": headers, "query": group },
        }),
        output_rules: json!({
            "extensible": true,
            "rules": { "*": { "collection": false } },
            "groupRules": { "context": closed, "null": closed, "*": closed },
        }),
        ..Kind::function("Flow Control > Helper Flow", "root:kernel:control", "callable")
    }
}

fn expand() -> Kind {
    let reserved = json!({
        "key": { "types": ["string"], "collection": "*" },
        "value": { "types": ["*"], "collection": "*" },
    });
    Kind {
        run: Run { displayed: false, timeout: 30_000, ..FUNCTION },
        output_rules: json!({
            "extensible": true,
            "groupRules": { "*": { "type": "object", "extensible": false, "reserved": reserved } },
        }),
        ..Kind::function("Object > Expand", "root:kernel:object", "expand")
    }
}

fn assign() -> Kind {
    let rules = json!({ "*": { "types": ["*"], "collection": "*" } });
    Kind {
        run: Run { mirrored: true, ..FUNCTION },
        extra: Extra::Through,
        input_rules: json!({ "extensible": true, "rules": rules }),
        output_rules: json!({ "extensible": false, "rules": rules }),
        ..Kind::function("Flow Control > Assign", "root:kernel:control", "let")
    }
}

fn get() -> Kind {
    Kind {
        input_rules: json!({ "extensible": false, "rules": {
            "object": { "types": ["object"], "collection": "*" },
            "path": { "types": ["string"], "collection": "*" },
        } }),
        output_rules: json!({ "extensible": false, "rules": { "output": { "types": ["*"], "collection": "*" } } }),
        inputs: vec![
            Field::new("object", "object", json!({})).required(),
            Field::new("path", "string", json!("")).required(),
        ],
        outputs: vec![result("string", "").available(json!(["*"]))],
        ..Kind::function("Object > Get", "root:kernel:object", "get")
    }
}

fn construct() -> Kind {
    Kind {
        extra: Extra::Any,
        input_rules: json!({ "extensible": true, "rules": { "*": { "types": ["*"], "collection": "*" } } }),
        outputs: vec![result("object", json!({}))],
        ..Kind::function("Object > Construct", "root:kernel:object", "construct")
    }
}

fn compose() -> Kind {
    Kind {
        extra: Extra::Placeholder,
        input_rules: json!({ "extensible": true, "rules": { "*": { "types": ["string"], "collection": false } } }),
        inputs: vec![Field::new("_text_", "string", json!("")).required()],
        outputs: vec![result("string", "")],
        ..Kind::function("Text > Compose", "root:kernel:string", "compose")
    }
}

fn replace() -> Kind {
    let text = |key, shown: &str| Field::new(key, "string", json!("")).meta("displayname", shown);
    let switch =
        |key, data: bool, shown: &str| Field::new(key, "boolean", data.into()).bare().meta("displayname", shown);
    Kind {
        inputs: vec![
            text("string", "look in"),
            text("src", "look for"),
            text("dest", "replace with"),
            switch("global", false, "all instances"),
            switch("sensitive", true, "case sensitive"),
        ],
        outputs: vec![Field::new("output", "string", json!("")).bare().meta("displayname", "result text")],
        ..Kind::function("Text > Replace", "root:kernel:string", "replace")
    }
}

fn now() -> Kind {
    let part = |key, kind: &str| Field::new(key, kind, Value::Null).bare();
    let outputs = [
        ("date", "Date"),
        ("iso", "string"),
        ("full", "string"),
        ("minute", "number"),
        ("hour", "number"),
        ("time", "string"),
        ("day", "number"),
        ("month", "string"),
        ("year", "number"),
        ("second", "number"),
        ("millisecond", "number"),
    ];
    Kind {
        outputs: outputs.into_iter().map(|(key, kind)| part(key, kind)).collect(),
        ..Kind::function("Date & Time > Now", "root:kernel:date", "now")
    }
}

fn hmac() -> Kind {
    let algorithms = json!(["md5", "sha1", "sha256", "sha384", "sha512"]);
    Kind {
        inputs: vec![
            Field::new("algorithm", "string", json!("")).bare().required().meta("choices", algorithms),
            Field::new("key", "string", json!("")).required(),
            Field::new("data", "string", json!("")).required(),
            Field::new("digest", "string", json!("base64")).meta("choices", json!(["base64", "hex", "binary"])),
        ],
        outputs: vec![result("string", Value::Null)],
        ..Kind::function("Encryption > HMAC", "root:kernel:crypto", "hmac")
    }
}

fn raw_request() -> Kind {
    let numbers = Numbers { connector: 72, version: 2178, card: 53228 };
    let group = |name: &str| {
        json!({ "extensible": false, "rules": {},
            "groupRules": { name: { "extensible": false, "reserved": {}, "index": 0, "type": "object" } } })
    };
    let request = |key, kind: &str, data: Value, types: Value| {
        Field::new(key, kind, data).group("Request").checked().available(types).meta("optional", false)
    };
    let response =
        |key, kind: &str, data: Value| Field::new(key, kind, data).group("Response").available(json!([kind]));
    let methods = json!(["GET", "POST", "PUT", "PATCH", "DELETE"]);
    Kind {
        input_rules: group("Request"),
        output_rules: group("Response"),
        inputs: vec![
            request("URL", "string", json!(""), json!(["string"])),
            request("Method", "string", json!(""), json!(["string"])).meta("type", "list").meta("choices", methods),
            request("Query", "object", json!({}), json!(["string", "object"])),
            request("Headers", "object", json!({}), json!(["object"])),
            request("Body", "string", json!(""), json!(["string"])),
        ],
        outputs: vec![
            response("Status Code", "number", json!(0)),
            response("Headers", "object", json!({})),
            response("Body", "string", json!("")),
        ],
        ..Kind::connector("API Connector > Raw Request", "root:channels:http:httpfunctions", "1.0.24", "raw", numbers)
    }
}

/// The one output of most functions.
fn result(kind: &str, data: impl Into<Value>) -> Field {
    Field::new("output", kind, data.into()).meta("description", "")
}
