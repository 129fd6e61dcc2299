//! The Okta part of `check`: whether Okta lets this program in, and as far as it has to.
//!
//! Every scope and role the service needs is tried with a request that needs it. What works is printed, what does not
//! comes back with its advice.

use std::sync::Arc;
use std::time::Duration;

use super::check::in_both_languages;
use crate::app;
use crate::clock::Clock;
use crate::config::{Config, OktaAccess};
use crate::domain::outcome::{Cause, Reason};
use crate::okta::client::{LogQuery, OktaClient, OktaError, Operation};

/// How far back the System Log is looked at: a request, not a search.
const A_MOMENT: Duration = Duration::from_secs(60);

/// What is wrong with the Okta side; asks Okta itself only with `contact`.
pub(super) async fn faults(config: &Config, contact: bool) -> Vec<String> {
    let client = match app::okta::client(config, &Clock::system(), &Arc::default()) {
        Ok(Some(client)) => client,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![error.to_string()],
    };
    if !contact {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut add = |reason: &Reason| {
        let fault = in_both_languages(reason);
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    };
    match client.authenticate().await {
        Ok(Some(scopes)) => println!("Okta gave an access token with the scopes {scopes}"),
        Ok(None) => {}
        Err(error) => {
            add(error.reason());
            if error.reason().cause == Cause::OktaScopeMissing {
                one_by_one(config).await;
            }
            return faults;
        }
    }
    for reason in once_each(app_faults(&client).await.into_iter().chain(log_fault(&client).await)) {
        add(&reason);
    }
    faults
}

/// What is missing is missing everywhere: a cause is told once, with everything that met it.
fn once_each(reasons: impl Iterator<Item = Reason>) -> Vec<Reason> {
    let mut told: Vec<Reason> = Vec::new();
    for reason in reasons {
        let Some(known) = told.iter_mut().find(|it| it.cause == reason.cause) else {
            told.push(reason);
            continue;
        };
        let details: Vec<String> = [known.detail.take(), reason.detail].into_iter().flatten().collect();
        known.detail = (!details.is_empty()).then(|| details.join("; "));
    }
    told
}

/// Okta refuses a request for several scopes as a whole: says of each whether it is granted.
async fn one_by_one(config: &Config) {
    let Some(OktaAccess::ServiceApp { scope, .. }) = config.okta.org.as_ref().map(|org| &org.access) else { return };
    for scope in scope.split(' ') {
        let client = app::okta::client_with_scope(config, Some(scope), &Clock::system(), &Arc::default());
        let Ok(Some(client)) = client else { return };
        match client.authenticate().await {
            Ok(_) => println!("  scope {scope}: granted"),
            Err(error) if error.reason().cause == Cause::OktaScopeMissing => println!("  scope {scope}: NOT granted"),
            Err(error) => println!("  scope {scope}: not known ({})", error.reason().cause.code()),
        }
    }
}

/// The app, its users, and one user behind them.
async fn app_faults(client: &OktaClient) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match client.app().await {
        Ok(Some(app)) if app.is_active() => {
            println!("Okta shows the app \"{}\" ({}), which is active", app.label, app.id);
        }
        Ok(Some(app)) => {
            reasons.push(Reason::with(Cause::OktaAppInactive, format!("\"{}\" is {}", app.label, app.status)));
        }
        Ok(None) => reasons.push(Reason::with(Cause::OktaAppNotFound, client.app_id())),
        Err(error) => reasons.push(error.reason().clone()),
    }
    match client.any_app_user().await {
        Ok(None) => println!("the app's users can be read (there are none yet); scope and role are there"),
        Ok(Some(person)) => {
            println!("the app's users can be read; scope and role are there");
            match client.user(person.as_str()).await {
                Ok(_) => println!("users can be read; scope and role are there"),
                Err(error) => reasons.push(error.reason().clone()),
            }
        }
        Err(error) if is_absence(&error) => reasons.push(Reason::with(Cause::OktaAppNotFound, client.app_id())),
        Err(error) => reasons.push(error.reason().clone()),
    }
    reasons
}

fn is_absence(error: &OktaError) -> bool {
    matches!(error, OktaError::Refused { said, .. } if said.code.as_deref() == Some("E0000007"))
}

async fn log_fault(client: &OktaClient) -> Option<Reason> {
    let since = Clock::system().now() - A_MOMENT;
    match client.logs(LogQuery::Since { since, filter: None }).await {
        Ok(_) => {
            println!(
                "the System Log can be read; scope and role are there ({})",
                Operation::Logs.scope().unwrap_or("-")
            );
            None
        }
        Err(error) => Some(error.reason().clone()),
    }
}
