//! Events lost in 1,000 while the program is killed at random: what Okta wrote against what the ledger has in the end.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use okta_lineworks::okta::meaning;
use okta_lineworks::sandbox::{Sandbox, SandboxOptions, Switches};
use reqwest::Method;
use serde_json::{Value, json};

use super::Fallible;
use super::service::Okta;

/// Events between two kills, about.
const LIFE: u64 = 50;

/// Half of the events are assignments, half are what ends them.
pub async fn report(events: u64) -> Fallible<()> {
    let switches = Switches { quota_per_minute: Some(1_000_000), ..Switches::default() };
    let options = SandboxOptions { listen: "127.0.0.1:0".parse()?, switches, strict: false, tls: None };
    let sandbox = Sandbox::start(options).await?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let site = Site { okta: Okta::new(&sandbox)?, folder: folder.path().to_owned() };
    site.configure(&sandbox)?;
    let okta = &site.okta;
    okta.switch(json!({"rateLimitPerMinute": 1_000_000, "hookDisorder": true, "hookJitterMs": 50})).await?;
    let mut life = site.start().await?;
    site.until_read(&life).await?;
    let people = events / 2;
    okta.hire(0..people).await?;
    let mut kills = 0;
    for n in 0..events {
        if n < people {
            okta.assign(n).await?
        } else {
            okta.unassign(n - people).await?
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..20))).await;
        if fastrand::u64(0..LIFE) == 0 {
            life.child.kill()?;
            life.child.wait()?;
            kills += 1;
            life = site.start().await?;
        }
    }
    // Every start reads the log.
    life.child.kill()?;
    life.child.wait()?;
    kills += 1;
    life = site.start().await?;
    site.until_read(&life).await?;
    let hook = okta.say(Method::GET, "hook/stats", Value::Null).await?;
    let (written, known) = (site.written().await?, site.known()?);
    let lost = written.difference(&known).count();
    println!("killed at random {kills} times while {} events came, half joiners, half leavers", written.len());
    println!("  lost by the hook {}, lost in the end {lost}", hook["lost"]);
    life.child.kill()?;
    life.child.wait()?;
    Ok(())
}

struct Site {
    okta: Okta,
    folder: PathBuf,
}

struct Life {
    child: Child,
    url: String,
}

impl Drop for Life {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Site {
    fn ledger(&self) -> PathBuf {
        self.folder.join("ledger.db")
    }

    fn file(&self) -> PathBuf {
        self.folder.join("okta-lineworks.toml")
    }

    fn configure(&self, sandbox: &Sandbox) -> Fallible<()> {
        let (url, it, ledger) = (sandbox.url(), sandbox.credentials(), self.ledger());
        let toml = format!(
            "[server]\nlisten = '127.0.0.1:0'\n[ledger]\nurl = 'sqlite:{}'\n[log]\nformat = 'json'\n\
             [inbound]\nhook_secrets = [{{ name = 'bench', value = 'the-secret-of-the-hook' }}]\n\
             admin_secrets = [{{ name = 'bench', value = 'the-secret-of-the-admin' }}]\n\
             [okta]\napp_id = '0oaSANDBOX'\norg_url = '{url}'\napi_token = '{}'\n\
             [unassign]\nmax_per_hour = 100000\n\
             [lineworks]\nauth_url = '{url}'\napi_url = '{url}'\nclient_id = '{}'\nclient_secret = '{}'\n\
             service_account = '{}'\ndomain_id = {}\nprivate_key = '''\n{}'''\n",
            ledger.display(),
            it.okta.api_token,
            it.client_id,
            it.client_secret,
            it.service_account,
            it.domain_id,
            it.private_key,
        );
        Ok(std::fs::write(self.file(), toml)?)
    }

    /// Starts the program; the hook sends to it from now on.
    async fn start(&self) -> Fallible<Life> {
        let log = self.folder.join("log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-lineworks"));
        command.arg("serve").arg("--config").arg(self.file()).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(File::create(&log)?).spawn()?;
        let mut life = Life { child, url: String::new() };
        while life.url.is_empty() {
            if life.child.try_wait()?.is_some() {
                return Err(std::fs::read_to_string(&log)?.into());
            }
            life.url = address(&log).unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.okta.hook(&life.url, "the-secret-of-the-hook").await?;
        Ok(life)
    }

    async fn until_read(&self, life: &Life) -> Fallible<()> {
        loop {
            if let Ok(ready) = self.okta.http.get(format!("{}/readyz", life.url)).send().await
                && ready.json::<Value>().await?["catchUp"]["lastPassAt"].is_string()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The events about assignments that Okta wrote.
    async fn written(&self) -> Fallible<HashSet<String>> {
        let log = self.okta.say(Method::GET, "log", Value::Null).await?;
        let ours = log.as_array().into_iter().flatten().filter(|event| {
            let kind = event["eventType"].as_str().and_then(meaning::find);
            kind.is_some_and(|kind| kind.meaning.about() == meaning::About::Assignment)
        });
        Ok(ours.filter_map(|event| event["uuid"].as_str().map(str::to_owned)).collect())
    }

    /// The events the ledger has.
    fn known(&self) -> Fallible<HashSet<String>> {
        let db = rusqlite::Connection::open(self.ledger())?;
        let mut statement =
            db.prepare("SELECT event_key FROM events WHERE verdict <> 'ignored' AND okta_user_id IS NOT NULL")?;
        let keys = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
        Ok(keys.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

fn address(log: &Path) -> Option<String> {
    let text = std::fs::read_to_string(log).ok()?;
    let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let serving = lines.find(|line| line["message"] == "serving")?;
    serving["address"].as_str().map(|address| format!("http://{address}"))
}
