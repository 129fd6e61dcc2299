//! From what is written to what it means, one function per section.
//!
//! Each function reads all of its keys before it gives up, so that every problem is noted. The limits and the texts an
//! administrator reads are here; how a single value is read is in `check`.

mod broker;
mod credentials;
mod inbound;
mod ledger;
mod lineworks;
mod okta;
mod placement;
mod url;

use super::check::Check;
use super::problems::shown;
use super::{
    Assign, Broker, Config, Converge, Inbound, Log, LogFormat, Pacing, Server, TlsFiles, Unassign, UnassignPolicy, raw,
};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// Ten years; longer is a slip of the hand.
const LONGEST: Duration = Duration::from_secs(3650 * 86_400);

/// Reads all sections; `None` only together with problems.
pub(super) fn config(raw: raw::Raw, check: &mut Check) -> Option<Config> {
    let server = server(raw.server, check);
    let inbound = inbound::read(raw.inbound, check);
    let has_hook = inbound.as_ref().is_some_and(|inbound| !inbound.hook_secrets.is_empty());
    let okta = okta::read(raw.okta, has_hook, check);
    let lineworks = lineworks::read(raw.lineworks, check);
    let has_directory = lineworks.as_ref().is_none_or(|lineworks| lineworks.directory.is_some());
    let placement = placement::read(raw.placement, has_directory, check);
    if let (Some(lineworks), Some(placement)) = (&lineworks, &placement) {
        placement::warn_of_missing_scopes(lineworks, placement, check);
    }
    let broker = broker::read(raw.broker, has_directory, check);
    if let (Some(inbound), Some(Some(broker))) = (&inbound, &broker) {
        refuse_broker_secrets_of_other_doors(inbound, broker, check);
    }
    let unassign = unassign(raw.unassign, check);
    if let (false, Some(unassign)) = (has_directory, &unassign) {
        refuse_deletions_scim_cannot_do(unassign, check);
    }
    let pacing = pacing(&raw.pacing, check);
    let converge = converge(&raw.converge, check);
    let ledger = ledger::read(raw.ledger, check);
    let log = log(raw.log, check);
    Some(Config {
        server: server?,
        inbound: inbound?,
        okta: okta?,
        lineworks: lineworks?,
        placement: placement?,
        broker: broker?,
        assign: Assign { lift_foreign_suspension: raw.assign.lift_foreign_suspension },
        unassign: unassign?,
        pacing: pacing?,
        converge: converge?,
        ledger: ledger?,
        log: log?,
    })
}

fn refuse_broker_secrets_of_other_doors(inbound: &Inbound, broker: &Broker, check: &mut Check) {
    let lists = [
        ("inbound.card_secrets", &inbound.card_secrets),
        ("inbound.signing_secrets", &inbound.signing_secrets),
        ("inbound.hook_secrets", &inbound.hook_secrets),
        ("inbound.admin_secrets", &inbound.admin_secrets),
    ];
    for (key, list) in lists {
        inbound::refuse_shared(&[(key, list), ("broker.secrets", &broker.secrets)], check);
    }
}

/// LINE WORKS SCIM deactivates on DELETE and never removes a member (docs, scim-user-delete).
fn refuse_deletions_scim_cannot_do(unassign: &Unassign, check: &mut Check) {
    if unassign.policy == UnassignPolicy::Suspend && !unassign.allow_call_policy {
        return;
    }
    let (key, what) = match unassign.policy {
        UnassignPolicy::Suspend => ("unassign.allow_call_policy", "lets a card ask for a deletion"),
        UnassignPolicy::SuspendThenDelete | UnassignPolicy::Delete => ("unassign.policy", "deletes members"),
    };
    check.refuse(
        key,
        format!("{what}, which the SCIM API cannot do"),
        "either suspend only (unassign.policy = \"suspend\", allow_call_policy = false), or give Directory API credentials too (lineworks.client_id, client_secret, service_account, private_key)",
    );
}

fn server(raw: raw::Server, check: &mut Check) -> Option<Server> {
    let listen = listen(&raw.listen, raw.sandbox_public, check);
    let http_workers = match raw.http_workers {
        Some(number) => check.number("server.http_workers", number, 1..=1024),
        None => Some(std::thread::available_parallelism().map_or(1, usize::from)),
    };
    let tls = match (raw.tls_certificate, raw.tls_key) {
        (Some(certificate), Some(key)) => {
            Some(TlsFiles { certificate: PathBuf::from(certificate), key: PathBuf::from(key) })
        }
        (Some(_), None) => {
            check.missing("server.tls_key", "server.tls_certificate needs its key");
            None
        }
        (None, Some(_)) => {
            check.missing("server.tls_certificate", "server.tls_key needs its certificate");
            None
        }
        (None, None) => None,
    };
    let request_timeout = check.span("server.request_timeout", &raw.request_timeout, SECOND..=5 * MINUTE);
    let shutdown_timeout = check.span("server.shutdown_timeout", &raw.shutdown_timeout, SECOND..=10 * MINUTE);
    let drain_time = check.span("server.drain_time", &raw.drain_time, Duration::ZERO..=5 * MINUTE);
    Some(Server {
        listen: listen?,
        http_workers: http_workers?,
        tls,
        request_timeout: request_timeout?,
        shutdown_timeout: shutdown_timeout?,
        drain_time: drain_time?,
    })
}

fn listen(text: &str, sandbox_public: bool, check: &mut Check) -> Option<SocketAddr> {
    const KEY: &str = "server.listen";
    let Ok(address) = text.trim().parse::<SocketAddr>() else {
        let fix = match text.trim().rsplit_once(':') {
            Some(("", port)) => format!("write 0.0.0.0:{port} to listen on all networks"),
            Some(("localhost", port)) => format!("write 127.0.0.1:{port}"),
            _ => "write an IP address and a port, for example 127.0.0.1:8080 or [::1]:8080".into(),
        };
        check.refuse(KEY, format!("{} is not an address", shown(text)), fix);
        return None;
    };
    if check.sandbox && !sandbox_public && !address.ip().is_loopback() {
        check.refuse(
            KEY,
            format!("{address} can be reached from outside, and the sandbox's secrets are known to everybody"),
            "use 127.0.0.1, or set server.sandbox_public = true if this is what you want",
        );
        return None;
    }
    Some(address)
}

fn unassign(raw: raw::Unassign, check: &mut Check) -> Option<Unassign> {
    let policies = [
        ("suspend", UnassignPolicy::Suspend),
        ("suspend_then_delete", UnassignPolicy::SuspendThenDelete),
        ("delete", UnassignPolicy::Delete),
    ];
    let policy = check.choice("unassign.policy", &raw.policy, &policies);
    let delete_after = check.span("unassign.delete_after", &raw.delete_after, HOUR..=LONGEST);
    let max_per_hour = check.number("unassign.max_per_hour", raw.max_per_hour, 0..=100_000);
    Some(Unassign {
        policy: policy?,
        delete_after: delete_after?,
        max_per_hour: max_per_hour?,
        protected: raw.protected.iter().map(|entry| entry.trim().to_owned()).collect(),
        allow_call_policy: raw.allow_call_policy,
    })
}

/// LINE WORKS counts 240 calls a minute per operation (60 on Free), and half of that if it goes on for 30 minutes.
fn pacing(raw: &raw::Pacing, check: &mut Check) -> Option<Pacing> {
    let per_minute: Option<u32> = check.number("pacing.per_minute", raw.per_minute, 1..=240);
    let burst: Option<u32> = check.number("pacing.burst", raw.burst, 1..=240);
    let pacing = Pacing { per_minute: per_minute?, burst: burst? };
    if pacing.per_minute + pacing.burst > 240 {
        check.warnings.push(
            "pacing.per_minute and pacing.burst together allow more than the 240 calls in one minute that LINE WORKS takes; it will answer some with 429".into(),
        );
    } else if pacing.per_minute > 120 {
        check
            .warnings
            .push("pacing.per_minute is above 120, which LINE WORKS does not take for longer than 30 minutes".into());
    }
    Some(pacing)
}

fn converge(raw: &raw::Converge, check: &mut Check) -> Option<Converge> {
    let workers = check.number("converge.workers", raw.workers, 2..=64);
    let first = check.span("converge.retry_first", &raw.retry_first, 100 * MILLI..=HOUR);
    let longest = check.span("converge.retry_longest", &raw.retry_longest, SECOND..=DAY);
    let (retry_first, retry_longest) = (first?, longest?);
    if retry_longest < retry_first {
        check.refuse("converge.retry_longest", "is shorter than converge.retry_first", "make it at least as long");
        return None;
    }
    Some(Converge { workers: workers?, retry_first, retry_longest })
}

fn log(raw: raw::Log, check: &mut Check) -> Option<Log> {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let format = check.choice("log.format", &raw.format, &formats);
    if let Err(error) = tracing_subscriber::EnvFilter::builder().parse(&raw.filter) {
        check.refuse(
            "log.filter",
            format!("{} is not a filter: {error}", shown(&raw.filter)),
            "write a level (error, warn, info, debug, trace), or info,okta_lineworks=debug",
        );
        return None;
    }
    Some(Log { format: format?, filter: raw.filter })
}
