//! Every limit of the request schema: one row that passes and one that does not.

use okta_lineworks::sandbox::Switches;
use serde_json::{Value, json};

use super::Stranger;

fn text(length: usize) -> String {
    "a".repeat(length)
}

fn login(local: &str) -> Value {
    json!(format!("{local}@sandbox.example"))
}

fn items(count: usize, item: &Value) -> Value {
    Value::Array(vec![item.clone(); count])
}

/// Patches one property and asserts that the good value passes and the bad one is refused under its name.
async fn try_table(stranger: &Stranger, table: Vec<(&str, Value, Value)>) {
    stranger.switch(json!({"quotaPerMinute": 10_000})).await;
    let path = format!("/users/{}", stranger.create("limits").await);
    for (property, good, bad) in table {
        let answer = stranger.patch(&path, json!({ property: good })).await;
        assert_eq!(answer.status, 200, "{property} = {good}: {}", answer.text);
        let answer = stranger.patch(&path, json!({ property: bad })).await;
        assert_eq!(answer.status, 400, "{property} = {bad} passed");
        let code = answer.json["code"].as_str().unwrap();
        assert!(["INVALID_PARAMETER", "MISSING_PARAMETER"].contains(&code), "{}", answer.text);
        let description = answer.json["description"].as_str().unwrap();
        assert!(description.starts_with(property), "{property}: {description}");
    }
}

#[tokio::test]
async fn texts_have_lengths_and_character_sets() {
    let stranger = Stranger::start().await;
    let table = vec![
        ("userExternalKey", json!(text(100)), json!(text(101))),
        ("userExternalKey", json!("a+b:c@d e"), json!("a%b")),
        ("userExternalKey", json!("a"), json!("a\\b")),
        ("userExternalKey", json!("a"), json!("a#b")),
        ("userExternalKey", json!("a"), json!("a/b")),
        ("userExternalKey", json!("a"), json!("a?b")),
        ("userExternalKey", json!("a"), json!("")),
        ("userExternalKey", json!("a"), Value::Null),
        ("nickName", json!(text(100)), json!(text(101))),
        ("nickName", json!("O'Neil-(x)_[y] {z}^~`#!@&+,./"), json!("a*b")),
        ("nickName", json!("太郎 花子"), json!("a<b>")),
        ("nickName", Value::Null, json!(7)),
        ("telephone", json!("+81-3(1111)#2*P"), json!("03 1111 2222")),
        ("telephone", json!("1".repeat(100)), json!("1".repeat(101))),
        ("cellPhone", json!("090\u{3000}1111"), json!("call-me")),
        ("cellPhone", Value::Null, json!("")),
        ("location", json!(text(100)), json!(text(101))),
        ("task", json!(text(100)), json!(text(101))),
        ("employeeNumber", json!(text(20)), json!(text(21))),
        ("employeeNumber", Value::Null, json!("")),
    ];
    try_table(&stranger, table).await;
}

#[tokio::test]
async fn logins_and_addresses_have_their_shape() {
    let stranger = Stranger::start().await;
    let long = format!("{}@{}.example", text(64), text(183));
    let table = vec![
        ("email", login("ab"), login("a")),
        ("email", login(&text(40)), login(&text(41))),
        ("email", login("0a.b-c_d"), login(".ab")),
        ("email", login("ab-"), login("ab.")),
        ("email", login("a.b.c"), login("a..b")),
        ("email", login("abc"), login("Abc")),
        ("email", login("abc"), login("a+c")),
        ("email", login("abc"), json!("abc@elsewhere.example")),
        ("email", login("abc"), json!("abc")),
        ("email", login("abc"), Value::Null),
        ("domainId", json!(stranger.sandbox.credentials().domain_id), json!(1)),
        ("aliasEmails", items(10, &login("alias")), items(11, &login("alias"))),
        ("aliasEmails", json!([]), json!([login("x")])),
        ("privateEmail", json!(long), json!(format!("{long}x"))),
        ("privateEmail", json!(format!("{}@a.example", text(64))), json!(format!("{}@a.example", text(65)))),
        ("privateEmail", json!("a@b.example"), json!("a b@b.example")),
        ("privateEmail", Value::Null, json!("nobody")),
    ];
    try_table(&stranger, table).await;
}

#[tokio::test]
async fn names_are_limited_one_by_one_and_together() {
    let stranger = Stranger::start().await;
    let name = |last: Value, first: Value| json!({"lastName": last, "firstName": first});
    let phonetic = |text: &str| json!({"lastName": "a", "phoneticLastName": text});
    let translated = |language: &str, last: &str| json!([{"language": language, "lastName": last}]);
    let table = vec![
        ("userName", name(json!(text(80)), Value::Null), name(json!(text(81)), Value::Null)),
        ("userName", name(json!(text(40)), json!(text(40))), name(json!(text(40)), json!(text(41)))),
        ("userName", name(Value::Null, json!("a")), name(Value::Null, Value::Null)),
        ("userName", name(json!("a"), json!("")), name(json!(" "), json!(""))),
        ("userName", name(json!("山田"), json!("太郎")), name(json!("a$"), Value::Null)),
        ("userName", name(json!("a"), Value::Null), Value::Null),
        ("userName", phonetic("ヤマダー"), phonetic("やまだ")),
        ("userName", phonetic(&"ア".repeat(100)), phonetic(&"ア".repeat(101))),
        ("i18nNames", translated("en_US", &text(100)), translated("en_US", &text(101))),
        ("i18nNames", translated("ja_JP", "山田"), translated("fr_FR", "a")),
    ];
    try_table(&stranger, table).await;
}

#[tokio::test]
async fn choices_dates_and_objects_are_checked() {
    let stranger = Stranger::start().await;
    let messenger = |protocol: &str, id: &str| json!({"protocol": protocol, "messengerId": id});
    let field = json!({"customFieldId": "f", "value": text(100), "link": text(300)});
    let relation = |name: &str| json!([{"relationUserId": "someone", "relationName": name}]);
    let table = vec![
        ("searchable", json!(false), json!("no")),
        ("messenger", messenger("LINE", &text(100)), messenger("LINE", &text(101))),
        ("messenger", messenger("X", "a"), messenger("ICQ", "a")),
        ("messenger", Value::Null, messenger("LINE", "")),
        ("birthdayCalendarType", json!("LUNAR"), json!("MAYA")),
        ("birthday", json!("2000-02-29"), json!("2001-02-29")),
        ("hiredDate", Value::Null, json!("2001/02/03")),
        ("locale", json!("zh_TW"), json!("zh-TW")),
        ("timeZone", json!("Asia/Tokyo"), json!("Tokyo")),
        ("customFields", items(10, &field), items(11, &field)),
        ("customFields", json!([field]), json!([{"customFieldId": "f", "value": text(101)}])),
        ("customFields", json!([field]), json!([{"customFieldId": "f", "link": text(301)}])),
        ("customProperties", json!({"hobby": text(100)}), json!({"hobby": text(101)})),
        ("customProperties", json!({"hobby": 0}), json!({"hobby": -1})),
        ("customProperties", json!({"hobby": items(10, &json!(1))}), json!({"hobby": items(11, &json!(1))})),
        ("customProperties", json!({"hobby": {"text": "a", "link": text(300)}}), json!({"hobby": {"link": text(301)}})),
        ("customProperties", json!({}), json!({"unknown": "a"})),
        ("relations", relation(&text(50)), relation(&text(51))),
        ("relations", items(10, &relation("a")[0]), items(11, &relation("a")[0])),
        ("activationDate", json!("2090-01-02T03:04:05+09:00"), json!("2020-01-02T03:04:05+09:00")),
        ("activationDate", Value::Null, json!("2090-01-02 03:04:05")),
    ];
    try_table(&stranger, table).await;
}

#[tokio::test]
async fn placement_must_exist_and_have_one_primary() {
    let stranger = Stranger::start().await;
    let domain = stranger.sandbox.credentials().domain_id;
    let organization = |extra: Value| {
        let mut entry = json!({"domainId": domain, "primary": true});
        entry.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!([entry])
    };
    let units = |units: Value| organization(json!({ "orgUnits": units }));
    let unit = |id: &str, primary: bool| json!({"orgUnitId": id, "primary": primary});
    let two =
        |first: bool, second: bool| units(json!([unit("externalKey:eng", first), unit("externalKey:sales", second)]));
    let unit_false = unit("externalKey:eng", false);
    let table = vec![
        ("userTypeId", json!("externalKey:regular"), json!("externalKey:nobody")),
        ("organizations", organization(json!({"levelId": "externalKey:staff"})), organization(json!({"levelId": "x"}))),
        ("organizations", units(json!([unit("orgunit1-eng", true)])), units(json!([unit("x", true)]))),
        ("organizations", two(true, false), two(true, true)),
        ("organizations", two(false, false), units(json!([{"primary": true}]))),
        ("organizations", units(items(30, &unit_false)), units(items(31, &unit_false))),
        ("organizations", json!([]), json!([{"domainId": domain + 1, "primary": true}])),
        ("organizations", json!([{"domainId": domain}]), json!([{"primary": true}])),
    ];
    try_table(&stranger, table).await;
    let user = stranger.patch("/users/externalKey:key-limits", json!({"organizations": two(false, false)})).await;
    assert_eq!(user.json["organizations"][0]["orgUnits"][0]["primary"], true, "the first, if none is");
}

#[tokio::test]
async fn creation_needs_its_required_properties() {
    let stranger = Stranger::start().await;
    for required in ["domainId", "email", "userName", "userExternalKey"] {
        let mut body = stranger.person("needs");
        body.as_object_mut().unwrap().remove(required);
        let answer = stranger.post("/users", body).await;
        let text = &answer.is_refused(400, "MISSING_PARAMETER").text;
        assert!(text.contains(required), "{text}");
    }
}

#[tokio::test]
async fn without_sso_a_member_needs_a_private_email_or_a_password_by_policy() {
    let stranger = Stranger::with(Switches { sso: false, ..Switches::default() }, false).await;
    let mut body = stranger.person("invited");
    body["userExternalKey"] = Value::Null;
    let answer = stranger.post("/users", body.clone()).await;
    assert!(answer.is_refused(400, "MISSING_PARAMETER").text.contains("privateEmail"));
    body["privateEmail"] = json!("invited@home.example");
    let answer = stranger.post("/users", body).await;
    assert_eq!((answer.status, &answer.json["isPending"]), (201, &json!(true)));

    let table = [
        ("Xk7!mQ2w", 201),
        ("Xk7!mQ2", 400),
        ("Xk7!mQ2wXk7!mQ2wXk7!m", 400),
        ("abxyqrkm", 400),
        ("19283746", 400),
        ("Xabc7!mQ", 400),
        ("X123!mQw", 400),
        ("X!!!7mQw", 400),
        ("Xk7 mQ2w", 400),
    ];
    for (number, (password, status)) in table.into_iter().enumerate() {
        let mut body = stranger.person(&format!("admin-{number}"));
        body["passwordConfig"] = json!({"passwordCreationType": "ADMIN", "password": password});
        let answer = stranger.post("/users", body).await;
        assert_eq!(answer.status, status, "{password}: {}", answer.text);
        assert!(!answer.text.contains("passwordCreationType"));
    }
    let mut body = stranger.person("no-word");
    body["passwordConfig"] = json!({"passwordCreationType": "ADMIN"});
    stranger.post("/users", body).await.is_refused(400, "MISSING_PARAMETER");
}

#[tokio::test]
async fn a_forbidden_character_is_a_violation() {
    let stranger = Stranger::start().await;
    let mut body = stranger.person("chars");
    body["userExternalKey"] = json!("a/b");
    stranger.post("/users", body).await.is_refused(400, "INVALID_PARAMETER");
    assert_eq!(stranger.violations().await, ["forbiddenCharacter"]);
}
