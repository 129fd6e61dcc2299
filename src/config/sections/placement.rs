//! `[placement]`: org units, and the LINE WORKS groups members are put into.

use super::{DAY, SECOND};
use crate::config::check::Check;
use crate::config::problems::shown;
use crate::config::{Backend, LineWorks, Placement, raw};

/// Reads the section. Without the Directory API there are no external keys and no org units.
pub(super) fn read(raw: raw::Placement, has_directory: bool, check: &mut Check) -> Option<Placement> {
    let cache_for = check.span("placement.cache_for", &raw.cache_for, SECOND..=DAY);
    let under = match raw.create_org_units_under {
        None => None,
        Some(reference) => {
            const KEY: &str = "placement.create_org_units_under";
            let reference = reference.trim().to_owned();
            if reference.starts_with("name:") {
                let fix = "write its id or externalKey:…; names need not be unique";
                check.refuse(KEY, format!("{} names the org unit", shown(&reference)), fix);
            }
            Some(reference)
        }
    };
    if raw.create_org_units && !has_directory {
        check.refuse(
            "placement.create_org_units",
            "needs the Directory API, and only a SCIM token is configured",
            "give lineworks.client_id, client_secret, service_account and private_key too, or take this out",
        );
    }
    let groups = groups("placement.groups", raw.groups, has_directory, check);
    let managed_groups = self::groups("placement.managed_groups", raw.managed_groups, has_directory, check);
    Some(Placement {
        cache_for: cache_for?,
        create_org_units: raw.create_org_units,
        create_org_units_under: under,
        groups,
        managed_groups,
    })
}

fn groups(key: &str, given: Vec<String>, has_directory: bool, check: &mut Check) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for group in given {
        let group = group.trim().to_owned();
        if matches!(group.as_str(), "" | "name:" | "externalKey:") {
            check.refuse(key, format!("{} names no group", shown(&group)), "write its id, externalKey:… or name:…");
            continue;
        }
        if !has_directory && group.starts_with("externalKey:") {
            let fix = "write the group's id or name:…; external keys need the Directory API";
            check.refuse(key, format!("{} cannot be found with SCIM alone", shown(&group)), fix);
        }
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// LINE WORKS answers 403 to calls whose scope the app's token lacks; that is said before the first such call.
pub(super) fn warn_of_missing_scopes(lineworks: &LineWorks, placement: &Placement, check: &mut Check) {
    let Some(directory) = &lineworks.directory else { return };
    let mut warn = |key: &str, any_of: &[&str]| {
        if !directory.scope.split(' ').any(|scope| any_of.contains(&scope)) {
            check.warnings.push(format!(
                "{key} needs the scope {}, and lineworks.scope has none of them: add one there and in the LINE WORKS Developer Console",
                any_of.join(" or ")
            ));
        }
    };
    // With SCIM, groups are the SCIM API's.
    if lineworks.backend == Backend::Directory {
        for (key, groups) in
            [("placement.groups", &placement.groups), ("placement.managed_groups", &placement.managed_groups)]
        {
            if !groups.is_empty() {
                warn(key, &["group", "directory"]);
            }
        }
    }
    if placement.create_org_units {
        warn("placement.create_org_units", &["orgunit", "directory"]);
    }
}
