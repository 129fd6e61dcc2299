//! A backup that is taken while the service works, and a service that starts on it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::{assign, id, unassign};
use crate::support::process::{Finished, Site};

fn back_up(site: &Site, to: &Path, more: &[&str]) -> Finished {
    let mut arguments = vec!["ledger", "backup", "--to", to.to_str().expect("a path of ours")];
    arguments.extend(more);
    site.run(&arguments)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_a_ledger_one_can_serve_from() {
    let site = Arc::new(Site::new().await);
    let program = Arc::new(site.start().await);
    for n in 0..20 {
        assign(&site, &program, n).await;
    }
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(20)));
    let load = {
        let (site, program, stop, next) = (site.clone(), program.clone(), stop.clone(), next.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                assign(&site, &program, next.fetch_add(1, Ordering::Relaxed)).await;
            }
        })
    };
    let to = site.folder().join("backup.db");
    let made = back_up(&site, &to, &[]);
    assert_eq!(made.code, Some(0), "{}", made.said);
    assert!(made.said.contains("is whole") && made.said.contains("assignments"), "{}", made.said);
    stop.store(true, Ordering::Relaxed);
    load.await.expect("the load ends");
    let mode = std::fs::metadata(&to).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds personal data: {mode:o}");

    let again = back_up(&site, &to, &[]);
    assert_eq!(again.code, Some(1), "{}", again.said);
    assert!(again.said.contains("exists already") && again.said.contains("--force"), "{}", again.said);
    let forced = back_up(&site, &to, &["--force"]);
    assert_eq!(forced.code, Some(0), "{}", forced.said);
    let itself = back_up(&site, &site.ledger(), &["--force"]);
    assert_eq!(itself.code, Some(1), "never over the ledger itself: {}", itself.said);

    // After the backup: one comes, one goes, one is known already.
    site.wait_until_all_is_done(&program, Duration::from_secs(60)).await;
    assert_eq!(back_up(&site, &to, &["--force"]).code, Some(0));
    let later = next.load(Ordering::Relaxed);
    assign(&site, &program, later).await;
    unassign(&site, &program, 3).await;
    site.wait_until_all_is_done(&program, Duration::from_secs(30)).await;
    let program = Arc::into_inner(program).expect("the load let go of it");
    program.kill();

    for part in ["", "-wal", "-shm"] {
        // The journal may be gone by itself.
        let _ = std::fs::remove_file(format!("{}{part}", site.ledger().display()));
    }
    std::fs::copy(&to, site.ledger()).expect("the folder is ours");
    assert_eq!(site.query(&format!("SELECT count(*) FROM assignments WHERE okta_user_id = '{}'", id(later))), 0);
    let program = site.start().await;
    for n in [0, later] {
        assign(&site, &program, n).await;
    }
    unassign(&site, &program, 3).await;
    site.wait_until_all_is_done(&program, Duration::from_secs(30)).await;
    assert!(site.member(&id(later)).await.is_some());
    assert_eq!(site.member(&id(3)).await.expect("exists")["isSuspended"], true);
    let stats = site.stats().await;
    assert_eq!(stats["violationCount"], 0, "{stats:#}");
    let created = stats["createdPerEmail"].as_object().expect("per e-mail");
    assert!(created.values().all(|times| times.as_u64() <= Some(1)), "nobody twice: {created:?}");
    assert_eq!(program.stop().await, Some(0));
}

/// The cap at nothing keeps what a restored ledger remembers from being carried out before somebody compared.
#[tokio::test(flavor = "multi_thread")]
async fn with_the_cap_at_nothing_a_restored_ledger_takes_nothing_away() {
    let site = Site::with("[converge]\nretry_first = '1s'").await;
    let program = site.start().await;
    assign(&site, &program, 1).await;
    site.wait_until_all_is_done(&program, Duration::from_secs(30)).await;
    assert_eq!(program.stop().await, Some(0));
    // The ledger of a moment at which the person had lost the app, and nothing had been done about it yet.
    let now = okta_lineworks::clock::Clock::system().now().as_millisecond();
    site.change(&format!(
        "UPDATE assignments SET membership = 'unassigned', membership_at = {now}, revision = revision + 1, \
         state = 'due', leaving = 1, next_at = {now}"
    ));
    let to = site.folder().join("backup.db");
    assert_eq!(back_up(&site, &to, &[]).code, Some(0));
    std::fs::copy(&to, site.ledger()).expect("the folder is ours");
    site.configure("[unassign]\nmax_per_hour = 0");
    let program = site.start().await;
    site.wait_until_all_is_done(&program, Duration::from_secs(30)).await;
    let row = site.row(&program, &id(1)).await;
    assert_eq!((&row["state"], &row["reason"]["code"]), (&"held".into(), &"cap_reached".into()), "{row:#}");
    assert_eq!(site.member(&id(1)).await.expect("exists")["isSuspended"], false);
    assert_eq!(program.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_backed_up_with_its_own_tool() {
    let site = Site::on_postgres().await;
    let said = back_up(&site, &site.folder().join("backup.db"), &[]);
    assert_eq!(said.code, Some(1));
    assert!(said.said.contains("pg_dump --format=custom --file="), "{}", said.said);
}
