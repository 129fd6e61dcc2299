//! Documents and the shape of the code are held to what the program is.
//!
//! `docs/errors.md` is written from the code: `UPDATE_PAPERS=1 cargo test --test it papers` writes it anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use okta_lineworks::domain::outcome::Cause;
use okta_lineworks::inbound::problem::Code;
use okta_lineworks::lineworks::backends::{Api, Capability, TABLE};
use okta_lineworks::lineworks::traps::TRAPS;
use okta_lineworks::okta::mapping::DEFAULTS;
use okta_lineworks::okta::meaning::{Meaning, Words, hook_event_types};
use okta_lineworks::reconcile::finding::{Kind, Note};
use okta_lineworks::sandbox::{OktaSwitches, Switches};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file with this ending below a folder, without what is built.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("readable") {
            let path = entry.expect("readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != ".git" {
                open.push(path);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

// --- docs/errors.md ----------------------------------------------------------------------------------------------

fn errors_document() -> String {
    let mut page = String::from(
        "# Every code, and what to do\n\n\
         Written from the code by a test (`UPDATE_PAPERS=1 cargo test --test it papers`); change the texts there.\n\n\
         ## Answers to a call\n\n\
         `application/problem+json` with `code`, `status`, `title`, `detail`, their Japanese `titleJa` and `detailJa`, and\n\
         `requestId`, which the log has too; `errors` names each bad field with a code and a text of its own. For the event\n\
         hook, `not_now`, `request_timeout` and `body_unreadable` are 503, since Okta repeats nothing else.\n\n",
    );
    for code in Code::ALL {
        let [title, todo, title_ja, todo_ja] = code.texts();
        page += &format!("### `{}` ({})\n\n{title} {todo}\n\n{title_ja}{todo_ja}\n\n", code.as_str(), code.status());
    }
    page += "## Why a person is where they are\n\n\
             The `code` of an assignment's `reason`, of a parked answer (422) and of the history.\n\n";
    for cause in Cause::ALL {
        let (english, japanese) = (cause.english(), cause.japanese());
        page += &format!(
            "### `{}`\n\n{} {}\n\n{}{}\n\n",
            cause.code(),
            english.title,
            english.todo,
            japanese.title,
            japanese.todo
        );
    }
    page += &traps_section();
    page.truncate(page.trim_end().len());
    page + "\n"
}

/// The table of what LINE WORKS' answers mean, as the program asks it.
fn traps_section() -> String {
    let mut page = String::from(
        "## What LINE WORKS says, and what it means\n\n\
         The table the program asks, first row first; what is in no row follows general rules (409 and 404 of a write: read\n\
         again; 5xx: wait; other 4xx: `lineworks_refused`). A text counts in any case, and in the code too. *Documented*: by LINE\n\
         WORKS or the standard; *seen*: somebody met it at the real service; *words guessed*: the rule is documented, its words\n\
         are not, so the code and text beside a reason are the last word. A redirection (307, 308) within LINE WORKS is followed.\n\n\
         | where | while | status | code | text contains | means | what the program does | known |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for trap in TRAPS {
        let (first, last) = trap.status;
        let status = if first == last { first.to_string() } else { format!("{first}–{last}") };
        let any = |text: String| if text.is_empty() { "any".to_owned() } else { text };
        let codes: Vec<String> = trap.codes.iter().map(|code| format!("`{code}`")).collect();
        let group = |group: &&[&str]| group.iter().map(|text| format!("“{text}”")).collect::<Vec<_>>().join(" or ");
        let texts: Vec<String> = trap.texts.iter().map(group).collect();
        let code = trap.means.code();
        page += &format!(
            "| {} | {} | {status} | {} | {} | [`{code}`](#{code}) | {} | {} |\n",
            trap.place.words(),
            trap.deed.words(),
            any(codes.join(", ")),
            any(texts.join(", and ")),
            trap.next.words(),
            trap.known.words(),
        );
    }
    page
}

#[test]
fn docs_errors_lists_every_code_as_the_program_says_it() {
    let wanted = errors_document();
    if std::env::var_os("UPDATE_PAPERS").is_some() {
        fs::write(root().join("docs/errors.md"), &wanted).expect("writable");
    }
    assert!(read("docs/errors.md") == wanted, "docs/errors.md is not up to date: run with UPDATE_PAPERS=1");
}

#[test]
fn every_text_says_something_in_both_languages() {
    let answers = Code::ALL.iter().map(|code| (code.as_str(), code.texts()));
    let causes = Cause::ALL.iter().map(|cause| {
        let (english, japanese) = (cause.english(), cause.japanese());
        (cause.code(), [english.title, english.todo, japanese.title, japanese.todo])
    });
    let is_japanese = |text: &str| text.chars().any(|c| ('\u{3040}'..='\u{30ff}').contains(&c));
    for (code, [title, todo, title_ja, todo_ja]) in answers.chain(causes) {
        assert!(title.ends_with('.') && todo.ends_with('.'), "{code}: English sentences end in a full stop");
        assert!(title_ja.ends_with('。') && todo_ja.ends_with('。'), "{code}: Japanese sentences end in 。");
        assert!(is_japanese(title_ja) && is_japanese(todo_ja), "{code}: not Japanese");
        assert!(!is_japanese(title) && !is_japanese(todo), "{code}: not English");
    }
}

// --- links -------------------------------------------------------------------------------------------------------

/// The targets of the Markdown links of a text, outside of code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (index, piece) in text.split("```").enumerate() {
        let prose = if index % 2 == 0 { piece } else { "" };
        for rest in prose.split("](").skip(1) {
            found.extend(rest.split_once(')').map(|(target, _)| target.to_owned()));
        }
    }
    found
}

/// The anchor GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let documents = files(&root(), ".md");
    assert!(documents.len() > 10, "the documents were not found");
    for document in documents {
        let text = fs::read_to_string(&document).expect("readable");
        for target in links(&text).iter().filter(|target| !target.starts_with("http")) {
            let (file, part) = target.split_once('#').unwrap_or((target, ""));
            let folder = document.parent().expect("in a folder");
            let path = if file.is_empty() { document.clone() } else { folder.join(file) };
            assert!(path.exists(), "{}: {target} leads nowhere", document.display());
            if !part.is_empty() {
                let there = fs::read_to_string(&path).expect("readable");
                let headings =
                    there.lines().filter_map(|line| Some(line.trim_start_matches('#')).filter(|h| *h != line));
                let found = headings.into_iter().any(|heading| anchor(heading) == part);
                assert!(found, "{}: {target} names no heading", document.display());
            }
        }
    }
}

// --- the READMEs' tables -----------------------------------------------------------------------------------------

/// The cells of every table row of a document.
fn rows(document: &str) -> Vec<Vec<String>> {
    rows_of(&read(document))
}

fn rows_of(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn every_promise_has_a_test_file_that_exists() {
    for document in ["README.md", "README.ja.md"] {
        let promises: Vec<_> =
            rows(document).into_iter().filter(|row| row[0].len() == 1 && row[0].parse::<u8>().is_ok()).collect();
        let numbers: Vec<_> = promises.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(numbers, ["1", "2", "3", "4", "5", "6", "7", "8", "9"], "{document}");
        for promise in promises.iter().filter(|promise| promise[0] != "7") {
            let kept_by = links(&promise[2]);
            assert!(!kept_by.is_empty(), "{document}: promise {} names no test", promise[0]);
            for file in kept_by {
                let text = read(&file);
                let marks = ["#[test]", "#[tokio::test", "(bench: &dyn Bench)"];
                assert!(marks.iter().any(|mark| text.contains(mark)), "{file} has no test");
            }
        }
    }
}

#[test]
fn the_readmes_say_which_api_does_what_as_the_code_does() {
    let shown = |api: Option<Api>| match api {
        Some(Api::Directory) => "Directory",
        Some(Api::Scim) => "SCIM",
        None => "–",
    };
    let in_code = |name: fn(&Capability) -> &'static str| -> Vec<Vec<&str>> {
        TABLE.iter().map(|it| vec![name(it), shown(it.directory), shown(it.scim), shown(it.both)]).collect()
    };
    for (document, wanted) in [("README.md", in_code(|it| it.what)), ("README.ja.md", in_code(|it| it.what_ja))] {
        let table: Vec<_> = rows(document)
            .into_iter()
            .filter(|row| row.len() == 4 && row[1..].iter().all(|cell| ["Directory", "SCIM", "–"].contains(&&**cell)))
            .collect();
        assert_eq!(table, wanted, "{document}");
    }
}

#[test]
fn the_readmes_say_what_each_okta_event_means_as_the_code_does() {
    let types = |meaning: Meaning| meaning.types().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let in_code = |cells: fn(Words) -> [&'static str; 3]| -> Vec<Vec<String>> {
        let row = |meaning: Meaning| {
            let [what, with, without] = cells(meaning.words()).map(str::to_owned);
            vec![what, types(meaning), with, without]
        };
        Meaning::ALL.into_iter().map(row).collect()
    };
    let english = in_code(|it| [it.what, it.with, it.without]);
    let japanese = in_code(|it| [it.what_ja, it.with_ja, it.without_ja]);
    for (document, wanted) in [("README.md", english), ("README.ja.md", japanese)] {
        let is_ours = |row: &Vec<String>| hook_event_types().any(|name| row[1].contains(&format!("`{name}`")));
        let table: Vec<_> = rows(document).into_iter().filter(|row| row.len() == 4 && is_ours(row)).collect();
        assert_eq!(table, wanted, "{document}");
    }
}

/// Every key of the example file, with its default; `None` where there is none.
pub fn keys() -> BTreeMap<String, Option<String>> {
    let without_default = without_default();
    let mut section = String::new();
    let mut keys = BTreeMap::new();
    for line in read("okta-lineworks.example.toml").lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_owned();
        }
        let (commented, line) = line.strip_prefix('#').map_or((false, line), |line| (true, line));
        let Some((name, value)) = line.split_once(" = ") else { continue };
        if !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            continue;
        }
        let key = format!("{section}.{name}");
        let default = (commented && !without_default.contains(&key)).then(|| value.trim_matches('"').to_owned());
        keys.insert(key, default);
    }
    keys
}

/// The keys the program gives no default: for these the example file shows a made-up value.
fn without_default() -> Vec<String> {
    let source = read("src/config/raw.rs");
    let (_, list) = source.split_once("\nkeys! {").expect("the list of keys");
    let (list, _) = list.split_once("\n}").expect("its end");
    let mut section = "";
    let mut found = Vec::new();
    for line in list.lines().map(str::trim) {
        if let Some((_, name)) = line.strip_suffix('{').and_then(|line| line.split_once(" as ")) {
            section = name.trim();
        }
        if let Some((name, kind)) = line.split_once(": ")
            && !kind.contains(" = ")
        {
            found.push(format!("{section}.{name}"));
        }
    }
    found
}

#[test]
fn the_configuration_tables_name_every_key_with_its_default() {
    let keys = keys();
    assert!(keys.len() > 35, "the keys were not found: {keys:?}");
    for document in ["README.md", "README.ja.md"] {
        let table: BTreeMap<String, String> = rows(document)
            .into_iter()
            .filter(|row| row.len() == 3 && row[0].starts_with('`') && row[0].contains('.'))
            .map(|row| (row[0].trim_matches('`').to_owned(), row[1].clone()))
            .collect();
        let (known, named): (Vec<_>, Vec<_>) = (keys.keys().collect(), table.keys().collect());
        assert_eq!(named, known, "{document}");
        for (key, default) in &keys {
            match default {
                Some(default) => assert_eq!(table[key], format!("`{default}`"), "{document}: {key}"),
                None => assert!(!table[key].contains('`'), "{document}: {key} has no default"),
            }
        }
    }
}

/// The switches of a service, or of its table in a part of the sandbox page, with their defaults.
fn defaults(switches: &impl serde::Serialize) -> BTreeMap<String, String> {
    let Ok(serde_json::Value::Object(switches)) = serde_json::to_value(switches) else {
        panic!("switches are an object")
    };
    switches.into_iter().map(|(name, value)| (name, value.to_string().trim_matches('"').to_owned())).collect()
}

#[test]
fn the_sandbox_page_names_every_switch_with_its_default() {
    let page = read("docs/sandbox.md");
    let (of_lineworks, rest) = page.split_once("\n## Okta\n").expect("a part about Okta");
    let (of_okta, _) = rest.split_once("\n## ").expect("its end");
    for (part, known) in [(of_lineworks, defaults(&Switches::default())), (of_okta, defaults(&OktaSwitches::default()))]
    {
        let table = rows_of(part).into_iter().filter(|row| row.len() == 4 && row[0].starts_with('`'));
        let named: BTreeMap<String, String> =
            table.map(|row| (row[0].trim_matches('`').to_owned(), row[1].trim_matches('`').to_owned())).collect();
        assert_eq!(named, known);
    }
}

#[test]
fn every_switch_of_the_fake_okta_is_tried() {
    let folder = root().join("tests/it/sandbox_okta");
    let tests: String = files(&folder, ".rs").iter().map(|path| fs::read_to_string(path).expect("readable")).collect();
    for name in defaults(&OktaSwitches::default()).keys() {
        assert!(tests.contains(&format!("\"{name}\"")), "{name} has no test");
    }
}

#[test]
fn the_mapping_pages_show_every_built_in_template() {
    let page = |name: &str, why: fn(&okta_lineworks::okta::mapping::Default) -> &'static str| {
        let page = read(name);
        let table: Vec<&str> =
            page.lines().filter(|line| line.starts_with("| `") && line.contains("` | `{{")).collect();
        let row = |it: &okta_lineworks::okta::mapping::Default| {
            format!("| `{}` | `{}` | {} |", it.property, it.template.replace('|', "\\|"), why(it))
        };
        let wanted: Vec<String> = DEFAULTS.iter().map(row).collect();
        assert_eq!(table, wanted, "{name}");
    };
    page("docs/mapping.md", |it| it.why);
    page("docs/mapping.ja.md", |it| it.why_ja);
}

#[test]
fn every_example_of_the_mapping_pages_is_taken() {
    let examples = |name: &str| -> Vec<String> {
        let page = read(name);
        let blocks = page.split("```toml\n").skip(1).filter_map(|block| block.split("```").next());
        blocks.map(str::to_owned).collect()
    };
    let english = examples("docs/mapping.md");
    assert!(english.len() >= 7);
    for example in english.iter().chain(&examples("docs/mapping.ja.md")) {
        let table: toml::Table = example.parse().expect("TOML");
        let mut given = BTreeMap::new();
        let mut open = vec![(String::new(), table["okta"]["mapping"].clone())];
        while let Some((path, value)) = open.pop() {
            match value {
                toml::Value::Table(parts) => {
                    open.extend(parts.into_iter().map(|(name, value)| (format!("{path}.{name}"), value)));
                }
                template => {
                    given.insert(path[1..].to_owned(), template.as_str().expect("a text").to_owned());
                }
            }
        }
        let mapping = okta_lineworks::okta::mapping::Mapping::new(&given);
        assert!(mapping.is_ok(), "{example}: {mapping:?}");
    }
}

#[test]
fn the_reconcile_pages_name_every_kind_and_every_note() {
    let words = Kind::ALL.iter().map(|it| it.as_str()).chain(Note::ALL.iter().map(|it| it.as_str()));
    let mut known: Vec<String> = words.map(str::to_owned).collect();
    known.sort();
    for document in ["docs/reconcile.md", "docs/reconcile.ja.md"] {
        let table = rows(document).into_iter().filter(|row| row[0].starts_with('`') && !row[0].contains(' '));
        let mut named: Vec<String> = table.map(|row| row[0].trim_matches('`').to_owned()).collect();
        named.sort();
        assert_eq!(named, known, "{document}");
    }
}

// --- the shape of the code ---------------------------------------------------------------------------------------

/// The modules of ours that each module may use (docs/architecture.md, "Layout").
const MAY_USE: [(&str, &[&str]); 18] = [
    (
        "cli",
        &[
            "app",
            "clock",
            "config",
            "metrics",
            "shutdown",
            "telemetry",
            "inbound",
            "converge",
            "okta",
            "reconcile",
            "admin",
            "sandbox",
            "handover",
            "ledger",
            "lineworks",
            "domain",
            "flows",
        ],
    ),
    (
        "app",
        &[
            "clock",
            "config",
            "metrics",
            "shutdown",
            "telemetry",
            "inbound",
            "converge",
            "okta",
            "reconcile",
            "admin",
            "sandbox",
            "handover",
            "ledger",
            "lineworks",
            "domain",
        ],
    ),
    ("reconcile", &["clock", "metrics", "okta", "ledger", "lineworks", "domain"]),
    ("inbound", &["clock", "metrics", "reconcile", "okta", "handover", "ledger", "lineworks", "domain"]),
    ("converge", &["clock", "metrics", "okta", "handover", "ledger", "lineworks", "domain"]),
    ("okta", &["clock", "metrics", "ledger", "lineworks", "domain"]),
    ("admin", &["clock", "okta", "ledger", "lineworks", "domain"]),
    ("sandbox", &[]),
    ("ledger", &["clock", "lineworks", "domain"]),
    ("lineworks", &["clock", "metrics", "ledger", "domain"]),
    ("handover", &["clock", "ledger", "lineworks", "domain"]),
    ("domain", &[]),
    ("flows", &[]),
    ("config", &[]),
    ("clock", &[]),
    ("metrics", &[]),
    ("shutdown", &[]),
    ("telemetry", &[]),
];

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("readable");
    let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = shipped.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn sources() -> Vec<(String, PathBuf)> {
    let src = root().join("src");
    let with_module = files(&src, ".rs").into_iter().map(|path| {
        let inside = path.strip_prefix(&src).expect("below src");
        let first = inside.iter().next().expect("a name").to_string_lossy();
        (first.trim_end_matches(".rs").to_owned(), path)
    });
    with_module.filter(|(_, path)| !path.to_string_lossy().ends_with("tests.rs")).collect()
}

#[test]
fn imports_point_one_way() {
    let mut seen = 0;
    for (module, path) in sources() {
        if module == "main" || module == "lib" {
            continue;
        }
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{module} is a module nobody gave a place; see docs/architecture.md"));
        for rest in code(&path).split("crate::").skip(1) {
            let used: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            seen += 1;
            let fine = used.is_empty() || used == module || allowed.contains(&used.as_str());
            assert!(fine, "{}: {module} must not use {used}", path.display());
        }
    }
    assert!(seen > 100, "the imports were not found");
}

#[test]
fn nothing_shipped_unwraps() {
    for (_, path) in sources() {
        assert!(!code(&path).contains(".unwrap()"), "{}: say why it cannot fail with expect", path.display());
    }
}
