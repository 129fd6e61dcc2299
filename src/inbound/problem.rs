//! Every answer that is not a success: one type, one place that turns it into HTTP.
//!
//! RFC 9457 `application/problem+json` with a stable `code`, and texts in English and Japanese a person can act on:
//! in an Okta flow they reach the administrator through the If Error card. A fault of ours is a fixed text; its
//! cause goes to the log only. `docs/errors.md` lists every code (a test holds it to this file).

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{Either, HttpRequest, HttpResponse, Responder, ResponseError, body::BoxBody};
use serde_json::{Value, json};

pub use super::field_problem::FieldProblem;
use crate::domain::outcome::Reason;
use crate::domain::profile::FieldError;
use crate::ledger::StoreError;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, en: $title:literal / $todo:literal,
        ja: $title_ja:literal / $todo_ja:literal;)*) => {
        /// What went wrong with a call.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of the document.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The stable code.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// The HTTP status it goes with.
            pub fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }

            /// Title and advice, in English and in Japanese.
            pub fn texts(self) -> [&'static str; 4] {
                match self { $(Code::$name => [$title, $todo, $title_ja, $todo_ja],)* }
            }
        }
    };
}

codes! {
    /// No or a wrong secret.
    Unauthorized = "unauthorized", 401,
        en: "The caller is not known." / "Send `Authorization: Bearer <secret>` (or a signature) with a secret of this door; compare it with the configuration, letter by letter.",
        ja: "呼び出し元を確認できません。" / "この入口のシークレットを `Authorization: Bearer <secret>`(または署名)で送信し、設定と一字ずつ照合してください。";
    /// A right signature with an old timestamp.
    SignatureExpired = "signature_expired", 401,
        en: "The signature is right, but its timestamp is more than 300 seconds off." / "Make the timestamp in the same run that sends the request, and check both clocks.",
        ja: "署名は正しいものの、タイムスタンプが 300 秒以上ずれています。" / "タイムスタンプは送信と同じ実行の中で作成し、双方の時刻を確認してください。";
    /// Nothing here.
    NotFound = "not_found", 404,
        en: "There is nothing at this address." / "Compare the address with the README. A door without secrets in the configuration is closed.",
        ja: "このアドレスには何もありません。" / "アドレスを README と照合してください。設定にシークレットがない入口は閉じています。";
    /// No such assignment.
    UnknownAssignment = "unknown_assignment", 404,
        en: "Nothing is known of this person." / "Check the Okta user id (00u…), or send the assignment first.",
        ja: "この人についての記録がありません。" / "Okta ユーザー ID(00u…)を確認するか、先に割り当てを送信してください。";
    /// The wrong method.
    MethodNotAllowed = "method_not_allowed", 405,
        en: "This address does not take this method." / "Compare the method with the README.",
        ja: "このアドレスではこのメソッドを使用できません。" / "メソッドを README と照合してください。";
    /// The body took too long.
    RequestTimeout = "request_timeout", 408,
        en: "The request did not arrive in time." / "Send it again; if it lasts, look at the network and the proxy.",
        ja: "リクエストが時間内に届きませんでした。" / "再送してください。続く場合はネットワークとプロキシを確認してください。";
    /// Not JSON.
    MalformedJson = "malformed_json", 400,
        en: "The body is not JSON." / "Send one JSON object, UTF-8. In Okta Workflows build it with Object > Construct, not with text.",
        ja: "本文が JSON ではありません。" / "UTF-8 の JSON オブジェクトを 1 つ送信してください。Okta Workflows ではテキストではなく Object > Construct で作成します。";
    /// The body broke off.
    BodyUnreadable = "body_unreadable", 400,
        en: "The body could not be read to its end." / "Send it again; the connection broke, or its length was wrong.",
        ja: "本文を最後まで読み取れませんでした。" / "接続が切れたか、長さが誤っています。再送してください。";
    /// A DELETE with a body.
    BodyNotAllowed = "body_not_allowed", 400,
        en: "A DELETE takes no body." / "Leave the card's Body empty; eventId, occurredAt and policy go into the query.",
        ja: "DELETE に本文は付けられません。" / "カードの Body を空にし、eventId・occurredAt・policy はクエリで送信してください。";
    /// Fields that are wrong.
    InvalidRequest = "invalid_request", 422,
        en: "Some fields of the request are wrong; nothing was stored." / "Correct the fields named in `errors` and send it again.",
        ja: "リクエストに誤った項目があり、何も保存されていません。" / "`errors` に示された項目を修正して再送してください。";
    /// A profile that was refused; the membership is kept.
    ProfileRefused = "profile_refused", 422,
        en: "The profile has fields that LINE WORKS would refuse; the assignment is stored and parked." / "Correct the fields named in `errors` in Okta (or in the flow's body) and send the assignment again.",
        ja: "プロフィールに LINE WORKS が受け付けない項目があります。割り当ては保存され、要対応(parked)になっています。" / "`errors` に示された項目を Okta(またはフローの本文)で修正し、割り当てをもう一度送信してください。";
    /// Too big.
    PayloadTooLarge = "payload_too_large", 413,
        en: "The body is too large." / "Send only the properties of one person.",
        ja: "本文が大きすぎます。" / "1 人分の項目のみを送信してください。";
    /// Not now.
    NotNow = "not_now", 429,
        en: "The service cannot store anything at this moment; nothing was stored." / "Send it again after the time in Retry-After; in Okta Workflows set the card's error handling to retry.",
        ja: "現在保存できないため、何も保存されていません。" / "Retry-After の時間が過ぎてから再送してください。Okta Workflows ではカードのエラー処理で再試行を設定します。";
    /// No access token, but there may be one soon.
    NoTokenNow = "no_token_now", 429,
        en: "LINE WORKS gives no access token at this moment." / "Ask again after the time in Retry-After; in Okta Workflows set the card's error handling to retry.",
        ja: "現在 LINE WORKS からアクセストークンを取得できません。" / "Retry-After の時間が過ぎてから再度要求してください。Okta Workflows ではカードのエラー処理で再試行を設定します。";
    /// No access token until somebody changes something.
    NoToken = "no_token", 503,
        en: "LINE WORKS refuses an access token, and will until somebody changes something." / "Read `cause`. It is tried again with each request, at most every few seconds.",
        ja: "LINE WORKS がアクセストークンの発行を拒否しており、設定を修正するまで取得できません。" / "`cause` を確認してください。要求のたびに(数秒に 1 回まで)再試行します。";
    /// No list of members.
    MembersNotRead = "members_not_read", 503,
        en: "LINE WORKS gives no list of its members at this moment." / "Read `cause`, and ask again.",
        ja: "現在 LINE WORKS からメンバーの一覧を取得できません。" / "`cause` を確認し、再度要求してください。";
    /// Another comparison.
    ReconcileRunning = "reconcile_running", 409,
        en: "A comparison is running already, here or on another replica." / "Wait for its end, and ask again.",
        ja: "別の照合を(このプロセスまたは他のレプリカで)実行中です。" / "終わるのを待ってから再度実行してください。";
    /// Nobody to ask.
    NoOktaAccess = "no_okta_access", 409,
        en: "This program has no access to the Okta org, so it cannot list who has the app." / "Set okta.org_url and what goes with it, or send an export as CSV (`okta-lineworks reconcile --csv FILE`).",
        ja: "Okta 組織にアクセスできないため、割り当ての一覧を取得できません。" / "okta.org_url などを設定するか、CSV のエクスポートを送信してください(`okta-lineworks reconcile --csv FILE`)。";
    /// Nothing is held.
    NotHeld = "not_held", 409,
        en: "Nothing of this person is held, so there is nothing to approve or reject." / "Look at the person's state; use retry for a parked one.",
        ja: "この人に保留中の操作はなく、承認や却下の対象がありません。" / "この人の状態を確認してください。要対応(parked)の場合は retry を使用します。";
    /// Cannot be approved.
    NotApprovable = "not_approvable", 409,
        en: "What is held here cannot be approved." / "Follow the advice beside it, then retry; or reject to leave the member alone.",
        ja: "この保留は承認できません。" / "併記された案内に従ってから再試行するか、そのままにする場合は却下してください。";
    /// Our fault.
    Internal = "internal", 500,
        en: "The service made a mistake." / "Look for the request id in the service's log, and report it.",
        ja: "サービスの内部エラーです。" / "サービスのログでリクエスト ID を検索し、報告してください。";
}

/// An answer that is not a success.
#[derive(Debug, Clone)]
pub struct Problem(Box<Details>);

#[derive(Debug, Clone)]
struct Details {
    code: String,
    status: StatusCode,
    texts: [String; 4],
    errors: Vec<Value>,
    retry_after: Option<u64>,
    allow: Option<&'static str>,
    extra: Option<(&'static str, Value)>,
}

impl Problem {
    /// A problem of this kind.
    pub fn of(code: Code) -> Self {
        let status = StatusCode::from_u16(code.status()).expect("the table holds valid statuses");
        let retry_after = (code == Code::NotNow).then_some(5);
        Self(Box::new(Details {
            code: code.as_str().to_owned(),
            status,
            texts: code.texts().map(str::to_owned),
            errors: Vec::new(),
            retry_after,
            allow: None,
            extra: None,
        }))
    }

    /// An assignment that is parked: the code, title and advice of its cause.
    pub fn parked(reason: &Reason, assignment: Value) -> Self {
        let (english, japanese) = (reason.cause.english(), reason.cause.japanese());
        let beside = |todo: &str| match &reason.detail {
            Some(detail) => format!("{todo} ({detail})"),
            None => todo.to_owned(),
        };
        let todo = [beside(english.todo), beside(japanese.todo)];
        let [todo, todo_ja] = todo;
        Self(Box::new(Details {
            code: reason.cause.code().to_owned(),
            status: StatusCode::UNPROCESSABLE_ENTITY,
            texts: [english.title.to_owned(), todo, japanese.title.to_owned(), todo_ja],
            errors: field_errors(&reason.fields),
            retry_after: None,
            allow: None,
            extra: Some(("assignment", assignment)),
        }))
    }

    /// A method the address does not take; the `Allow` header names those it takes (RFC 9110, section 15.5.6).
    pub fn method_not_allowed(allowed: &'static str) -> Self {
        let mut problem = Self::of(Code::MethodNotAllowed);
        problem.0.allow = Some(allowed);
        problem
    }

    /// Fields that are wrong.
    pub fn fields(errors: Vec<FieldProblem>) -> Self {
        Self::of(Code::InvalidRequest).with_errors(errors.into_iter().map(|error| json!(error)).collect())
    }

    /// Names fields that are wrong.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<Value>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Says more, in English and Japanese.
    #[must_use]
    pub fn detail(mut self, english: impl AsRef<str>, japanese: impl AsRef<str>) -> Self {
        self.0.texts[1] = format!("{} {}", english.as_ref(), self.0.texts[1]);
        self.0.texts[3] = format!("{}{}", japanese.as_ref(), self.0.texts[3]);
        self
    }

    /// Says when to come again, in whole seconds.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.0.retry_after = Some(pause.as_secs().max(1));
        self
    }

    /// Adds a member to the answer.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.0.extra = Some((name, value));
        self
    }

    /// For an event hook: what may go well the next time is 503 there, since Okta retries nothing else.
    #[must_use]
    pub fn for_hook(mut self) -> Self {
        let transient = [Code::NotNow, Code::RequestTimeout, Code::BodyUnreadable].map(Code::as_str);
        if transient.contains(&self.0.code.as_str()) {
            self.0.status = StatusCode::SERVICE_UNAVAILABLE;
        }
        self
    }

    fn body(&self, request_id: Option<&str>) -> Value {
        let details = &self.0;
        let [title, detail, title_ja, detail_ja] = &details.texts;
        let mut body = json!({
            "type": format!("urn:okta-lineworks:problem:{}", details.code),
            "title": title,
            "status": details.status.as_u16(),
            "detail": detail,
            "code": details.code,
            "titleJa": title_ja,
            "detailJa": detail_ja,
        });
        if let Some(id) = request_id {
            body["requestId"] = id.into();
        }
        if !details.errors.is_empty() {
            body["errors"] = details.errors.clone().into();
        }
        if let Some((name, value)) = &details.extra {
            body[*name] = value.clone();
        }
        body
    }

    fn response(&self, request_id: Option<&str>) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.status);
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.0.retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = self.0.allow {
            response.insert_header((ALLOW, methods));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        response.body(self.body(request_id).to_string())
    }
}

/// The refused fields of a profile, as an answer shows them.
pub fn field_errors(fields: &[FieldError]) -> Vec<Value> {
    fields
        .iter()
        .map(|error| {
            json!({"field": error.field, "code": error.code, "message": error.message, "messageJa": error.message_ja})
        })
        .collect()
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Unavailable(_) => {
                tracing::warn!(%error, "a call was turned away: nothing of it is stored");
                Problem::of(Code::NotNow)
            }
            StoreError::BadRow { .. } => {
                tracing::error!(%error, "a row of the ledger cannot be read");
                Problem::of(Code::Internal)
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.texts[0])
    }
}

/// What a handler gives back. With a `Result`, a problem would not know the request whose id it names.
pub(super) type Answer = Either<HttpResponse, Problem>;

/// The answer of a handler that can fail.
pub(super) fn answer(outcome: Result<HttpResponse, Problem>) -> Answer {
    match outcome {
        Ok(response) => Either::Left(response),
        Err(problem) => Either::Right(problem),
    }
}

impl Responder for Problem {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        self.response(Some(&super::request_id(request)))
    }
}

/// The way for what fails before a handler runs; handlers answer through [`Responder`], which knows the request.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        self.response(None)
    }
}
