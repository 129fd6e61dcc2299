//! SCIM: creating and reading users, lists. `Stranger` learns SCIM's verbs here.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Stranger};

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const WORKS: &str = "urn:ietf:params:scim:schemas:extension:works:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

impl Stranger {
    /// A SCIM call with this token, not yet sent.
    pub(super) fn scim_request(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        token: &str,
    ) -> reqwest::RequestBuilder {
        let url = format!("{}/scim/v2{path}", self.sandbox.url());
        let request = self.http.request(method, url).bearer_auth(token);
        if body.is_null() { request } else { request.json(body) }
    }

    pub(super) async fn scim(&self, method: Method, path: &str, body: Value) -> Answer {
        let token = &self.sandbox.credentials().scim_token;
        self.scim_with(method, path, body, token).await
    }

    pub(super) async fn scim_with(&self, method: Method, path: &str, body: Value, token: &str) -> Answer {
        Answer::read(self.scim_request(method, path, &body, token).send().await.expect("an answer")).await
    }

    pub(super) async fn scim_get(&self, path: &str) -> Answer {
        self.scim(Method::GET, path, Value::Null).await
    }

    /// PATCH with these operations.
    pub(super) async fn operate(&self, path: &str, operations: Value) -> Answer {
        let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
        self.scim(Method::PATCH, path, body).await
    }

    /// A user by SCIM; its path.
    pub(super) async fn scim_create(&self, name: &str) -> String {
        let answer = self.scim(Method::POST, "/Users", user(name)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        format!("/Users/{}", answer.json["id"].as_str().expect("an id"))
    }
}

impl Answer {
    /// Asserts a refusal in the shape of RFC 7644.
    pub(super) fn is_scim_error(&self, status: u16, kind: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.json["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{}", self.text);
        assert_eq!(self.json["status"], status.to_string(), "{}", self.text);
        assert_eq!(self.json["scimType"].as_str().unwrap_or_default(), kind, "{}", self.text);
        assert!(self.json["detail"].is_string(), "{}", self.text);
        self
    }
}

/// A user that meets every rule.
pub(super) fn user(name: &str) -> Value {
    json!({
        "schemas": [USER],
        "externalId": format!("ext-{name}"),
        "userName": format!("{name}@sandbox.example"),
        "name": { "familyName": "Tester", "givenName": name },
        "active": true,
        "emails": [{ "type": "other", "value": format!("{name}@home.example") }],
    })
}

/// The same with changes.
pub(super) fn user_with(name: &str, changes: Value) -> Value {
    let mut user = user(name);
    user.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    user
}

// --- create and read ---------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_user_created_by_scim_is_a_member_of_the_directory() {
    let stranger = Stranger::start().await;
    let body = user_with(
        "taro",
        json!({
            "userName": "Taro@Sandbox.Example",
            "name": { "familyName": "山田", "givenName": "太郎" }, "nickName": "Taro",
            "preferredLanguage": "en-US", "timezone": "Asia/Seoul", "unknown": 1,
            "emails": [{ "type": "other", "value": "taro@home.example" },
                { "type": "alias", "value": "t.yamada@sandbox.example" }],
            "phoneNumbers": [{ "type": "work", "value": "03-1111-2222" }, { "type": "mobile", "value": "090-1" }],
            "ims": [{ "type": "CUSTOM", "value": "taro-im", "display": "Talk" }],
        }),
    );
    let answer = stranger.scim(Method::POST, "/Users", body).await;
    let created = &answer.is_ok(StatusCode::CREATED).json;
    let id = created["id"].as_str().unwrap();
    assert_eq!(created["schemas"], json!([USER, WORKS]));
    assert!(created[WORKS].is_object());
    assert_eq!((&created["externalId"], &created["displayName"]), (&json!("ext-taro"), &json!("山田 太郎")));
    assert_eq!((&created["userName"], &created["active"]), (&json!("taro@sandbox.example"), &json!(true)));
    assert_eq!(created["preferredLanguage"], "en-US");
    assert_eq!(created["emails"][1], json!({"type": "alias", "value": "t.yamada@sandbox.example", "primary": false}));
    assert_eq!(created["phoneNumbers"][1], json!({"type": "mobile", "value": "090-1", "primary": true}));
    assert_eq!(created["ims"][0]["display"], "Talk");
    assert_eq!((&created["meta"]["resourceType"], &created["nickName"]), (&json!("User"), &json!("Taro")));
    let location = format!("{}/scim/v2/Users/{id}", stranger.sandbox.url());
    assert_eq!((answer.header("location"), &created["meta"]["location"]), (Some(&*location), &json!(location)));
    assert_eq!(stranger.scim_get(&format!("/Users/{id}")).await.json, *created);

    let member = stranger.get(&format!("/users/{id}")).await.json;
    assert_eq!((&member["email"], &member["userExternalKey"]), (&json!("taro@sandbox.example"), &Value::Null));
    assert_eq!((&member["telephone"], &member["cellPhone"]), (&json!("03-1111-2222"), &json!("090-1")));
    assert_eq!((&member["locale"], &member["timeZone"]), (&json!("en_US"), &json!("Asia/Seoul")));
    assert_eq!(member["privateEmail"], "taro@home.example");
    assert_eq!(member["aliasEmails"], json!(["t.yamada@sandbox.example"]));
    let messenger = json!({"protocol": "CUSTOM", "messengerId": "taro-im", "customProtocol": "Talk"});
    assert_eq!(member["messenger"], messenger);
    assert_eq!(member.get("scimExternalId"), None, "it is the SCIM client's alone");
    let by_hand = stranger.control(Method::GET, &format!("members/{id}"), Value::Null).await.json;
    assert_eq!((&by_hand["scimExternalId"], &by_hand["_createdCount"]), (&json!("ext-taro"), &json!(1)));
}

#[tokio::test]
async fn a_create_needs_what_the_pages_say() {
    let stranger = Stranger::start().await;
    let long = "x".repeat(101);
    for (wrong, named) in [
        (json!({"active": false}), "active"),
        (json!({"active": null}), "active"),
        (json!({"active": "true"}), "active"),
        (json!({"userName": null}), "userName"),
        (json!({"userName": "new@elsewhere.example"}), "userName"),
        (json!({"name": null}), "name"),
        (json!({"name": {"familyName": null, "givenName": " "}}), "name.familyName"),
        (json!({"name": {"familyName": "x".repeat(41), "givenName": "y".repeat(40)}}), "name"),
        (json!({"externalId": long}), "externalId"),
        (json!({"externalId": 7}), "externalId"),
        (json!({"nickName": long}), "nickName"),
        (json!({"preferredLanguage": "ja_JP"}), "preferredLanguage"),
        (json!({"preferredLanguage": "fr-FR"}), "preferredLanguage"),
        (json!({"timezone": "Tokyo"}), "timezone"),
        (json!({"emails": [{"type": "work", "value": "a@b.example"}]}), "emails"),
        (json!({"emails": [{"type": "other", "value": "no address"}]}), "emails"),
        (
            json!({"emails": [{"type": "other", "value": "a@b.example"}, {"type": "other", "value": "c@b.example"}]}),
            "emails",
        ),
        (json!({"emails": {"type": "other", "value": "a@b.example"}}), "emails"),
        (json!({"phoneNumbers": [{"type": "fax", "value": "1"}]}), "phoneNumbers"),
        (json!({"phoneNumbers": [{"type": "work", "value": "none"}]}), "phoneNumbers"),
        (json!({"phoneNumbers": [{"type": "work", "value": 1}]}), "phoneNumbers"),
        (json!({"ims": [{"type": "PIGEON", "value": "1"}]}), "ims"),
        (json!({"ims": [{"type": "LINE", "value": "1"}, {"type": "X", "value": "2"}]}), "ims"),
    ] {
        let answer = stranger.scim(Method::POST, "/Users", user_with("new", wrong.clone())).await;
        let detail = answer.is_scim_error(400, "invalidValue").json["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(named), "{wrong}: {detail}");
    }
    let aliases: Vec<_> =
        (0..11).map(|n| json!({"type": "alias", "value": format!("alias{n}@sandbox.example")})).collect();
    let answer = stranger.scim(Method::POST, "/Users", user_with("new", json!({ "emails": aliases }))).await;
    answer.is_scim_error(400, "invalidValue");
    for schemas in [Value::Null, json!(["urn:other"])] {
        let body = user_with("new", json!({ "schemas": schemas }));
        stranger.scim(Method::POST, "/Users", body).await.is_scim_error(400, "invalidSyntax");
    }
    assert_eq!(stranger.scim_get("/Users").await.json["totalResults"], 0, "nothing was created");
    assert_eq!(stranger.violations().await, ["inactiveOnCreate", "inactiveOnCreate", "forbiddenCharacter"]);
}

#[tokio::test]
async fn both_media_types_are_read_and_no_others() {
    let stranger = Stranger::start().await;
    let token = stranger.sandbox.credentials().scim_token.clone();
    for (media, status) in
        [("application/scim+json", 201), ("application/json; charset=utf-8", 409), ("text/plain", 400)]
    {
        let request = stranger.scim_request(Method::POST, "/Users", &Value::Null, &token);
        let answer = request.header("content-type", media).body(user("media").to_string()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{media}");
    }
    let broken = stranger.scim_request(Method::POST, "/Users", &Value::Null, &token);
    let answer = broken.header("content-type", "application/json").body("[]").send().await.unwrap();
    Answer::read(answer).await.is_scim_error(400, "invalidSyntax");
}

#[tokio::test]
async fn without_single_sign_on_a_user_is_pending_and_needs_an_invitation() {
    let stranger = Stranger::start().await;
    stranger.switch(json!({"sso": false})).await;
    let without = user_with("late", json!({"emails": [{"type": "alias", "value": "la@sandbox.example"}]}));
    stranger.scim(Method::POST, "/Users", without).await.is_scim_error(400, "invalidValue");
    let path = stranger.scim_create("late").await;
    assert_eq!(stranger.scim_get(&path).await.json["active"], false);
    let member = stranger.get(&path.replace("/U", "/u")).await.json;
    assert_eq!((&member["isPending"], &member["isSuspended"]), (&json!(true), &json!(false)));
    stranger.scim(Method::DELETE, &path, Value::Null).await.is_scim_error(400, "invalidValue");
    stranger.switch(json!({"pendingSuspend": "accept"})).await;
    assert_eq!(stranger.scim(Method::DELETE, &path, Value::Null).await.status, 204);
}

#[tokio::test]
async fn a_user_is_named_by_its_id_alone() {
    let stranger = Stranger::start().await;
    let id = stranger.create("named").await;
    assert_eq!(stranger.scim_get(&format!("/Users/{id}")).await.status, 200);
    for name in ["named%40sandbox.example", "externalKey:key-named", "nobody"] {
        stranger.scim_get(&format!("/Users/{name}")).await.is_scim_error(404, "");
        stranger.scim(Method::DELETE, &format!("/Users/{name}"), Value::Null).await.is_scim_error(404, "");
        stranger.operate(&format!("/Users/{name}"), json!([])).await.is_scim_error(404, "");
    }
    assert!(stranger.violations().await.is_empty());
    stranger.scim_get("/Users/a%2540b").await.is_scim_error(404, "");
    assert_eq!(stranger.violations().await, ["notUrlEncoded"]);
}

#[tokio::test]
async fn what_is_not_on_the_pages_does_not_exist() {
    let stranger = Stranger::start().await;
    for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Me", "/Users/", "/Users/a/b", "/users"] {
        stranger.scim_get(path).await.is_scim_error(404, "");
    }
    for path in ["/Bulk", "/Users/.search", "/.search", "/Users/a"] {
        stranger.scim(Method::POST, path, json!({})).await.is_scim_error(404, "");
    }
    assert_eq!(stranger.stats().await["requests"], json!({"token": 1}), "they are no operations");
}

// --- lists -------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_list_has_pages_and_one_filter() {
    let stranger = Stranger::start().await;
    for name in ["one", "two", "three"] {
        stranger.scim_create(name).await;
    }
    let list = async |query: &str| stranger.scim_get(&format!("/Users?{query}")).await;
    let page = list("startIndex=2&count=1").await.json;
    assert_eq!(page["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
    assert_eq!((&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]), (&json!(3), &json!(2), &json!(1)));
    assert_eq!(page["Resources"][0]["userName"], "two@sandbox.example");
    let nothing = list("count=0").await.json;
    assert_eq!((&nothing["totalResults"], &nothing["Resources"]), (&json!(3), &json!([])));
    assert_eq!(list("startIndex=9").await.json["itemsPerPage"], 0);
    let found = list("filter=userName%20eq%20%22Three%40sandbox.example%22").await.json;
    assert_eq!((&found["totalResults"], &found["Resources"][0]["externalId"]), (&json!(1), &json!("ext-three")));
    assert_eq!(list("filter=userName%20eq%20%22nobody%22").await.json["totalResults"], 0);
    for wrong in ["startIndex=0", "startIndex=a", "count=-1", "count="] {
        list(wrong).await.is_scim_error(400, "invalidValue");
    }
    assert!(stranger.violations().await.is_empty());
    for wrong in ["externalId%20eq%20%22ext-one%22", "userName%20co%20%22o%22", "active%20eq%20true", ""] {
        list(&format!("filter={wrong}")).await.is_scim_error(400, "invalidFilter");
    }
    assert_eq!(stranger.violations().await, ["unsupportedFilter"; 4]);
}

#[tokio::test]
async fn a_page_has_a_hundred_users_at_most() {
    let stranger = Stranger::start().await;
    for n in 0..101 {
        let seed = json!({ "email": format!("m{n}@sandbox.example") });
        stranger.control(Method::POST, "members", seed).await;
    }
    let page = stranger.scim_get("/Users").await.json;
    assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&json!(101), &json!(100)));
    assert!(stranger.violations().await.is_empty());
    assert_eq!(stranger.scim_get("/Users?count=101").await.json["itemsPerPage"], 100);
    assert_eq!(stranger.violations().await, ["countOver100"]);
}
