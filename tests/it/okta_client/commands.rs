//! `check --contact` for the Okta side, as a person runs it.

use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};

use super::{APP, Org};
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
