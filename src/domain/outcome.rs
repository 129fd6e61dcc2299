//! Why an assignment is where it is: every cause has a stable code and says what to do, in English and Japanese.
//!
//! The texts here are the only ones: answers, history, command line and `docs/errors.md` all show these (a test
//! holds the document to them). A text never carries a person's data; the details of one case stand beside it.

use serde::{Deserialize, Serialize};

use super::profile::FieldError;

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,
        en: $title:literal / $todo:literal,
        ja: $title_ja:literal / $todo_ja:literal;)*) => {
        /// Why an assignment waits, is held, is parked, or is settled with something to know.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Cause {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl Cause {
            /// Every cause, in the order of the document.
            pub const ALL: &'static [Cause] = &[$(Cause::$name,)*];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Cause::$name => $code,)* }
            }

            /// What happened and what to do, in English.
            pub fn english(self) -> Advice {
                match self { $(Cause::$name => Advice { title: $title, todo: $todo },)* }
            }

            /// What happened and what to do, in Japanese.
            pub fn japanese(self) -> Advice {
                match self { $(Cause::$name => Advice { title: $title_ja, todo: $todo_ja },)* }
            }
        }
    };
}

/// What happened, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What happened, in one sentence.
    pub title: &'static str,
    /// What to do, in one or two sentences.
    pub todo: &'static str,
}

causes! {
    /// The profile holds fields LINE WORKS would refuse.
    ProfileRefused = "profile_refused",
        en: "The profile has fields that LINE WORKS would refuse." / "Correct the named fields in Okta (or in the flow's body) and send the assignment again.",
        ja: "プロフィールに LINE WORKS が受け付けない項目があります。" / "示された項目を Okta(またはフローの本文)で修正し、割り当てをもう一度送信してください。";
    /// Assigned, but nobody said who the person is.
    ProfileMissing = "profile_missing",
        en: "The person has the app, but no profile is known to build the member from." / "Send a PUT with a `user` object for this person; the flow's Assign card does that.",
        ja: "アプリは割り当てられていますが、メンバーを作成するためのプロフィールがありません。" / "この人について `user` を含む PUT を送信してください(フローの割り当てカードが送信します)。";
    /// The external-key template needs a field the profile lacks.
    ExternalKeyUnavailable = "external_key_unavailable",
        en: "The external key cannot be made from this profile." / "Fill the property that `lineworks.external_key` uses, without % \\ # / ?, or change the template.",
        ja: "このプロフィールからは外部キーを作成できません。" / "`lineworks.external_key` で使う項目を(% \\ # / ? を含めずに)入力するか、テンプレートを変更してください。";
    /// A leaver whom LINE WORKS cannot be asked for.
    LeaverNotFound = "leaver_cannot_be_found",
        en: "The person lost the app, but nothing is known to find a LINE WORKS member by: none was ever seen, and no e-mail is known." / "Look in LINE WORKS whether this person has a member, suspend it by hand, and reject. An event that names the e-mail, as those of the event hook do, is judged anew. It cannot be approved.",
        ja: "アプリの割り当ては解除されましたが、LINE WORKS メンバーを探す手がかりがありません(メンバーの記録もメールアドレスもありません)。" / "LINE WORKS にこの人のメンバーがあるか確認し、手動で一時停止してから却下してください。メールアドレスを含むイベント(イベントフックなど)が届くと改めて判断されます。承認はできません。";
    /// LINE WORKS refused the request for good.
    LineWorksRefused = "lineworks_refused",
        en: "LINE WORKS refused the request." / "Read the LINE WORKS code and text beside this, correct the property in Okta, and send the assignment again or retry it.",
        ja: "LINE WORKS がリクエストを拒否しました。" / "併記された LINE WORKS のコードと文を確認し、Okta で項目を修正してから、割り当てを再送するか再試行してください。";
    /// The access token lacks the scope or the right.
    ScopeMissing = "lineworks_scope_missing",
        en: "LINE WORKS says the access token may not do this." / "In the LINE WORKS Developer Console, add the scope `user` (or `directory`, or the one named beside this) to the app, wait some minutes, check `lineworks.scope`, then retry. If the scope is there, look whether the admin screen restricts edits. The Free plan cannot write members.",
        ja: "LINE WORKS により、このアクセストークンでは操作が許可されていません。" / "Developer Console でアプリに `user`(または `directory`、あるいは併記されたもの)スコープを追加し、数分待って `lineworks.scope` を確認してから再試行してください。スコープがある場合は、管理画面で編集が制限されていないか確認してください。フリープランではメンバーを変更できません。";
    /// The member carries somebody else's external key.
    MemberHasForeignKey = "member_has_foreign_key",
        en: "A member with this e-mail exists and carries an external key that this program did not set." / "If it is the same person, set the member's external key in LINE WORKS to the wanted one, or set `lineworks.adopt = \"replace_foreign_key\"`; then retry.",
        ja: "このメールアドレスのメンバーが既に存在し、本プログラムが設定していない外部キーを持っています。" / "同一人物であれば、LINE WORKS でメンバーの外部キーを目的の値に変更するか、`lineworks.adopt = \"replace_foreign_key\"` を設定して再試行してください。";
    /// The member belongs to another assignment.
    MemberOfAnother = "member_of_another_assignment",
        en: "The member with this e-mail belongs to another Okta user." / "Two Okta users claim one LINE WORKS login. Change the e-mail of one of them, or unassign the other, then retry.",
        ja: "このメールアドレスのメンバーは、別の Okta ユーザーのものです。" / "2 人の Okta ユーザーが同じ LINE WORKS ログイン ID を使っています。どちらかのメールアドレスを変更するか、もう一方の割り当てを解除してから再試行してください。";
    /// A leaver's member went on to another Okta user.
    MemberPassedOn = "member_passed_on",
        en: "The person lost the app, and the LINE WORKS member belongs to another Okta user now." / "Nothing to do: most often the same human came back with a new Okta account. The member is not touched for this one.",
        ja: "アプリの割り当ては解除されましたが、LINE WORKS メンバーは現在別の Okta ユーザーのものです。" / "対応は不要です。多くの場合、同じ人が新しい Okta アカウントで復帰しています。この人の分としてメンバーが変更されることはありません。";
    /// The former owner of the member is being worked on.
    FormerOwnerBusy = "former_owner_busy",
        en: "The member still belongs to a person who lost the app and is being worked on." / "Nothing to do: it is taken over as soon as that run has ended.",
        ja: "メンバーは、アプリの割り当てを解除された別の人の処理中です。" / "対応は不要です。その処理が終わりしだい引き継ぎます。";
    /// Brought back within its grace.
    MemberRestored = "member_restored",
        en: "The deleted member was restored within LINE WORKS' seven days." / "Nothing to do. It left its talk rooms at the deletion, and their data is not restored; add it to its talk rooms again.",
        ja: "削除されたメンバーを、LINE WORKS の 7 日間の猶予期間内に復元しました。" / "対応は不要です。削除時にトークルームから退出しており、トークのデータは復元されません。必要なトークルームに再度追加してください。";
    /// Adoption is switched off.
    AdoptionOff = "adoption_off",
        en: "A member with this e-mail exists without an external key, and adopting members is switched off." / "Set the external key on the member in LINE WORKS, or set `lineworks.adopt = \"when_no_external_key\"`; then retry.",
        ja: "このメールアドレスのメンバーが外部キーなしで存在しますが、既存メンバーの引き継ぎは無効です。" / "LINE WORKS でメンバーに外部キーを設定するか、`lineworks.adopt = \"when_no_external_key\"` を設定して再試行してください。";
    /// Suspended by somebody else.
    SuspendedByOther = "suspended_by_someone_else",
        en: "Somebody suspended this member in LINE WORKS by hand." / "Decide: lift the suspension in LINE WORKS and retry; or, for a leaver, approve the deletion or reject it. `assign.lift_foreign_suspension = true` lifts such suspensions by itself.",
        ja: "このメンバーは LINE WORKS で手動により一時停止されています。" / "LINE WORKS で一時停止を解除して再試行するか、退職者の場合は削除を承認または却下してください。`assign.lift_foreign_suspension = true` にすると自動で解除します。";
    /// Deleted by somebody else, still in grace.
    DeletedByOther = "deleted_by_someone_else",
        en: "Somebody deleted this member in LINE WORKS by hand; it can be restored for seven days." / "Restore the member in LINE WORKS and retry, or wait until the seven days are over and retry to create it anew. Talk data is not restored.",
        ja: "このメンバーは LINE WORKS で手動により削除されています(7 日間は復元できます)。" / "LINE WORKS で復元して再試行するか、7 日経過後に再試行して新規作成してください。トークのデータは復元されません。";
    /// The login id or key is taken, but nobody can be found under it.
    LoginTaken = "login_taken",
        en: "LINE WORKS says the login is taken, but shows no member under it." / "Most often a member with this login was deleted less than seven days ago: until then LINE WORKS keeps the login. Restore that member or remove it for good in the LINE WORKS admin screen, or retry after the seven days; if there is none, look for the login among aliases and groups.",
        ja: "ログイン ID が使用中ですが、該当するメンバーが見つかりません。" / "多くの場合、同じログイン ID のメンバーが削除されてから 7 日以内で、LINE WORKS がその ID を保持しています。管理画面で復元または完全削除するか、7 日経過後に再試行してください。見つからない場合は、エイリアスやグループでの使用を確認してください。";
    /// The external key is taken, but nobody can be found under it.
    ExternalKeyTaken = "external_key_taken",
        en: "LINE WORKS says the external key is taken, but shows no member under it." / "Look in LINE WORKS for the member that carries this external key (one deleted less than seven days ago counts too), clear or change it there, then retry; or change `lineworks.external_key`.",
        ja: "外部キーが使用中ですが、該当するメンバーが見つかりません。" / "LINE WORKS でこの外部キーを持つメンバー(削除後 7 日以内を含む)を探し、外部キーを変更してから再試行するか、`lineworks.external_key` を変更してください。";
    /// A word LINE WORKS lets nobody use.
    ProhibitedWord = "prohibited_word",
        en: "LINE WORKS refuses a word in the login or a name." / "Read the LINE WORKS text beside this; choose another login or name in Okta without the word. The list of prohibited words is LINE WORKS' own.",
        ja: "ログイン ID または名前に、LINE WORKS が禁止している語が含まれています。" / "併記された LINE WORKS の文を確認し、Okta で別のログイン ID や名前に変更してください。禁止語の一覧は LINE WORKS 側のものです。";
    /// LINE WORKS protects its super administrator.
    SuperAdministrator = "member_is_super_administrator",
        en: "LINE WORKS lets nobody change its super administrator this way." / "Change this member by hand in the LINE WORKS admin screen, or pass the role on to somebody else and retry.",
        ja: "LINE WORKS の最高管理者は、この方法では変更できません。" / "LINE WORKS の管理画面で手動で変更するか、最高管理者の権限を別の人に移してから再試行してください。";
    /// ACCESS_DENIED, which LINE WORKS also says of what is not there.
    AccessDenied = "access_denied",
        en: "LINE WORKS denies access; it says so too of things that do not exist, so nothing is concluded from it." / "Check in the LINE WORKS admin screen whether the member is there and in a domain this service account may see, and `lineworks.domain_id`; then retry.",
        ja: "LINE WORKS からアクセスを拒否されました。存在しないものについても同じ応答が返るため、存在の有無は判断していません。" / "LINE WORKS の管理画面でメンバーの有無と、このサービスアカウントで扱えるドメインかどうか、および `lineworks.domain_id` を確認してから再試行してください。";
    /// The account may not use this API.
    AccountNotAllowed = "account_not_allowed",
        en: "LINE WORKS does not let the account in `lineworks.service_account` do this." / "Give the app's Service Account from the Developer Console (it looks like abc12.serviceaccount@example.com), not the login of a person or a sub-administrator; then retry.",
        ja: "`lineworks.service_account` のアカウントでは、この操作が許可されていません。" / "個人や副管理者のログイン ID ではなく、Developer Console で発行したアプリの Service Account(abc12.serviceaccount@example.com の形式)を設定し、再試行してください。";
    /// Writes fail and reads work, again and again.
    EditsLocked = "edits_locked",
        en: "LINE WORKS answers every change of this member with an error of its own, while reading works." / "Most likely a setting in the LINE WORKS admin screen or Developer Console locks edits of members or of the organisation: look for it and release it. It is tried again by itself, with pauses up to an hour.",
        ja: "読み取りはできますが、このメンバーの変更に対して LINE WORKS が内部エラーを返し続けています。" / "LINE WORKS の管理画面または Developer Console で、メンバーや組織の編集を制限する設定(画面での操作制限など)が有効になっている可能性があります。確認して解除してください。間隔を延ばしながら(最長 1 時間)自動的に再試行します。";
    /// The same steps again and again without an end.
    NotConverging = "not_converging",
        en: "LINE WORKS accepts the changes, but does not show them." / "Look at the history of this person, compare with the LINE WORKS admin screen, and retry.",
        ja: "LINE WORKS は変更を受け付けますが、結果に反映されません。" / "この人の履歴を確認し、LINE WORKS の管理画面と比較してから再試行してください。";
    /// The step is over the hourly cap.
    CapReached = "cap_reached",
        en: "More people than `unassign.max_per_hour` were about to be suspended or deleted within an hour." / "If the mass unassignment is meant, approve the held people; if not, assign them again in Okta. Nothing was touched.",
        ja: "1 時間以内に `unassign.max_per_hour` を超える人数が一時停止または削除されようとしています。" / "意図した一括解除であれば保留中の人を承認し、そうでなければ Okta で再度割り当ててください。変更は行われていません。";
    /// Found, but not marked as ours.
    NotOurs = "member_not_ours",
        en: "The person lost the app, and a LINE WORKS member matches, but it does not carry our external key." / "If it is the same person, suspend the member in LINE WORKS by hand, or set its external key and retry. Reject to leave it alone. It cannot be approved.",
        ja: "アプリの割り当ては解除されましたが、該当する LINE WORKS メンバーに本プログラムの外部キーがありません。" / "同一人物であれば LINE WORKS で手動で一時停止するか、外部キーを設定して再試行してください。そのままにする場合は却下してください。承認はできません。";
    /// An administrator of LINE WORKS.
    Administrator = "member_is_administrator",
        en: "The person lost the app, but is an administrator of LINE WORKS; administrators are never suspended or deleted." / "Take the administrator role away in LINE WORKS and retry, or reject to leave the member alone. It cannot be approved.",
        ja: "アプリの割り当ては解除されましたが、LINE WORKS の管理者です。管理者は一時停止も削除もされません。" / "LINE WORKS で管理者権限を外して再試行するか、そのままにする場合は却下してください。承認はできません。";
    /// On the protected list.
    Protected = "member_is_protected",
        en: "The person lost the app, but is on the list `unassign.protected` (or is the service account)." / "Take the person off the list and retry, or reject to leave the member alone. It cannot be approved.",
        ja: "アプリの割り当ては解除されましたが、`unassign.protected` の一覧(またはサービスアカウント)に含まれています。" / "一覧から外して再試行するか、そのままにする場合は却下してください。承認はできません。";
    /// Rejected by an operator.
    Rejected = "rejected_by_operator",
        en: "An operator rejected the held steps; the member stays as it is." / "Nothing to do. A newer event for this person is judged anew.",
        ja: "保留中の操作は却下され、メンバーはそのままです。" / "対応は不要です。この人の新しいイベントは改めて判断されます。";
    /// The e-mail moved to another domain of the tenant.
    DomainChange = "domain_change",
        en: "The member is in another domain of the LINE WORKS tenant than its new e-mail belongs to." / "Move the member to that domain in the LINE WORKS admin screen, then retry; or give the person an e-mail in the former domain again.",
        ja: "メンバーは、新しいメールアドレスが属するドメインとは別の LINE WORKS ドメインにいます。" / "LINE WORKS の管理画面でメンバーをそのドメインへ移動してから再試行するか、メールアドレスを元のドメインに戻してください。";
    /// An org unit, level, position, user type or group that LINE WORKS does not have.
    PlacementUnknown = "placement_unknown",
        en: "LINE WORKS has no org unit, level, position, user type or group of this name or key." / "Correct the name in Okta (or in `placement` of the configuration), or make it in LINE WORKS; then retry. `placement.create_org_units = true` makes missing org units.",
        ja: "指定された名前またはキーの組織・職級・役職・利用権限タイプ・グループが LINE WORKS にありません。" / "Okta(または設定の `placement`)の名前を修正するか、LINE WORKS で作成してから再試行してください。`placement.create_org_units = true` にすると、ない組織は作成されます。";
    /// A name that more than one place has.
    PlacementAmbiguous = "placement_ambiguous",
        en: "LINE WORKS has more than one org unit, level, position, user type or group of this name." / "Name the one that is meant by its id or as externalKey:…; both are shown beside this.",
        ja: "同じ名前の組織・職級・役職・利用権限タイプ・グループが LINE WORKS に複数あります。" / "目的のものを ID または externalKey:… で指定してください。候補は併記されています。";
    /// Levels, positions or user types are switched off.
    PlacementFeatureOff = "placement_feature_off",
        en: "The profile gives a level, position or user type, but this feature is switched off in LINE WORKS." / "Switch it on in the LINE WORKS admin screen (Members, then the settings of levels, positions or user types), or take the property out of the flow; then retry.",
        ja: "プロフィールに職級・役職・利用権限タイプの指定がありますが、LINE WORKS でその機能が無効です。" / "LINE WORKS の管理画面(メンバーの職級・役職・利用権限タイプの設定)で有効にするか、フローからその項目を除いてから、再試行してください。";
    /// A deletion is planned.
    DeletionPlanned = "deletion_planned",
        en: "The member is suspended, or has never signed in, and will be deleted at the time shown." / "Nothing to do. Assign the app again before then to keep the member; talk data is lost at the deletion.",
        ja: "メンバーは一時停止中(または未ログイン)で、表示の時刻に削除されます。" / "対応は不要です。残す場合はそれまでに Okta で再度割り当ててください。削除時にトークのデータは失われます。";
    /// Cannot be suspended yet.
    MemberPending = "member_pending",
        en: "The member has never signed in, and LINE WORKS cannot suspend such a member." / "Nothing to do: it is looked at again every day.",
        ja: "メンバーは一度もログインしておらず、LINE WORKS では一時停止できません。" / "対応は不要です。毎日確認します。";
    /// LINE WORKS keeps other values than the wished ones.
    FieldsKept = "fields_kept_by_lineworks",
        en: "LINE WORKS accepted the update but keeps other values for the named fields." / "Compare the fields in Okta and LINE WORKS; the tenant's settings may fix them.",
        ja: "更新は受け付けられましたが、示された項目は LINE WORKS 側の値のままです。" / "Okta と LINE WORKS の項目を比較してください。テナントの設定で固定されている可能性があります。";
    /// The backend cannot carry some fields.
    FieldsBeyondScim = "fields_beyond_scim",
        en: "The member is as wished, but for the named fields, which the SCIM API of LINE WORKS cannot carry." / "Nothing to do if you can do without them. To set them, give the service Directory API credentials beside the SCIM token (see \"Which LINE WORKS API does what\" in the README).",
        ja: "示された項目を除いて反映されています。これらの項目は LINE WORKS の SCIM API では設定できません。" / "不要であれば対応は要りません。設定するには、SCIM トークンに加えて Directory API の認証情報を設定してください(README の「どの LINE WORKS API が何をするか」を参照)。";
    /// No answer from LINE WORKS.
    LineWorksUnreachable = "lineworks_unreachable",
        en: "LINE WORKS does not answer." / "Nothing to do for a while: it is tried again with growing pauses, up to an hour. Check the network and the LINE WORKS status page if it lasts.",
        ja: "LINE WORKS から応答がありません。" / "しばらくは対応不要です。間隔を延ばしながら(最長 1 時間)再試行します。続く場合はネットワークと LINE WORKS の稼働状況を確認してください。";
    /// 5xx or nonsense from LINE WORKS.
    LineWorksFailing = "lineworks_failing",
        en: "LINE WORKS answers with an error of its own." / "Nothing to do for a while: it is tried again with growing pauses, up to an hour.",
        ja: "LINE WORKS が内部エラーを返しています。" / "しばらくは対応不要です。間隔を延ばしながら(最長 1 時間)再試行します。";
    /// A redirection that is not followed.
    Redirected = "lineworks_redirected",
        en: "LINE WORKS, or something in between, sends the call to an address that is not followed." / "Check `lineworks.auth_url`, `lineworks.api_url` and the proxy; a login page of a proxy looks like this too. It is tried again with growing pauses, up to an hour.",
        ja: "LINE WORKS または途中の機器が、転送を許可していないアドレスへ呼び出しを転送しています。" / "`lineworks.auth_url`、`lineworks.api_url` とプロキシを確認してください(プロキシのログイン画面でも発生します)。間隔を延ばしながら(最長 1 時間)再試行します。";
    /// returnCode 99.
    UnexpectedError = "lineworks_unexpected_error",
        en: "LINE WORKS answers with its UnexpectedError (returnCode 99), without saying what it did not expect." / "If it lasts, look for a client id, client secret or account with a space, a quotation mark or a missing character in it. It is tried again by itself.",
        ja: "LINE WORKS から UnexpectedError(returnCode 99)が返されましたが、原因は示されていません。" / "続く場合は、Client ID、Client Secret、アカウントに空白や引用符の混入、文字の欠落がないか確認してください。自動的に再試行します。";
    /// 429.
    RateLimited = "lineworks_rate_limited",
        en: "LINE WORKS asks for a pause (rate limit)." / "Nothing to do: work goes on when the limit resets. If it comes often, lower `pacing.per_minute`.",
        ja: "LINE WORKS のレート制限に達しました。" / "対応は不要です。制限が解除されると再開します。頻発する場合は `pacing.per_minute` を下げてください。";
    /// Our own pacing.
    Paced = "paced",
        en: "The call waits its turn, so that LINE WORKS' rate limit is kept." / "Nothing to do.",
        ja: "LINE WORKS のレート制限を守るため、順番を待っています。" / "対応は不要です。";
    /// invalid_client.
    TokenClientRefused = "token_client_refused",
        en: "LINE WORKS does not accept the client id, client secret, service account or private key." / "Compare all four with the app in the LINE WORKS Developer Console. Work resumes by itself once they are right: a file is read again when it changes, anything else needs a restart.",
        ja: "Client ID、Client Secret、Service Account、Private Key のいずれかが受け付けられません。" / "4 つすべてを Developer Console のアプリと照合してください。修正すると処理は自動的に再開します(ファイルは変更時に再読み込みされ、それ以外は再起動が必要です)。";
    /// invalid_scope.
    TokenScopeRefused = "token_scope_refused",
        en: "LINE WORKS does not accept a scope of the configuration." / "Register the scopes named beside this on the app in the Developer Console, or correct `lineworks.scope` (for tokens that are handed out: `broker.scope`); a new one works some minutes after saving. On the Free plan the scopes that write do not exist. Work resumes by itself.",
        ja: "設定のスコープが受け付けられません。" / "併記されたスコープを Developer Console のアプリに登録するか、`lineworks.scope`(払い出すトークンの場合は `broker.scope`)を修正してください。登録後、有効になるまで数分かかります。フリープランには書き込み用スコープがありません。処理は自動的に再開します。";
    /// invalid_grant.
    TokenAssertionRefused = "token_assertion_refused",
        en: "LINE WORKS does not accept the signed assertion." / "Check this machine's clock (NTP), the service account id and that the private key is the newest one issued in the Developer Console.",
        ja: "署名付きアサーションが受け付けられません。" / "このマシンの時刻(NTP)、Service Account の ID、Private Key が Developer Console で最後に発行されたものかを確認してください。";
    /// invalid_grant about the assertion's time.
    TokenAssertionLife = "token_assertion_life_refused",
        en: "LINE WORKS says the signed assertion lives too long, or is over." / "LINE WORKS takes 60 minutes at most, whatever the console says of access tokens, and this program signs for that: so this machine's clock is wrong. Set it right (NTP). It is tried again by itself.",
        ja: "署名付きアサーションの有効期間が長すぎるか、期限切れと判断されました。" / "LINE WORKS の上限は 60 分(コンソールのアクセストークン設定とは無関係)で、本プログラムはその範囲で署名しています。このマシンの時刻がずれているため、NTP で合わせてください。自動的に再試行します。";
    /// Any other refusal of the token endpoint.
    TokenRefused = "token_refused",
        en: "LINE WORKS gives no access token." / "Read the code beside this; compare the app's settings in the Developer Console with the section [lineworks] of the configuration. It is tried again by itself.",
        ja: "LINE WORKS からアクセストークンを取得できません。" / "併記されたコードを確認し、Developer Console のアプリの設定と設定ファイルの [lineworks] を比較してください。自動的に再試行します。";
    /// 401 with a fresh token.
    TokenRejected = "access_token_rejected",
        en: "LINE WORKS rejects an access token it has just issued." / "Most often another program uses the same app. Give this service an app of its own in the Developer Console. It is tried again by itself.",
        ja: "発行されたばかりのアクセストークンが拒否されます。" / "多くの場合、別のプログラムが同じアプリを使っています。Developer Console で本サービス専用のアプリを作成してください。自動的に再試行します。";
    /// 401 with the long-lived SCIM token.
    ScimTokenRefused = "scim_token_refused",
        en: "LINE WORKS does not accept the SCIM token; all work is paused." / "In the LINE WORKS Developer Console open the provisioning app, issue a new long-lived token under SCIM (it is shown once) and put it where `lineworks.scim_token` points. A token in a file is taken up within seconds and work goes on by itself; one in the configuration needs a restart.",
        ja: "SCIM トークンが LINE WORKS に受け付けられないため、すべての処理を停止しています。" / "LINE WORKS Developer Console でプロビジョニングアプリを開き、SCIM の長期有効トークンを新しく発行して(表示は一度だけです)、`lineworks.scim_token` の指す場所に置いてください。ファイルの場合は数秒で読み込まれ、処理は自動的に再開します。設定に直接書いた場合は再起動が必要です。";
    /// No answer, a 5xx or nonsense from Okta.
    OktaUnreachable = "okta_unreachable",
        en: "Okta does not answer, or answers with an error of its own." / "Nothing to do for a while: nobody is changed before Okta has said what is true. It is tried again with growing pauses, up to an hour. Check the network, `okta.org_url` and the Okta status page if it lasts.",
        ja: "Okta から応答がないか、Okta が内部エラーを返しています。" / "しばらくは対応不要です。Okta で最新の状態を確認できるまで変更は行いません。間隔を延ばしながら(最長 1 時間)再試行します。続く場合はネットワーク、`okta.org_url`、Okta の稼働状況を確認してください。";
    /// 429 from Okta.
    OktaRateLimited = "okta_rate_limited",
        en: "Okta asks for a pause (rate limit)." / "Nothing to do: work goes on when the limit resets. If it comes often, look in the Okta Admin Console under Reports, Rate Limits, who uses it up.",
        ja: "Okta のレート制限に達しました。" / "対応は不要です。制限が解除されると再開します。頻発する場合は、Okta 管理コンソールの「レポート」の「レート制限」で消費元を確認してください。";
    /// Okta does not accept the credentials.
    OktaUnauthorized = "okta_unauthorized",
        en: "Okta does not accept this program's credentials; nobody is changed until it does." / "Compare `okta.client_id`, `okta.private_key` and `okta.key_id` (or `okta.api_token`) with the API service app in the Okta Admin Console; an API token dies after 30 days without use and with its creator's account. Work resumes by itself once they are right: a file is read again when it changes, anything else needs a restart.",
        ja: "Okta が本プログラムの認証情報を受け付けません。受け付けられるまで誰の変更も行いません。" / "`okta.client_id`、`okta.private_key`、`okta.key_id`(または `okta.api_token`)を Okta 管理コンソールの API サービスアプリと照合してください。API トークンは 30 日間使用しない場合や、作成者のアカウントが無効になった場合に失効します。修正すると処理は自動的に再開します(ファイルは変更時に再読み込みされ、それ以外は再起動が必要です)。";
    /// The service app was not granted a scope.
    OktaScopeMissing = "okta_scope_missing",
        en: "Okta has not granted this program a scope it needs; nobody is changed until it does." / "In the Okta Admin Console open the API service app, tab Okta API Scopes, and grant the scope named beside this (only a super administrator can). Work resumes by itself within minutes.",
        ja: "必要なスコープが Okta で許可されていません。許可されるまで誰の変更も行いません。" / "Okta 管理コンソールで API サービスアプリの「Okta API スコープ」タブを開き、併記されたスコープを許可してください(スーパー管理者のみ可能です)。数分以内に自動的に再開します。";
    /// The service app or the token's owner has no admin role for this.
    OktaRoleMissing = "okta_role_missing",
        en: "Okta says this program has no administrator role that may read this; nobody is changed until it has." / "Scopes alone are not enough: in the Okta Admin Console open the API service app, tab Admin roles, and assign Read-only Administrator, or a custom role that may view this application and its users. Work resumes by itself within minutes.",
        ja: "本プログラムには、これを読み取れる Okta の管理者ロールがありません。付与されるまで誰の変更も行いません。" / "スコープの許可だけでは不十分です。Okta 管理コンソールで API サービスアプリの「管理者ロール」タブを開き、読み取り専用管理者、またはこのアプリとユーザーを閲覧できるカスタムロールを割り当ててください。数分以内に自動的に再開します。";
    /// The app of the configuration cannot be seen.
    OktaAppNotFound = "okta_app_not_found",
        en: "Okta shows no app with the id `okta.app_id`; nobody is changed until it does." / "That somebody is missing in an app that is not there means nothing. Compare `okta.app_id` with the address of the LINE WORKS app in the Okta Admin Console, and see whether the program's admin role covers that app. Work resumes by itself within minutes; another id needs a restart.",
        ja: "`okta.app_id` のアプリが Okta で見つかりません。見つかるまで誰の変更も行いません。" / "アプリが見えない間は、割り当てがないことを確認できません。`okta.app_id` を Okta 管理コンソールの LINE WORKS アプリの URL と照合し、本プログラムの管理者ロールがそのアプリを対象としているか確認してください。数分以内に自動的に再開します(ID を変更した場合は再起動が必要です)。";
    /// The app is deactivated.
    OktaAppInactive = "okta_app_inactive",
        en: "The LINE WORKS app is deactivated in Okta; nobody loses anything because of that." / "Activate the app in the Okta Admin Console; work resumes by itself within minutes. If the app is to go for good, unassign its people first while it is active.",
        ja: "Okta で LINE WORKS アプリが無効化されています。それを理由に誰かのメンバーが停止・削除されることはありません。" / "Okta 管理コンソールでアプリを有効にしてください。数分以内に自動的に再開します。アプリを廃止する場合は、有効な間に割り当てを解除してください。";
    /// An event said that the app went away.
    OktaAppGone = "okta_app_gone",
        en: "Okta said that the LINE WORKS app was deactivated or deleted; nobody is suspended or deleted because of that." / "If the app is needed, activate it in the Okta Admin Console: held people are then judged anew. If people are really to go, approve them.",
        ja: "LINE WORKS アプリが無効化または削除されたと Okta から通知されました。それを理由に誰かを停止・削除することはありません。" / "アプリが必要な場合は Okta 管理コンソールで有効にしてください。保留中の人は改めて判断されます。本当に停止・削除する場合は承認してください。";
    /// Okta shows neither the assignment nor the person.
    OktaPersonNotShown = "okta_person_not_shown",
        en: "Okta does not show this person at all, and nothing else told that the person left; so nothing is suspended or deleted." / "Look for the person in the Okta Admin Console under Directory, People. Deleted there: approve. Still there: the admin role of this program does not cover the person any more (Security, Administrators); widen it to everybody who may have the app, then retry. Who is held for this is looked at again every hour, and goes on by itself once Okta shows the person, or an event tells what happened.",
        ja: "Okta でこの人がまったく表示されず、ほかに離職を示す情報もないため、一時停止も削除も行いません。" / "Okta 管理コンソールの「ディレクトリ」の「ユーザー」でこの人を探してください。削除済みであれば承認してください。存在する場合は、本プログラムの管理者ロールの対象から外れています(「セキュリティ」の「管理者」)。アプリを利用しうる全員を対象にしてから再試行してください。保留中の人は 1 時間ごとに確認し、Okta に表示されるか、イベントで事情が分かると自動的に再開します。";
    /// An event said one thing, Okta itself another.
    OktaSaysOtherwise = "okta_says_otherwise",
        en: "The last call or event said otherwise, but Okta was asked, and Okta's word stands." / "Nothing to do if Okta is right. To change it, assign or unassign the app, or change the user's status, in Okta: a call by hand changes nothing while this program can ask Okta. It is looked at again a minute after an event that has only just happened.",
        ja: "直前の呼び出しまたはイベントとは異なりますが、Okta に問い合わせた結果を優先しました。" / "Okta が正しければ対応は不要です。変更するには、Okta でアプリの割り当て・解除またはユーザーの状態変更を行ってください(Okta に問い合わせできる間は、手動の呼び出しでは変わりません)。起きたばかりのイベントの場合は 1 分後に再度確認します。";
    /// The ledger's disk.
    LedgerUnavailable = "ledger_unavailable",
        en: "The ledger could not be used during the work on this person." / "Look at the disk's free space and permissions (or whether PostgreSQL can be reached), and at the log. It is tried again by itself, with growing pauses up to an hour.",
        ja: "この人の処理中に、台帳(データベース)を使用できませんでした。" / "ディスクの空き容量と権限(PostgreSQL の場合は接続できるか)、およびログを確認してください。間隔を延ばしながら(最長 1 時間)自動的に再試行します。";
    /// A row that another person's work needs.
    LedgerRowUnreadable = "ledger_row_unreadable",
        en: "A row of the ledger that this person's work needs cannot be read; it may be another person's." / "The log names table, column and key. Most often a newer version of this program wrote it: run that version, or restore a backup. It is tried again by itself, with growing pauses up to an hour.",
        ja: "この人の処理に必要な台帳の行(別の人の行の場合もあります)を読み取れません。" / "ログにテーブル・列・キーが出力されています。多くの場合、新しいバージョンの本プログラムが書き込んだものです。そのバージョンを実行するか、バックアップから復元してください。間隔を延ばしながら(最長 1 時間)自動的に再試行します。";
    /// The plan has no licence left for one more member.
    NoSeatLeft = "no_seat_left",
        en: "LINE WORKS takes no more members: every seat of the contract is in use. Creating members is paused." / "Buy seats or remove members in the LINE WORKS admin screen. It is tried every five minutes, and at once after a `retry`; work goes on by itself, and leavers and changes are not held up.",
        ja: "契約中の利用人数に空きがないため、LINE WORKS にメンバーを追加できません。メンバーの作成を停止しています。" / "LINE WORKS 管理画面で利用人数を追加するか、メンバーを削除してください。5 分ごと(`retry` を実行した場合はすぐ)に確認し、空きができると自動的に再開します。退職や変更の処理は続いています。";
}

/// A cause with the details of one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The cause.
    pub cause: Cause,
    /// What is particular to this case: LINE WORKS' own code and text, both external keys, names of fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The refused fields, for [`Cause::ProfileRefused`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

impl Reason {
    /// The cause alone.
    pub fn of(cause: Cause) -> Self {
        Self { cause, detail: None, fields: Vec::new() }
    }

    /// The cause with what is particular to this case.
    pub fn with(cause: Cause, detail: impl Into<String>) -> Self {
        Self { cause, detail: Some(detail.into()), fields: Vec::new() }
    }

    /// A refused profile.
    pub fn refused_fields(fields: Vec<FieldError>) -> Self {
        Self { cause: Cause::ProfileRefused, detail: None, fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_cause_has_its_own_code_and_is_stored_under_it() {
        let codes: HashSet<_> = Cause::ALL.iter().map(|cause| cause.code()).collect();
        assert_eq!(codes.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert_eq!(serde_json::to_value(cause).expect("serialises"), cause.code());
        }
    }
}
