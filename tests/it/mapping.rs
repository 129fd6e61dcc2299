//! The attribute mapping at the command line: `check` and `serve` name a bad template, `mapping test` shows the member.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::process::{Finished, Site};

fn says(finished: &Finished, code: i32, texts: &[&str]) {
    assert_eq!(finished.code, Some(code), "{}", finished.said);
    for text in texts {
        assert!(finished.said.contains(text), "{text:?} is not in: {}", finished.said);
    }
}

fn save(site: &Site, person: &Value) -> String {
    let file: PathBuf = site.file().with_file_name("person.json");
    // As some editors save it.
    std::fs::write(&file, format!("\u{FEFF}{person:#}")).expect("the folder is ours");
    file.display().to_string()
}

fn nagisa() -> Value {
    json!({
        "id": "00uNAGISA", "status": "PROVISIONED", "credentials": {"userName": "nagisa@umi.example"},
        "profile": {"branch": "Yokohama", "nickName": null},
        "_embedded": {"user": {"id": "00uNAGISA", "status": "ACTIVE", "profile": {
            "login": "nagisa@umi.example", "lastName": "波多", "firstName": "渚", "employeeNumber": "A-77",
            "mobilePhone": "+81 90 0000 1111",
        }}},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_serve_name_the_key_and_the_place_of_a_bad_template() {
    let site = Site::new().await;
    site.configure("[okta.mapping]\nnickName = '{{ user.nickName | uper }}'\n'usrName.lastName' = 'x'");
    let texts = [
        "okta.mapping.nickName: line 1, column 20: the filter `uper` does not exist; did you mean `upper`?",
        "okta.mapping.usrName.lastName: is not a property LINE WORKS knows here; did you mean userName?",
    ];
    says(&site.run(&["check"]), 2, &texts);
    says(&site.run(&["serve"]), 1, &texts);
    site.configure("[okta.mapping]\nuserName.lastName = 7");
    says(&site.run(&["check"]), 2, &["okta.mapping", "is not a text"]);
    site.configure(
        "[okta.mapping]\nnickName = '{{ user.nickName | upper }}'\nuserName.lastName = '{{ user.lastName }}'",
    );
    says(&site.run(&["check"]), 0, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mapping_test_shows_the_member_and_where_each_property_comes_from() {
    let site = Site::new().await;
    site.configure("[okta.mapping]\nlocation = '{{ app.branch }} office'\ncellPhone = '{{ user.mobilePhone | phone }}'\ntask = '{{ none }}'");
    let file = save(&site, &nagisa());
    let finished = site.run(&["mapping", "test", "--user", &file]);
    let texts = [
        "email = \"nagisa@umi.example\"\n    built in: {{ userName or user.login }}",
        "userName.lastName = \"波多\"",
        "location = \"Yokohama office\"\n    okta.mapping: {{ app.branch }} office",
        "cellPhone = \"+819000001111\"",
        "task = (cleared)",
        "left alone: userName.phoneticLastName, userName.phoneticFirstName, nickName, privateEmail, telephone",
    ];
    says(&finished, 0, &texts);
    let finished = site.run(&["mapping", "test", "--json", "--user", &file]);
    let shown: Value = serde_json::from_str(&finished.said).expect("JSON");
    assert_eq!((&shown["user"]["employeeNumber"], &shown["errors"]), (&json!("A-77"), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn mapping_test_names_what_is_refused_in_both_languages_and_fails() {
    let site = Site::new().await;
    site.configure("[okta.mapping]\ntelephone = '{{ user.mobilePhone }}'\nnickName = '{{ user.lastName | int }}'");
    let file = save(&site, &nagisa());
    says(
        &site.run(&["mapping", "test", "--user", &file]),
        1,
        &["refused: user.nickName: its template", "nickName = (does not work)"],
    );
    site.configure("[okta.mapping]\ntelephone = '{{ user.mobilePhone }}'");
    says(
        &site.run(&["mapping", "test", "--user", &file]),
        1,
        &["refused: user.telephone: may have only digits", "全角空白"],
    );
    says(&site.run(&["mapping", "test", "--user", "/nowhere.json"]), 1, &["/nowhere.json cannot be read"]);
    let file = save(&site, &json!([1]));
    says(&site.run(&["mapping", "test", "--user", &file]), 1, &["is no app user", "expand=user"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mapping_test_asks_okta_for_a_login() {
    let app = TestApp::with("[okta]\norg_url = '{sandbox}'\napi_token = '{okta_api_token}'").await;
    let profile = json!({ "lastName": "波多", "firstName": "渚" });
    for (login, assign) in
        [("nagisa@umi.example", json!({ "profile": { "task": "灯台" } })), ("app.less@umi.example", json!(null))]
    {
        let person = json!({ "login": login, "profile": profile, "assign": assign });
        assert!(app.sandbox("okta/users", person).await.status.is_success());
    }
    let config = app.folder().join("okta-lineworks.toml");
    let run = async |login: &str| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        command.args(["mapping", "test", "--sandbox", "--user", login, "--config"]).arg(&config);
        let output = command.output().await.expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, said) = run("nagisa@umi.example").await;
    assert!(code == Some(0) && said.contains("task = \"灯台\""), "{said}");
    let (code, said) = run("app.less@umi.example").await;
    assert!(code == Some(0) && said.contains("has not got the app") && said.contains("app.less@umi.example"), "{said}");
    let (code, said) = run("nobody@umi.example").await;
    assert!(code == Some(1) && said.contains("Okta knows nobody"), "{said}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_templates_can_be_printed_copied_and_used() {
    let site = Site::new().await;
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
    let printed = program.args(["mapping", "defaults"]).output().expect("it runs");
    let printed = String::from_utf8(printed.stdout).expect("text");
    assert!(printed.contains("\"email\" = '{{ userName or user.login }}'"), "{printed}");
    site.configure(&printed);
    says(&site.run(&["check"]), 0, &["everything that can be checked from here is right"]);
}
