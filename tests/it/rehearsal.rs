//! What shows the program to somebody new: `demo`, and what `sandbox` prints for a service of one's own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_okta-lineworks");

fn demo(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(PROGRAM).arg("demo").args(arguments).current_dir(folder.path()).output();
    let output = output.expect("the program starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    for expected in [
        "200 OK, settled",
        "external key 00uTARO0001demo, org unit Engineering: active",
        "org unit Engineering: suspended",
        "org unit Engineering: deleted",
        "token requests: 1\n",
        "violations: 0\n",
    ] {
        assert!(printed.contains(expected), "`{expected}` is not in: {printed}");
    }
    printed
}

#[test]
fn the_demo_shows_the_whole_way() {
    let printed = demo(&[]);
    assert!(printed.contains("\"users.create\":1") && !printed.contains("scim."), "{printed}");
}

#[test]
fn the_demo_shows_the_same_through_scim_with_the_directory_api_beside_it() {
    let printed = demo(&["--scim"]);
    assert!(printed.contains("\"scim.users.create\":1") && printed.contains("\"users.delete\":1"), "{printed}");
    assert!(!printed.contains("\"users.create\""), "SCIM creates: {printed}");
}

struct SandboxAlone(Child);

impl Drop for SandboxAlone {
    fn drop(&mut self) {
        // It has ended by itself if this fails.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A sandbox of its own, and what it prints.
fn sandbox_alone() -> (SandboxAlone, String) {
    let mut child = Command::new(PROGRAM)
        .args(["sandbox", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut printed = String::new();
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok) {
        printed.push_str(&line);
        printed.push('\n');
        if line.contains("/_sandbox/members") {
            break;
        }
    }
    (SandboxAlone(child), printed)
}

fn check(folder: &Path, settings: &str) -> Output {
    let doors = "[inbound]\ncard_secrets = [{ name = 'card', value = '0123456789abcdef-card' }]\n\
                 admin_secrets = [{ name = 'admin', value = '0123456789abcdef-admin' }]\n\
                 [unassign]\npolicy = 'suspend'\n";
    std::fs::write(folder.join("okta-lineworks.toml"), format!("{doors}{settings}")).expect("the folder is ours");
    Command::new(PROGRAM).args(["check", "--contact"]).current_dir(folder).output().expect("the program starts")
}

#[test]
fn what_the_sandbox_prints_configures_a_service_with_either_api_and_with_both() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (sandbox, printed) = sandbox_alone();
    let both = printed.replace("#backend", "backend");
    let (before, rest) = both.split_once("# for the Directory API").expect("says what is for which API");
    let (_, after) = rest.split_once("# for SCIM").expect("says what is for which API");
    let scim_alone = format!("{before}# for SCIM{after}");
    let cases = [(&printed, true, false), (&both, true, true), (&scim_alone, false, true)];
    for (settings, directory, scim) in cases {
        let output = check(folder.path(), settings);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.contains("LINE WORKS gave an access token for `user`"), directory, "{said}");
        assert_eq!(said.contains("LINE WORKS accepts the SCIM token"), scim, "{said}");
    }
    let several = printed.replace("\ndomain_id", "\n#domain_id").replace("#domains", "domains");
    assert!(check(folder.path(), &several).status.success(), "{several}");

    drop(sandbox);
    let broker = "[broker]\nsecrets = [{ name = 'flow', value = '0123456789abcdef-flow' }]\nscope = 'bot'\n";
    let output = check(folder.path(), &format!("{broker}{printed}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for expected in ["LINE WORKS does not answer.", "LINE WORKS から応答がありません。", "no connection with 127.0.0.1"]
    {
        assert_eq!(said.matches(expected).count(), 1, "{expected} in {said}");
    }
}
