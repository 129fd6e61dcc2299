//! What each of Okta's event types means: one table, asked by the doors, shown in the README, and the list of types an
//! event hook and the System Log poller want.
//!
//! With access to the org an event is never more than a reason to look: Okta says what is true. Without, the facts are
//! what the event itself carries, and an event that carries none changes nothing.

/// What an event type is about, which is also what its targets must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Somebody in the app: a User and the AppInstance.
    Assignment,
    /// Somebody, whatever the app: a User alone.
    Person,
    /// The app itself, or a group that has it: the AppInstance.
    App,
}

/// What an event of a type says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The person has the app.
    Assigned,
    /// The person lost the app.
    Unassigned,
    /// The person's attributes in the app changed; it carries user name and display name.
    AssignmentChanged,
    /// The person is suspended.
    Suspended,
    /// The person can sign in.
    Activated,
    /// The person is deactivated, or about to be deleted.
    Deactivated,
    /// The person's own attributes changed; it carries none.
    ProfileChanged,
    /// A group got or lost the app: per-person events follow, some time later.
    MembersChanged,
    /// The app is there.
    AppBack,
    /// The app is deactivated or deleted.
    AppGone,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct EventType {
    /// Okta's name for it.
    pub name: &'static str,
    /// What it says.
    pub meaning: Meaning,
    /// Whether an event hook may subscribe to it; the others stand in the System Log alone.
    pub is_hookable: bool,
}

const fn row(name: &'static str, meaning: Meaning) -> EventType {
    EventType { name, meaning, is_hookable: true }
}

const fn in_the_log_alone(name: &'static str, meaning: Meaning) -> EventType {
    EventType { name, meaning, is_hookable: false }
}

/// Every type this program understands, and which of them an event hook may have (Okta's event types catalogue).
pub const TABLE: &[EventType] = &[
    row("application.user_membership.add", Meaning::Assigned),
    row("application.user_membership.remove", Meaning::Unassigned),
    row("application.user_membership.update", Meaning::AssignmentChanged),
    // Whether an update is written beside it is not documented.
    in_the_log_alone("application.user_membership.change_username", Meaning::AssignmentChanged),
    row("user.lifecycle.suspend", Meaning::Suspended),
    row("user.lifecycle.unsuspend", Meaning::Activated),
    row("user.lifecycle.activate", Meaning::Activated),
    row("user.lifecycle.reactivate", Meaning::Activated),
    row("user.lifecycle.deactivate", Meaning::Deactivated),
    row("user.lifecycle.delete.initiated", Meaning::Deactivated),
    row("user.account.update_profile", Meaning::ProfileChanged),
    row("group.application_assignment.add", Meaning::MembersChanged),
    row("group.application_assignment.remove", Meaning::MembersChanged),
    row("group.application_assignment.update", Meaning::MembersChanged),
    row("application.lifecycle.activate", Meaning::AppBack),
    row("application.lifecycle.deactivate", Meaning::AppGone),
    row("application.lifecycle.delete", Meaning::AppGone),
];

/// The types an event hook should subscribe to.
pub fn hook_event_types() -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter(|it| it.is_hookable).map(|it| it.name)
}

/// The row of a type, if it is one this program understands.
pub fn find(name: &str) -> Option<&'static EventType> {
    TABLE.iter().find(|it| it.name == name)
}

/// The filter for Okta's System Log, in SCIM's grammar: our types, and of those that name an app only this app's.
pub fn log_filter(app_id: &str) -> String {
    let of = |wanted: fn(About) -> bool| {
        let types = TABLE.iter().filter(|it| wanted(it.meaning.about()));
        types.map(|it| format!("eventType eq \"{}\"", it.name)).collect::<Vec<_>>().join(" or ")
    };
    let (app, person) = (of(|about| about != About::Person), of(|about| about == About::Person));
    format!("(target.id eq \"{app_id}\" and ({app})) or {person}")
}

impl Meaning {
    /// Every meaning, in the order of the README.
    pub const ALL: [Meaning; 10] = [
        Meaning::Assigned,
        Meaning::Unassigned,
        Meaning::AssignmentChanged,
        Meaning::Suspended,
        Meaning::Activated,
        Meaning::Deactivated,
        Meaning::ProfileChanged,
        Meaning::MembersChanged,
        Meaning::AppGone,
        Meaning::AppBack,
    ];

    /// The types with this meaning that an event hook may have.
    pub fn types(self) -> impl Iterator<Item = &'static str> {
        TABLE.iter().filter(move |it| it.meaning == self && it.is_hookable).map(|it| it.name)
    }

    /// What it is about.
    pub fn about(self) -> About {
        match self {
            Meaning::Assigned | Meaning::Unassigned | Meaning::AssignmentChanged => About::Assignment,
            Meaning::Suspended | Meaning::Activated | Meaning::Deactivated | Meaning::ProfileChanged => About::Person,
            Meaning::MembersChanged | Meaning::AppBack | Meaning::AppGone => About::App,
        }
    }

    /// What it does to the wish, as the README says it: with access to Okta, and without; each in English and Japanese.
    pub fn words(self) -> Words {
        match self {
            Meaning::Assigned => Words {
                what: "somebody gets the app",
                what_ja: "アプリの割り当て",
                with: "Okta is asked about this person",
                without: "has the app; user name and display name make a thin profile",
                with_ja: "この人を Okta で確認します",
                without_ja: "割り当てあり。ユーザー名と表示名から最小限のプロフィールを作ります",
            },
            Meaning::Unassigned => Words {
                what: "somebody loses the app",
                what_ja: "アプリの割り当て解除",
                with: "Okta is asked about this person",
                without: "has the app no more: `unassign.policy`",
                with_ja: "この人を Okta で確認します",
                without_ja: "割り当てなし:`unassign.policy` に従います",
            },
            Meaning::AssignmentChanged => Words {
                what: "somebody's attributes in the app change",
                what_ja: "アプリでの属性の変更",
                with: "Okta is asked, if the person is known",
                without: "user name and display name make a thin profile, never above a card's",
                with_ja: "既知の人であれば Okta で確認します",
                without_ja: "ユーザー名と表示名による最小限のプロフィール。カードのものより優先されません",
            },
            Meaning::Suspended => Words {
                what: "somebody is suspended",
                what_ja: "ユーザーの一時停止",
                with: "Okta is asked, if the person is known",
                without: "suspended: the member is suspended",
                with_ja: "既知の人であれば Okta で確認します",
                without_ja: "一時停止:メンバーを一時停止します",
            },
            Meaning::Activated => Words {
                what: "somebody is active, for the first time or again",
                what_ja: "ユーザーの有効化・再開",
                with: "Okta is asked, if the person is known",
                without: "active again: the member is resumed",
                with_ja: "既知の人であれば Okta で確認します",
                without_ja: "有効:メンバーの一時停止を解除します",
            },
            Meaning::Deactivated => Words {
                what: "somebody is deactivated, or about to be deleted",
                what_ja: "ユーザーの無効化・削除の開始",
                with: "Okta is asked, if the person is known",
                without: "as good as unassigned: `unassign.policy`",
                with_ja: "既知の人であれば Okta で確認します",
                without_ja: "割り当てなしと同じ:`unassign.policy` に従います",
            },
            Meaning::ProfileChanged => Words {
                what: "somebody's own attributes change",
                what_ja: "ユーザー自身の属性の変更",
                with: "Okta is asked, if the person is known",
                without: "nothing: the event carries no attribute; kept as ignored",
                with_ja: "既知の人であれば Okta で確認します",
                without_ja: "変更なし:イベントに属性がないため、無視として記録します",
            },
            Meaning::MembersChanged => Words {
                what: "a group gets or loses the app",
                what_ja: "グループへの割り当ての変更",
                with: "all of the app's users are compared with the ledger",
                without: "nothing: Okta sends an event per person, too; kept as ignored",
                with_ja: "アプリの全ユーザーを台帳と比較します",
                without_ja: "変更なし:人ごとのイベントも届くため、無視として記録します",
            },
            Meaning::AppGone => Words {
                what: "the app is deactivated or deleted",
                what_ja: "アプリの無効化・削除",
                with: "kept in the history; Okta itself says what is true",
                without: "suspensions and deletions are held (`okta_app_gone`), with an alarm",
                with_ja: "履歴に記録します。判断は Okta の最新の状態に従います",
                without_ja: "一時停止と削除を保留し(`okta_app_gone`)、警告を出します",
            },
            Meaning::AppBack => Words {
                what: "the app is active again",
                what_ja: "アプリの有効化",
                with: "kept in the history; Okta itself says what is true",
                without: "whoever was held for it is judged anew",
                with_ja: "履歴に記録します。判断は Okta の最新の状態に従います",
                without_ja: "保留中の人をあらためて判断します",
            },
        }
    }
}

/// The words of one row of the README.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// What happened.
    pub what: &'static str,
    /// What happened, in Japanese.
    pub what_ja: &'static str,
    /// With access to Okta.
    pub with: &'static str,
    /// Without.
    pub without: &'static str,
    /// With access to Okta, in Japanese.
    pub with_ja: &'static str,
    /// Without, in Japanese.
    pub without_ja: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_type_is_there_once_and_every_meaning_has_one() {
        let names: HashSet<_> = TABLE.iter().map(|it| it.name).collect();
        assert_eq!(names.len(), TABLE.len());
        assert!(Meaning::ALL.into_iter().all(|meaning| meaning.types().next().is_some()));
        let hookable = Meaning::ALL.into_iter().flat_map(Meaning::types).count();
        assert_eq!(hookable, hook_event_types().count(), "ALL has every meaning");
    }

    #[test]
    fn a_hook_is_never_asked_for_what_okta_refuses_it() {
        let alone: Vec<_> = TABLE.iter().filter(|it| !it.is_hookable).map(|it| it.name).collect();
        assert_eq!(alone, ["application.user_membership.change_username"]);
        assert!(hook_event_types().all(|name| !alone.contains(&name)));
    }

    #[test]
    fn the_filter_names_every_type_once_and_the_app_for_those_that_name_one() {
        let filter = log_filter("0oaAPP");
        let (app, person) = filter.split_once(")) or ").expect("two halves");
        for it in TABLE {
            let here = if it.meaning.about() == About::Person { person } else { app };
            let term = format!("eventType eq \"{}\"", it.name);
            assert_eq!((filter.matches(&term).count(), here.matches(&term).count()), (1, 1), "{filter}");
        }
        assert!(filter.starts_with("(target.id eq \"0oaAPP\" and (eventType eq "), "{filter}");
    }
}
