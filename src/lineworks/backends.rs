//! Which LINE WORKS API does what: the one table of it. The README shows the same, and a test holds all three together.

/// An API of LINE WORKS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// The Directory API, with a service account.
    Directory,
    /// The SCIM API, with its long-lived token.
    Scim,
}

/// Something this program does with members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// In English, as in the README.
    pub what: &'static str,
    /// In Japanese, as in the README.
    pub what_ja: &'static str,
    /// Who does it with `backend = "directory"`.
    pub directory: Option<Api>,
    /// Who does it with `backend = "scim"` alone; none: it is not done.
    pub scim: Option<Api>,
    /// Who does it with `backend = "scim"` and Directory API credentials.
    pub both: Option<Api>,
}

const fn row(what: &'static str, what_ja: &'static str, scim: Option<Api>, both: Api) -> Capability {
    Capability { what, what_ja, directory: Some(Api::Directory), scim, both: Some(both) }
}

/// Every capability.
pub const TABLE: [Capability; 12] = [
    row("Find a member, and see whose it is", "メンバーの検索と所有者の確認", Some(Api::Scim), Api::Scim),
    row("See pending, on leave, deleted, administrator", "登録待ち・休職・削除・管理者の確認", None, Api::Directory),
    row("List all members", "全メンバーの一覧", Some(Api::Scim), Api::Scim),
    row("Create", "作成", Some(Api::Scim), Api::Scim),
    row(
        "Login, name, nickname, telephones, private and alias addresses, language, time zone, messenger",
        "ログイン ID・氏名・ニックネーム・電話番号・個人メール・エイリアス・言語・タイムゾーン・メッセンジャー",
        Some(Api::Scim),
        Api::Scim,
    ),
    row(
        "Org unit, level, position, user type, phonetic name, employee number and every other property",
        "組織・職級・役職・利用権限タイプ・フリガナ・社員番号などその他の項目",
        None,
        Api::Directory,
    ),
    row("Put our key on a member", "外部キーの設定", Some(Api::Scim), Api::Scim),
    row("Suspend", "一時停止", Some(Api::Scim), Api::Scim),
    row("Resume", "一時停止の解除", Some(Api::Scim), Api::Scim),
    row("Delete", "削除", None, Api::Directory),
    row("Take a deletion back", "削除の取り消し", None, Api::Directory),
    row("Groups", "グループ", Some(Api::Scim), Api::Directory),
];
