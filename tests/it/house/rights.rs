//! Two database users: one that owns the tables, and one that has rights on rows only. The statements are those of the
//! page administrators read.

use std::time::Duration;

use super::{assign, id, unassign};
use crate::support::postgres::Database;
use crate::support::process::Site;

/// The statements of the page that give the service's user its rights, for these two users.
fn grants(owner: &str, service: &str) -> String {
    let page = include_str!("../../../docs/ledger.md");
    let (_, rest) = page.split_once("```sql\n").expect("the page has statements");
    let (statements, _) = rest.split_once("```").expect("their end");
    assert!(statements.contains("\"okta-lineworks\"") && statements.contains("\"ledger-owner\""), "{statements}");
    let grants = statements.lines().filter(|line| line.starts_with("GRANT") || line.starts_with("ALTER DEFAULT"));
    let grants = grants.collect::<Vec<_>>().join("\n");
    grants.replace("okta-lineworks", service).replace("ledger-owner", owner)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_rights_on_rows_alone_serves_once_another_made_the_tables() {
    let database = Database::new();
    if database.authority().is_none() {
        return; // A server of somebody else need not let us make roles.
    }
    let (owner, service) = (format!("{}_owner", database.name), format!("{}_service", database.name));
    let name = &database.name;
    database.run(&format!(
        "CREATE ROLE {owner} LOGIN PASSWORD 'one'; CREATE ROLE {service} LOGIN PASSWORD 'two'; \
         REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO {owner}"
    ));
    let at = |user: &str, password: &str| {
        let address = database.address_over_tcp();
        format!("postgres://{user}:{password}@{}:{}/{name}?sslmode=disable", address.host, address.port)
    };
    let site = Site::with(&format!("[ledger]\nurl = '{}'", at(&service, "two"))).await;
    for command in ["serve", "migrate"] {
        let refused = site.run(&[command]);
        assert_eq!(refused.code, Some(1), "{}", refused.said);
        let said = refused.said;
        assert!(said.contains(&format!("the database user {service} may not make or change tables")), "{said}");
        assert!(said.contains("okta-lineworks migrate") && said.contains("docs/ledger.md"), "{said}");
    }
    database.run(&grants(&owner, &service));
    let made = site.run(&["migrate", "--ledger", &at(&owner, "one")]);
    assert_eq!(made.code, Some(0), "{}", made.said);

    let program = site.start().await;
    assign(&site, &program, 1).await;
    assign(&site, &program, 2).await;
    site.wait_until_all_is_done(&program, Duration::from_secs(30)).await;
    unassign(&site, &program, 2).await;
    site.wait_until_all_is_done(&program, Duration::from_secs(30)).await;
    assert_eq!(site.member(&id(2)).await.expect("exists")["isSuspended"], true);
    assert_eq!(site.look(&program, "/readyz").await.status, 200);
    assert!(!program.log().contains("\"level\":\"ERROR\""), "{}", program.log());
    assert_eq!(program.stop().await, Some(0));
    database.run(&format!("REVOKE SELECT ON ledger_migrations FROM {service}"));
    let refused = site.run(&["serve"]);
    assert_eq!(refused.code, Some(1), "{}", refused.said);
    assert!(refused.said.contains("needs rights on rows, see docs/ledger.md"), "{}", refused.said);
    for role in [owner, service] {
        database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
}
