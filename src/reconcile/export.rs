//! An export of Okta's assignments as CSV, for orgs this program may not ask.
//!
//! Okta's own reports and what administrators make themselves name their columns in many ways, so names are matched
//! loosely. A row that says of nobody who it is makes the whole export unusable: whom a torn list lacks is not missing.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::compare::Person;
use crate::domain::assignment::OktaStatus;
use crate::domain::event::ProfileWish;
use crate::domain::ids::OktaUserId;
use crate::domain::profile::{Profile, ProfileRules};

/// Faults named at once.
const FAULTS: usize = 20;

/// The columns that are read, and the headers they are known by: lower case, letters and digits only.
const COLUMNS: [(&str, &[&str]); 6] = [
    ("id", &["oktauserid", "oktaid", "userid", "id", "ユーザーid", "oktaユーザーid"]),
    (
        "email",
        &[
            "appusername",
            "applicationusername",
            "credentialsusername",
            "assignedusername",
            "username",
            "login",
            "userlogin",
            "oktalogin",
            "email",
            "primaryemail",
            "emailaddress",
            "useremail",
            "ユーザー名",
            "ログイン",
            "メールアドレス",
            "メール",
        ],
    ),
    ("last", &["lastname", "familyname", "surname", "姓"]),
    ("first", &["firstname", "givenname", "名"]),
    ("display", &["displayname", "fullname", "name", "userfullname", "氏名", "表示名"]),
    ("status", &["userstatus", "oktastatus", "status", "ステータス", "状態"]),
];

/// What is wrong with an export, in English and Japanese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: `file`, `columns`, or `row 17` (the header is row 1).
    pub place: String,
    /// What to do.
    pub message: String,
    /// The same in Japanese.
    pub message_ja: String,
}

fn fault(place: impl Into<String>, message: impl Into<String>, message_ja: impl Into<String>) -> Fault {
    Fault { place: place.into(), message: message.into(), message_ja: message_ja.into() }
}

/// Reads an export. `columns` says which header a column has where it is not found by itself, as `id=…,email=…`.
///
/// # Errors
/// Everything that makes it unusable, at most 20 rows of it.
pub fn read(bytes: &[u8], columns: &str, rules: &ProfileRules) -> Result<Vec<Person>, Vec<Fault>> {
    let text = text(bytes).map_err(|fault| vec![fault])?;
    let delimiter = delimiter(text);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().cloned().map_err(|_| vec![not_csv("row 1")])?;
    let mut places = places(&header, columns)?;
    let records: Result<Vec<_>, _> = reader.records().collect();
    let records = records.map_err(|error| {
        let line = error.position().map_or_else(|| "file".to_owned(), |at| format!("row {}", at.line()));
        vec![not_csv(&line)]
    })?;
    let records: Vec<_> = records.into_iter().filter(|record| record.iter().any(|cell| !cell.is_empty())).collect();
    if records.is_empty() {
        return Err(vec![fault(
            "file",
            "has no people in it; an empty list says nothing. Export again",
            "人が一人も含まれていません。エクスポートし直してください",
        )]);
    }
    // A column that holds something else than Okta's ids is none of them, however it is called.
    let asked_for = columns.contains("id=");
    let is_id = |cell: &str| cell.starts_with("00u") && cell.parse::<OktaUserId>().is_ok();
    if let Some(at) = places.get("id").copied()
        && !records.iter().filter_map(|it| it.get(at)).filter(|cell| !cell.is_empty()).all(is_id)
    {
        if asked_for {
            return Err(vec![fault(
                "columns",
                "id must be the column with the Okta user ids, which begin with 00u",
                "id には 00u で始まる Okta ユーザー ID の列を指定してください",
            )]);
        }
        places.remove("id");
    }
    people(&records, &places, rules)
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(fault(
            "file",
            "is not UTF-8 (Shift_JIS or UTF-16, most likely: Excel saves so); save it as \"CSV UTF-8\"",
            "UTF-8 ではありません(Excel で保存した Shift_JIS や UTF-16 と思われます)。「CSV UTF-8」で保存してください",
        )),
    }
}

fn not_csv(place: &str) -> Fault {
    fault(place, "is not CSV; export it again", "CSV として読み取れません。エクスポートし直してください")
}

/// What stands most often in the header: comma, semicolon or tab.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: u8| header.bytes().filter(|b| *b == delimiter).count();
    [b',', b';', b'\t'].into_iter().max_by_key(|delimiter| (count(*delimiter), *delimiter == b',')).unwrap_or(b',')
}

fn plain(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Which column is where; an administrator's word goes first.
fn places(header: &csv::StringRecord, columns: &str) -> Result<BTreeMap<&'static str, usize>, Vec<Fault>> {
    let mut places = BTreeMap::new();
    let mut faults = Vec::new();
    for pair in columns.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (name, wanted) = pair.split_once('=').unwrap_or((pair, ""));
        let known = COLUMNS.iter().find(|(known, _)| *known == name.trim());
        let at = header.iter().position(|cell| cell.eq_ignore_ascii_case(wanted.trim()));
        match (known, at) {
            (Some((name, _)), Some(at)) => {
                places.insert(*name, at);
            }
            (None, _) => faults.push(fault(
                "columns",
                "is written id=…,email=…,last=…,first=…,display=…,status=…",
                "id=…,email=…,last=…,first=…,display=…,status=… の形で指定してください",
            )),
            (Some((name, _)), None) => faults.push(fault(
                "columns",
                format!("{name}: the export has no column of that name; compare it with the first row"),
                format!("{name}: その名前の列がありません。1 行目と照合してください"),
            )),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    for (name, headers) in COLUMNS {
        let known = |wanted: &&str| header.iter().position(|cell| plain(cell) == **wanted);
        if let (false, Some(at)) = (places.contains_key(name), headers.iter().find_map(known)) {
            places.insert(name, at);
        }
    }
    if !places.contains_key("id") && !places.contains_key("email") {
        return Err(vec![fault(
            "file",
            "has no column with Okta user ids or user names that is known; say which with --columns id=…,email=…",
            "Okta ユーザー ID やユーザー名の列が見つかりません。--columns id=…,email=… で指定してください",
        )]);
    }
    Ok(places)
}

fn people(
    records: &[csv::StringRecord],
    places: &BTreeMap<&'static str, usize>,
    rules: &ProfileRules,
) -> Result<Vec<Person>, Vec<Fault>> {
    let (mut people, mut faults, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for record in records {
        let cell = |name: &str| places.get(name).and_then(|at| record.get(*at)).filter(|cell| !cell.is_empty());
        let (id, login) = (cell("id").and_then(|id| id.parse::<OktaUserId>().ok()), cell("email"));
        if id.is_none() && login.is_none() {
            let line = record.position().map_or(0, csv::Position::line);
            faults.push(fault(
                format!("row {line}"),
                "has neither an Okta user id nor a user name; complete or remove it",
                "Okta ユーザー ID もユーザー名もありません。補うか削除してください",
            ));
            continue;
        }
        let status = status(cell("status"));
        // Somebody may be listed twice: through a group and by hand.
        let name = id.as_ref().map(|id| id.to_string()).or_else(|| login.map(str::to_lowercase));
        if status == OktaStatus::Deactivated || !seen.insert(name) {
            continue;
        }
        let wish = login.map(|login| wish(login, [cell("last"), cell("first"), cell("display")], rules));
        people.push(Person { id, login: login.map(str::to_lowercase), wish, status });
    }
    faults.truncate(FAULTS);
    if faults.is_empty() { Ok(people) } else { Err(faults) }
}

/// An export shows a status in Okta's words of the API or of its screens.
fn status(word: Option<&str>) -> OktaStatus {
    match word.map(plain).as_deref() {
        Some("deprovisioned" | "deactivated" | "inactive" | "無効" | "無効化") => OktaStatus::Deactivated,
        Some("suspended" | "一時停止" | "停止") => OktaStatus::Suspended,
        _ => OktaStatus::Active,
    }
}

/// An export knows little more than a login and a name, so its profile is a thin one.
fn wish(login: &str, [last, first, display]: [Option<&str>; 3], rules: &ProfileRules) -> ProfileWish {
    let made = match (last, first) {
        (None, None) => Profile::from_hook(login, display, rules),
        (last, first) => {
            let parts = [("lastName", last), ("firstName", first)];
            let parts = parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), Value::from(part?))));
            let name: Map<String, Value> = parts.collect();
            Profile::thin(&json!({ "email": login, "userName": name }), rules)
        }
    };
    made.map_or_else(|fields| ProfileWish::Refused { fields, thin: true }, ProfileWish::Valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str, columns: &str) -> Vec<Person> {
        read(text.as_bytes(), columns, &ProfileRules::OPEN).expect("a good export")
    }

    fn bad(bytes: &[u8], columns: &str) -> Vec<(String, String)> {
        let faults = read(bytes, columns, &ProfileRules::OPEN).expect_err("a bad export");
        assert!(faults.iter().all(|fault| !fault.message_ja.is_ascii()));
        faults.into_iter().map(|fault| (fault.place, fault.message)).collect()
    }

    fn shown(people: &[Person]) -> Vec<(Option<&str>, Option<&str>)> {
        people.iter().map(|it| (it.id.as_ref().map(OktaUserId::as_str), it.login.as_deref())).collect()
    }

    #[test]
    fn headers_are_matched_loosely_whatever_the_line_ends_and_signs() {
        let wanted = [(Some("00uA1"), Some("nagisa@umi.example")), (Some("00uB2"), Some("minato@umi.example"))];
        for text in [
            "\u{FEFF}User Id,App Username,Last Name,First Name\r\n00uA1,Nagisa@umi.example,波多,渚\r\n00uB2,minato@umi.example,,\r\n",
            "id;login\n00uA1;nagisa@umi.example\n\n00uB2;minato@umi.example",
            "Okta User ID\t\"User Name\"\n00uA1\t\"nagisa@umi.example\"\n00uB2\tminato@umi.example\n",
            "ユーザーID,メールアドレス,姓,名\n00uA1,nagisa@umi.example,波多,渚\n00uB2,minato@umi.example,港,\n",
        ] {
            assert_eq!(shown(&good(text, "")), wanted, "{text}");
        }
    }

    #[test]
    fn names_of_an_export_make_a_thin_profile() {
        let people = good(
            "id,email,last name,first name,display name\n00uA1,n@umi.example,波多,渚,x\n00uB2,mi@umi.example,,,港 湊\n00uC3,bad,a,b,c",
            "",
        );
        let names: Vec<_> = people
            .iter()
            .filter_map(|it| it.wish.as_ref()?.valid())
            .map(|it| (it.display_name(), it.is_thin()))
            .collect();
        assert_eq!(
            names,
            [("港 湊".to_owned(), true)],
            "one letter before the @ is too short, and `bad` is no address"
        );
        assert!(matches!(&people[2].wish, Some(ProfileWish::Refused { thin: true, .. })));
    }

    #[test]
    fn a_column_without_okta_ids_is_not_the_ids_and_who_is_listed_twice_counts_once() {
        let people = good(
            "user id,email,status\nE-1,a1@umi.example,ACTIVE\nE-2,A1@umi.example,Suspended\nE-3,b1@umi.example,Deactivated",
            "",
        );
        assert_eq!(shown(&people), [(None, Some("a1@umi.example"))]);
        assert_eq!(bad(b"number,email\nE-1,a@umi.example", "id=number")[0].0, "columns");
    }

    #[test]
    fn an_administrator_may_name_the_columns() {
        let text = "key,who,mail\n00uA1,x,nagisa@umi.example\n";
        assert_eq!(shown(&good(text, "id=Key, email=mail")), [(Some("00uA1"), Some("nagisa@umi.example"))]);
        assert!(bad(text.as_bytes(), "")[0].1.contains("--columns"));
        assert!(bad(text.as_bytes(), "email=post")[0].1.contains("no column of that name"));
        assert!(bad(text.as_bytes(), "mail=mail")[0].1.contains("id=…,email=…"));
    }

    #[test]
    fn what_cannot_be_trusted_as_a_whole_is_refused() {
        assert!(bad(b"id,email\n\x83\x67\x83\x8A,a@umi.example", "")[0].1.contains("UTF-8"));
        assert!(bad(b"\xFF\xFEi\0d\0", "")[0].1.contains("UTF-8"));
        assert!(bad(b"id,email\n", "")[0].1.contains("no people"));
        assert_eq!(bad(b"id,email\n00uA1,a@umi.example\n,\"\"\nx,,y\n,,z\n", "")[0].0, "row 4");
        assert!(bad(b"", "")[0].1.contains("column"));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = read(&bytes, "", &ProfileRules::OPEN);
        }
    }
}
