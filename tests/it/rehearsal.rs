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
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{printed}\n{complaints}");
    let mut rest = printed.as_str();
    // In this order.
    for expected in [
        "\n1. 山田 太郎 gets",
        "POST /v1/okta/events → 204",
        "GET /api/v1/apps/0oaSANDBOX/users/00uTARO0001demo → 200",
        "山田 太郎 (ヤマダ タロウ) <taro.yamada@sandbox.example>, external key 00uTARO0001demo, org unit Engineering: active",
        "\n2. 佐藤 花子 gets it, too; a Workflows card",
        "PUT /v1/assignments/00uHANAKO02demo → 200 OK, settled",
        "佐藤 花子 (サトウ ハナコ) <hanako.sato@sandbox.example>, external key 00uHANAKO02demo, org unit Sales: active",
        "\n3. the event hook is down",
        "application.user_membership.remove was lost",
        "external key 00uTARO0001demo, org unit Engineering: active",
        "\n4. catch-up finds it",
        "s after it was lost",
        "unassigned, source system_log: found in Okta's System Log",
        "GET /api/v1/apps/0oaSANDBOX/users/00uTARO0001demo → 404",
        "org unit Engineering: suspended",
        "\n5. after 3 seconds (7 days in earnest)",
        "org unit Engineering: deleted",
        "\nFigures\n  token requests: 1 (LINE WORKS), 1 (Okta)\n  violations: 0\n  requests to Okta: ",
        "\n  events found by catch-up: 1\n",
    ] {
        let Some((_, after)) = rest.split_once(expected) else { panic!("`{expected}` is not in order in: {printed}") };
        rest = after;
    }
    printed
}

#[test]
fn the_demo_shows_the_whole_way() {
    let printed = demo(&[]);
    assert!(printed.contains("\"users.create\":2") && !printed.contains("scim."), "{printed}");
}

#[test]
fn the_demo_shows_the_same_through_scim_with_the_directory_api_beside_it() {
    let printed = demo(&["--scim"]);
    assert!(printed.contains("\"scim.users.create\":2") && printed.contains("\"users.delete\":1"), "{printed}");
    assert!(!printed.contains("\"users.create\""), "SCIM creates: {printed}");
}

#[test]
fn with_keep_every_printed_line_works_until_ctrl_c() {
    let mut child = Command::new(PROGRAM).args(["demo", "--keep"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut demo = Alone(child);
    let mut commands = String::from("set -euo pipefail; curl() { command curl --fail-with-body \"$@\"; echo; }\n");
    let mut ended = false;
    for line in lines {
        commands.extend(line.strip_prefix("    ").map(|command| format!("{command}\n")));
        if line.contains("Ctrl-C で終了") {
            ended = true;
            break;
        }
    }
    assert!(ended && commands.matches("curl -sS").count() >= 8, "{commands}");
    let output = Command::new("bash").args(["-c", &commands]).output().expect("bash runs");
    let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{commands}\n{said}\n{complaints}");
    for expected in
        ["jiro.yamada@sandbox.example", "\"state\":\"settled\"", "\"source\":\"system_log\"", "_talkDataLost"]
    {
        assert!(said.contains(expected), "`{expected}` is not in: {said}");
    }
    let interrupt = Command::new("sh").arg("-c").arg(format!("kill -INT {}", demo.0.id())).status();
    assert!(interrupt.expect("there is a shell").success());
    assert!(demo.0.wait().expect("it ends").success());
}

/// A program that ends with its test.
struct Alone(Child);

impl Drop for Alone {
    fn drop(&mut self) {
        // It has ended by itself if this fails.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A sandbox of its own, and what it prints.
fn sandbox_alone() -> (Alone, String) {
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
    (Alone(child), printed)
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
