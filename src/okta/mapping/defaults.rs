//! The templates that hold where `okta.mapping` says nothing.
//!
//! They read Okta's standard attributes and are mild: what most people have, what LINE WORKS is not likely to refuse, and
//! nothing that would show a private phone number or overwrite what a member chose. Beyond that, an attribute of the app
//! that bears the LINE WORKS property's own name counts: whoever made it wants it there.

/// A built-in template.
#[derive(Debug, Clone, Copy)]
pub struct Default {
    /// The property's path.
    pub property: &'static str,
    /// The template.
    pub template: &'static str,
    /// Why it is as it is.
    pub why: &'static str,
    /// The same in Japanese.
    pub why_ja: &'static str,
}

/// Every built-in template, in the order they are shown.
pub const DEFAULTS: &[Default] = &[
    Default {
        property: "email",
        template: "{{ userName or user.login }}",
        why: "the user name in the app is what SSO signs in with; it must be the LINE WORKS login",
        why_ja: "アプリのユーザー名は SSO で使われる名前で、LINE WORKS のログイン ID と同じでなければなりません",
    },
    Default {
        property: "userName.lastName",
        template: "{{ app.lastName or user.lastName or ((app.displayName or user.displayName or user.nickName or (user.login or userName or \"\") | string | split(\"@\") | first) if not (app.firstName or user.firstName)) }}",
        why: "LINE WORKS needs a last or a first name; who has neither gets the display name, the nickname or the login's first part",
        why_ja: "LINE WORKS では姓か名が必須です。どちらもない人には、表示名、ニックネーム、ログインの @ より前の部分の順で使います",
    },
    Default {
        property: "userName.firstName",
        template: "{{ app.firstName or user.firstName }}",
        why: "Okta's own first name",
        why_ja: "Okta の名です",
    },
    Default {
        property: "userName.phoneticLastName",
        template: "{{ app.phoneticLastName | katakana }}",
        why: "Okta has no standard attribute for it; LINE WORKS takes full-width katakana only",
        why_ja: "Okta には標準の属性がありません。LINE WORKS は全角カタカナだけを受け付けます",
    },
    Default {
        property: "userName.phoneticFirstName",
        template: "{{ app.phoneticFirstName | katakana }}",
        why: "as the phonetic last name",
        why_ja: "姓の読みと同じです",
    },
    Default {
        property: "nickName",
        template: "{{ app.nickName }}",
        why: "only from the app: members choose their own nickname in LINE WORKS",
        why_ja: "アプリの属性だけを使います。ニックネームはメンバーが LINE WORKS で自分で決めることがあるためです",
    },
    Default {
        property: "employeeNumber",
        template: "{{ app.employeeNumber or user.employeeNumber }}",
        why: "Okta's own employee number; at most 20 characters",
        why_ja: "Okta の社員番号です(20 文字以内)",
    },
    Default {
        property: "privateEmail",
        template: "{{ app.privateEmail }}",
        why: "only from the app: Okta's second e-mail is a private address for recovery. Needed where LINE WORKS invites members by mail",
        why_ja: "アプリの属性だけを使います。Okta の予備メールは復旧用の個人アドレスのためです。LINE WORKS が招待メールを送る場合は必要です",
    },
    Default {
        property: "telephone",
        template: "{{ app.telephone | phone }}",
        why: "only from the app: a number in Okta is often private, and LINE WORKS shows it to colleagues",
        why_ja: "アプリの属性だけを使います。Okta の電話番号は個人のものが多く、LINE WORKS では同僚に表示されるためです",
    },
    Default {
        property: "cellPhone",
        template: "{{ app.cellPhone | phone }}",
        why: "as the telephone",
        why_ja: "電話番号と同じです",
    },
    Default {
        property: "location",
        template: "{{ app.location }}",
        why: "only from the app: Okta has no attribute for the workplace that means the same everywhere",
        why_ja: "アプリの属性だけを使います。勤務地を表す共通の属性が Okta にないためです",
    },
    Default {
        property: "task",
        template: "{{ app.task }}",
        why: "only from the app: Okta's title is a position, not the work somebody does",
        why_ja: "アプリの属性だけを使います。Okta の title は役職であり、担当業務ではないためです",
    },
];
