//! A tenant with two domains.

use reqwest::Method;
use serde_json::{Value, json};

use super::Stranger;

#[tokio::test]
async fn the_tenant_has_two_domains() {
    let stranger = Stranger::start().await;
    let credentials = stranger.sandbox.credentials();
    let [main, second] = &credentials.domains[..] else { panic!("two") };
    assert_eq!((main.id, &main.name), (credentials.domain_id, &credentials.domain));
    assert_eq!(second.name, "sub.sandbox.example");
    assert_ne!(main.id, second.id);
}

#[tokio::test]
async fn an_address_must_be_of_the_domain_it_is_created_in() {
    let stranger = Stranger::start().await;
    let mut body = stranger.person("there");
    body["domainId"] = json!(stranger.second().id);
    let answer = stranger.post("/users", body.clone()).await;
    assert!(answer.is_refused(400, "INVALID_PARAMETER").text.contains("email is invalid"));
    body["email"] = json!("there@sub.sandbox.example");
    let user = stranger.post("/users", body.clone()).await;
    assert_eq!((user.status, &user.json["organizations"][0]["domainId"]), (201, &json!(stranger.second().id)));
    body["email"] = json!("other@sub.sandbox.example");
    body["domainId"] = json!(stranger.domain());
    stranger.post("/users", body.clone()).await.is_refused(400, "INVALID_PARAMETER");
    body["domainId"] = json!(stranger.second().id);
    stranger.post("/users", body).await.is_refused(409, "ALREADY_EXIST");
}

#[tokio::test]
async fn neither_patch_nor_put_goes_to_another_domain() {
    let stranger = Stranger::start().await;
    let path = format!("/users/{}", stranger.create("stays").await);
    let email = json!({"email": "stays@sub.sandbox.example"});
    assert!(stranger.patch(&path, email.clone()).await.is_refused(400, "INVALID_PARAMETER").text.contains("email"));
    let mut both = email;
    both["domainId"] = json!(stranger.second().id);
    assert!(stranger.patch(&path, both.clone()).await.is_refused(400, "INVALID_PARAMETER").text.contains("move"));
    let mut whole = stranger.person("stays");
    whole.as_object_mut().unwrap().extend(both.as_object().unwrap().clone());
    stranger.put(&path, whole).await.is_refused(400, "INVALID_PARAMETER");
    let elsewhere = json!({"organizations": [{"domainId": stranger.second().id, "primary": true}]});
    stranger.patch(&path, elsewhere).await.is_refused(400, "INVALID_PARAMETER");
    let second = json!({"organizations": [{"domainId": stranger.domain(), "primary": true},
        {"domainId": stranger.second().id, "primary": false, "email": "stays@sub.sandbox.example"}]});
    assert_eq!(stranger.patch(&path, second).await.status, 200, "a second company is no move");
}

#[tokio::test]
async fn placement_is_of_a_domain() {
    let stranger = Stranger::start().await;
    let second = stranger.second().id;
    let place = json!({"kind": "orgUnit", "id": "sub-1", "name": "Below", "domainId": second, "parentId": null});
    assert_eq!(stranger.control(Method::POST, "placement", place).await.status, 200);
    let path = format!("/users/{}", stranger.create("placed").await);
    let at = |domain: i64, unit: &str| {
        json!({"organizations": [{"domainId": stranger.domain(), "primary": true},
        {"domainId": domain, "primary": false, "orgUnits": [{"orgUnitId": unit, "primary": true}]}]})
    };
    assert_eq!(stranger.patch(&path, at(second, "sub-1")).await.status, 200);
    stranger.patch(&path, at(second, "orgunit1-eng")).await.is_refused(400, "INVALID_PARAMETER");
    stranger.patch(&path, at(stranger.domain(), "sub-1")).await.is_refused(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn a_list_is_of_one_domain() {
    let stranger = Stranger::start().await;
    stranger.create("main").await;
    let seeded = json!({"email": "sub@sub.sandbox.example"});
    let user = stranger.control(Method::POST, "members", seeded).await.json;
    assert_eq!(user["domainId"], stranger.second().id);
    for (query, email) in [
        (String::new(), "main@sandbox.example"),
        (format!("?domainId={}", stranger.domain()), "main@sandbox.example"),
        (format!("?domainId={}", stranger.second().id), "sub@sub.sandbox.example"),
    ] {
        let page = stranger.get(&format!("/users{query}")).await.json;
        let emails: Vec<&Value> = page["users"].as_array().unwrap().iter().map(|one| &one["email"]).collect();
        assert_eq!(emails, [email]);
    }
}

#[tokio::test]
async fn a_place_by_hand_has_a_parent() {
    let mut stranger = Stranger::start().await;
    let place = json!({"kind": "orgUnit", "id": "team", "name": "Team", "parentId": "orgunit1-eng"});
    let all = stranger.control(Method::POST, "placement", place).await.json;
    let shown = all["placement"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&shown["parentId"], &shown["displayOrder"]), (&json!("orgunit1-eng"), &json!(1)));
    stranger.token = stranger.new_token("orgunit").await;
    assert_eq!(stranger.get("/orgunits/team").await.json["parentExternalKey"], "eng");
}

#[tokio::test]
async fn scim_puts_nobody_in_another_domain_than_the_logins() {
    let stranger = Stranger::start().await;
    let mut body = super::scim::user("sub");
    body["userName"] = json!("sub@sub.sandbox.example");
    let made = stranger.scim(Method::POST, "/Users", body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json["id"].as_str().unwrap();
    assert_eq!(stranger.get(&format!("/users/{id}")).await.json["domainId"], stranger.second().id);
    body["userName"] = json!("sub@sandbox.example");
    assert_eq!(stranger.scim(Method::PUT, &format!("/Users/{id}"), body).await.status, 400);
}
