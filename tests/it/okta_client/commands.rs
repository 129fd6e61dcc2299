//! `check --contact` for the Okta side, and `hook register`, as a person runs them.

use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};

use super::{APP, Org};
use crate::support::TestApp;
use crate::support::program::program;

impl Org {
    /// The least configuration, with the Okta side of this org; its LINE WORKS is the sandbox too.
    fn configuration(&self) -> String {
        let it = self.sandbox.credentials();
        let (url, okta) = (self.sandbox.url(), &it.okta);
        let private_key = self.file("okta-key.pem", &okta.private_key);
        let lineworks_key = self.file("lineworks-key.pem", &it.private_key);
        format!(
            "[inbound]\n\
             admin_secrets = [{{ name = \"admin\", value = \"admin-secret-0123456789\" }}]\n\
             hook_secrets = [{{ name = \"hook\", value = \"hook-secret-0123456789\" }}]\n\
             [okta]\n\
             app_id = \"{APP}\"\norg_url = \"{url}\"\nclient_id = \"{}\"\nprivate_key = {{ file = {private_key:?} }}\n\
             [lineworks]\n\
             auth_url = \"{url}\"\napi_url = \"{url}\"\nclient_id = \"{}\"\nclient_secret = \"{}\"\n\
             service_account = \"{}\"\nprivate_key = {{ file = {lineworks_key:?} }}\ndomain_id = {}\n",
            okta.client_id, it.client_id, it.client_secret, it.service_account, it.domain_id
        )
    }

    /// Runs the program with this configuration.
    async fn run(&self, configuration: &str, arguments: &[&str]) -> (bool, String) {
        self.file("okta-lineworks.toml", configuration);
        let Output { status, stdout, stderr } =
            program(&self.folder).args(arguments).output().await.expect("the program runs");
        (status.success(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
    }

    async fn checked(&self) -> (bool, String) {
        self.run(&self.configuration(), &["check", "--contact"]).await
    }
}

#[tokio::test]
async fn check_says_that_scopes_and_role_are_there() {
    let org = Org::with_people().await;
    let (good, said) = org.checked().await;
    assert!(good, "{said}");
    for part in
        ["scopes okta.apps.read", "which is active", "app's users can be read", "users can be read", "System Log"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("BEGIN"), "{said}");
}

#[tokio::test]
async fn check_names_the_missing_scope_of_several() {
    let org = Org::with_people().await;
    org.access(json!({"revoke": ["okta.users.read"]})).await;
    let (good, said) = org.checked().await;
    assert!(!good && said.contains("Okta API Scopes") && said.contains("スコープ"), "{said}");
    assert!(said.contains("scope okta.users.read: NOT granted"), "{said}");
    assert!(said.contains("scope okta.apps.read: granted") && said.contains("scope okta.logs.read: granted"), "{said}");
}

#[tokio::test]
async fn check_tells_a_missing_role_a_wrong_app_an_inactive_one_and_a_wrong_key_apart() {
    let org = Org::with_people().await;
    org.access(json!({"role": "none"})).await;
    let (good, said) = org.checked().await;
    assert!(!good && said.contains("Read-only Administrator"), "{said}");
    assert_eq!(said.matches("wrong: ").count(), 1, "what is missing everywhere is said once: {said}");
    assert!(["(app: ", "; app_users: ", "; logs: "].iter().all(|part| said.contains(part)), "{said}");
    org.access(json!({"role": "full"})).await;

    org.control(Method::POST, &format!("okta/apps/{APP}/deactivate"), Value::Null).await;
    let (good, said) = org.checked().await;
    assert!(!good && said.contains("deactivated") && said.contains("INACTIVE"), "{said}");
    org.control(Method::POST, &format!("okta/apps/{APP}/activate"), Value::Null).await;

    let other_app = org.configuration().replace(APP, "0oaELSEWHERE");
    let (good, said) = org.run(&other_app, &["check", "--contact"]).await;
    assert!(!good && said.contains("shows no app") && said.contains("0oaELSEWHERE"), "{said}");

    let own = org.sandbox.credentials().okta.client_id.clone();
    let other_client = org.configuration().replace(&own, "0oaSOMEBODY");
    let (good, said) = org.run(&other_client, &["check", "--contact"]).await;
    assert!(!good && said.contains("does not accept this program's credentials"), "{said}");
    assert!(said.contains("iss and sub must be the client id"), "{said}");
}

#[tokio::test]
async fn check_finds_a_key_that_cannot_sign_without_asking_anybody() {
    let org = Org::start().await;
    let configuration = org.configuration();
    org.file(
        "okta-key.pem",
        "-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJBREFOQmdrcWhraUc5dzBC\n-----END PRIVATE KEY-----\n",
    );
    let (good, said) = org.run(&configuration, &["check"]).await;
    assert!(!good && said.contains("okta.private_key: is neither an RSA key nor an EC key"), "{said}");
}

/// A service that runs and takes the hook with the secret of [`Org::configuration`].
async fn service() -> TestApp {
    TestApp::with("[inbound]\nhook_secrets = [{ name = \"hook\", value = \"hook-secret-0123456789\" }]\n").await
}

#[tokio::test]
async fn hook_register_makes_the_hook_once_and_okta_verifies_it() {
    let (org, service) = (Org::start().await, service().await);
    let url = format!("{}/v1/okta/events", service.url);
    for done in ["created the event hook \"okta-lineworks\"", "brought the event hook \"okta-lineworks\""] {
        let (good, said) = org.run(&org.configuration(), &["hook", "register", "--url", &url]).await;
        assert!(good && said.contains(done) && said.contains("Okta has verified it"), "{said}");
        assert!(said.contains("the secret `hook`") && !said.contains("hook-secret-0123456789"), "{said}");
    }
    let (good, said) = org.run(&org.configuration(), &["hook", "show", "--json"]).await;
    let hook: Value = serde_json::from_str(said.trim()).unwrap_or_else(|_| panic!("one hook: {said}"));
    assert!(good, "{said}");
    assert_eq!((&hook["verificationStatus"], &hook["url"]), (&json!("VERIFIED"), &json!(url)));
    let wanted: Vec<&str> = okta_lineworks::okta::meaning::hook_event_types().collect();
    assert_eq!(hook["events"], json!(wanted));
    let (_, said) = org.run(&org.configuration(), &["hook", "show"]).await;
    assert!(said.contains("VERIFIED") && !said.contains("without"), "{said}");
    // The hook of that name may have been another service's.
    let moved = format!("{}/v1/okta/events", service.url.replace("127.0.0.1", "localhost"));
    let (good, said) = org.run(&org.configuration(), &["hook", "register", "--url", &moved]).await;
    assert!(good && said.contains(&format!("it delivered to {url} before")) && said.contains("--name"), "{said}");
    org.no_rule_was_broken().await;
    service.finish().await;
}

#[tokio::test]
async fn hook_register_says_what_to_check_when_okta_cannot_verify() {
    let (org, service) = (Org::start().await, service().await);
    let url = format!("{}/v1/okta/events", service.url);
    let other_secret = org.configuration().replace("hook-secret-0123456789", "another-secret-0123456789");
    let (good, said) = org.run(&other_secret, &["hook", "register", "--url", &url]).await;
    assert!(!good && said.contains("could not verify the hook") && said.contains("inbound.hook_secrets"), "{said}");
    service.finish().await;
    let (good, said) = org.run(&org.configuration(), &["hook", "register", "--url", &url]).await;
    assert!(!good && said.contains("within 3 seconds") && said.contains("reached from the internet"), "{said}");
    let (_, said) = org.run(&org.configuration(), &["hook", "show"]).await;
    assert!(said.contains("UNVERIFIED"), "{said}");
}

#[tokio::test]
async fn hook_register_says_what_it_needs_and_what_it_cannot_use() {
    let org = Org::start().await;
    for (url, says) in [
        ("http://lineworks.example.com/v1/okta/events", "must begin with https"),
        ("https://lineworks.example.com/", "must end in /v1/okta/events"),
    ] {
        org.file("okta-lineworks.toml", &org.configuration());
        let run = program(&org.folder).args(["hook", "register", "--url", url]).output().await.expect("it runs");
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "wrong arguments: {said}");
        assert!(said.contains(says), "{said}");
    }
    let register = ["hook", "register", "--url", "https://lineworks.example.com/v1/okta/events"];
    org.access(json!({"revoke": ["okta.eventHooks.manage"]})).await;
    let (good, said) = org.run(&org.configuration(), &register).await;
    assert!(
        !good && said.contains("okta.eventHooks.manage is not granted") && said.contains("revoke it afterwards"),
        "{said}"
    );
    assert!(said.contains("スコープ okta.eventHooks.manage") && !said.contains("nobody is changed"), "{said}");
    org.access(json!({"grant": ["okta.eventHooks.manage"], "role": "none"})).await;
    let (good, said) = org.run(&org.configuration(), &register).await;
    assert!(!good && said.contains("assign Super Administrator") && said.contains("スーパー管理者"), "{said}");
    assert!(!said.contains("Read-only Administrator"), "that role is not enough here: {said}");
    let no_hook = org.configuration().replace("hook_secrets", "card_secrets");
    org.access(json!({"role": "full"})).await;
    let (good, said) = org.run(&no_hook, &register).await;
    assert!(!good && said.contains("inbound.hook_secrets is empty"), "{said}");
}
