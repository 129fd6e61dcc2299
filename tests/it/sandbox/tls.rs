//! HTTPS for both vendor hosts, tried with the real program and the real curl.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::program::program;

/// `sandbox --tls` as a child process on free ports.
struct Served {
    _child: Child,
    folder: tempfile::TempDir,
    /// What it printed: the section of a configuration, and where HTTPS is.
    printed: String,
    port: u16,
}

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = program(&folder);
        command.args(["sandbox", "--listen", "127.0.0.1:0", "--tls", "--tls-listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let mut printed = String::new();
        let port = loop {
            let start = printed.len();
            assert_ne!(output.read_line(&mut printed).await.expect("UTF-8"), 0, "it ended early: {printed}");
            if let Some((_, address)) = printed[start..].split_once("https://127.0.0.1:") {
                break address.split(',').next().expect("a port").parse().expect("a number");
            }
        };
        Self { _child: child, folder, printed, port }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("okta-lineworks-sandbox-ca.pem")
    }

    /// A key of the printed section.
    fn printed(&self, key: &str) -> &str {
        let (_, rest) = self.printed.split_once(&format!("\n{key} = \"")).expect("it is printed");
        rest.split('"').next().expect("it ends")
    }

    /// curl to a vendor's address, sent here; exit code, status and body.
    async fn curl(&self, url: &str, more: &[&str]) -> (i32, u16, String) {
        let host = url.trim_start_matches("https://").split('/').next().expect("a host");
        let here = format!("{host}:443:127.0.0.1:{}", self.port);
        let mut command = Command::new("curl");
        command.args(["-sS", "--noproxy", "*", "--connect-to", &here, "-w", "\n%{http_code}"]).args(more).arg(url);
        let output = command.output().await.expect("curl is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').expect("the status");
        (output.status.code().expect("it ended"), status.parse().expect("a number"), body.to_owned())
    }
}

const TOKEN: &str = "https://auth.worksmobile.com/oauth2/v2.0/token";
const USERS: &str = "https://www.worksapis.com/v1.0/users";

#[tokio::test]
async fn both_vendor_hosts_are_served_and_trusted_by_the_file() {
    let served = Served::start().await;
    let ca = served.ca();
    let ca = ["--cacert", ca.to_str().expect("UTF-8")];
    let form = format!("grant_type=x&client_id={}&client_secret=y", served.printed("client_id"));
    let (code, status, body) = served.curl(TOKEN, &[&ca[..], &["-d", &form]].concat()).await;
    assert_eq!((code, status), (0, 400), "{body}");
    assert!(body.contains("unsupported_grant_type"), "{body}");
    let (code, status, body) = served.curl(USERS, &[&ca[..], &["-H", "Authorization: Bearer x"]].concat()).await;
    assert_eq!((code, status), (0, 401), "{body}");
    let (_, status, body) = served.curl("https://localhost/_sandbox/switches", &ca).await;
    assert_eq!((status, serde_json::from_str::<Value>(&body).expect("JSON")["sso"].clone()), (200, true.into()));
    let (code, _, _) = served.curl(USERS, &[]).await;
    assert_eq!(code, 60, "nobody else trusts it");
    let (code, _, _) = served.curl("https://example.com/v1.0/users", &ca).await;
    assert_eq!(code, 60, "the certificate is for no other name");
}

#[tokio::test]
async fn each_host_has_its_own_paths_and_localhost_has_all() {
    let served = Served::start().await;
    let ca = served.ca();
    let ca = ["--cacert", ca.to_str().expect("UTF-8")];
    for (host, token, users) in
        [("auth.worksmobile.com", 400, 404), ("www.worksapis.com", 404, 401), ("localhost", 400, 401)]
    {
        let form = [&ca[..], &["-d", "grant_type=x"]].concat();
        let (_, status, body) = served.curl(&format!("https://{host}/oauth2/v2.0/token"), &form).await;
        assert_eq!(status, token, "{host}: {body}");
        // Over HTTP/1.1 and HTTP/2 the name comes in different ways.
        for version in ["--http1.1", "--http2"] {
            let arguments = [&ca[..], &[version]].concat();
            let (_, status, body) = served.curl(&format!("https://{host}/v1.0/users"), &arguments).await;
            assert_eq!(status, users, "{host} {version}: {body}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn everybody_may_read_the_file_and_it_holds_no_key() {
    use std::os::unix::fs::PermissionsExt;
    let served = Served::start().await;
    let file = served.ca();
    assert_eq!(std::fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o644);
    let text = std::fs::read_to_string(file).expect("readable");
    assert!(text.starts_with("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE KEY"));
}

#[tokio::test]
async fn a_redirect_keeps_the_scheme() {
    let served = Served::start().await;
    let ca = served.ca();
    let ca = ["--cacert", ca.to_str().expect("UTF-8")];
    let fault = r#"{"operation": "revoke", "kind": "redirect"}"#;
    let (_, status, body) = served.curl("https://localhost/_sandbox/faults", &[&ca[..], &["-d", fault]].concat()).await;
    assert_eq!(status, 200, "{body}");
    let show = [&ca[..], &["-d", "token=x", "-o", "/dev/null", "-w", "%{redirect_url}\n%{http_code}"]].concat();
    let (_, status, location) = served.curl("https://auth.worksmobile.com/oauth2/v2.0/revoke", &show).await;
    assert_eq!(status, 307);
    assert!(location.starts_with(&format!("https://localhost:{}/oauth2/v2.0/revoke", served.port)), "{location}");
}
