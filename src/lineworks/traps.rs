//! What LINE WORKS' errors mean where its words alone do not tell: one table, asked before the general rules.
//!
//! The first row that fits counts, so the particular stands before the general. A row never turns an answer into
//! "there is no such member": only the general rules may say that. How sure each row is stands beside it: the vendor
//! documents few of its texts. `docs/errors.md` shows the table as it stands here.

use crate::domain::outcome::Cause;
use crate::lineworks::answer::Said;
use crate::lineworks::{CallRecord, Operation};

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The token endpoint.
    Token,
    /// The Directory API.
    Api,
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Whatever it was.
    Anything,
    /// Looking.
    Reading,
    /// Changing something.
    Writing,
    /// Setting login ids or external keys.
    Naming,
    /// Creating a member.
    Creating,
}

/// What the program does then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Tries the other credentials, if there are any; else asks again a minute later.
    OtherCredentials,
    /// Asks again a minute later.
    AskAgain,
    /// Tries again later: nothing was done.
    Later,
    /// Reads before anything else: a write may have had its effect.
    ReadFirst,
    /// Takes a new access token, once; then tries again later.
    NewToken,
    /// Takes a new access token once, if the one it has is older than the program's start; then parks the person.
    NewTokenOrPark,
    /// Reads and plans again; parks the person if that leads nowhere.
    LookAgain,
    /// Parks the person.
    Park,
    /// Waits with all other creates, of which one is tried now and then.
    PauseCreates,
    /// Goes on as before; once it has lasted this many runs, this is what the person waits for.
    NameAfter(u32),
}

/// How it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// LINE WORKS or the standard it follows documents it.
    Documented,
    /// Somebody saw it at the real service and wrote it down.
    Seen,
    /// The rule is documented, its words are not: these are the likely ones.
    Guessed,
}

/// One row.
#[derive(Debug)]
pub struct Trap {
    /// Who says it.
    pub place: Place,
    /// What was being done.
    pub deed: Deed,
    /// The HTTP statuses, first and last.
    pub status: (u16, u16),
    /// Any of these codes; none: whatever the code.
    pub codes: &'static [&'static str],
    /// One of each group is in code or text (in lower case, `_` as a space); none: whatever the text.
    pub texts: &'static [&'static [&'static str]],
    /// What it means.
    pub means: Cause,
    /// What the program does then.
    pub next: Next,
    /// How it is known.
    pub known: Known,
}

/// Runs after which a failure counts as lasting; [`Next::words`] says so too.
const LASTING: u32 = 3;
const ANY: (u16, u16) = (200, 599);
const REFUSAL: (u16, u16) = (400, 499);
const TAKEN: &[&str] = &["duplicat", "already", "uniqueness"];
/// Any word for a seat of the contract.
const SEATS: &[&str] = &[
    "seat",
    "licence",
    "license",
    "number of users",
    "number of members",
    "max users",
    "maximum users",
    "利用人数",
    "ライセンス",
];

macro_rules! traps {
    ($($place:ident $deed:ident $status:expr, $codes:expr, $texts:expr => $means:ident, $next:expr, $known:ident;)*) => {
        /// The table.
        pub static TRAPS: &[Trap] = &[$(Trap {
            place: Place::$place,
            deed: Deed::$deed,
            status: $status,
            codes: &$codes,
            texts: &$texts,
            means: Cause::$means,
            next: $next,
            known: Known::$known,
        },)*];
    };
}

traps! {
    Token Anything (300, 399), [], [] => Redirected, Next::Later, Documented;
    Token Anything (429, 429), [], [] => RateLimited, Next::Later, Documented;
    Token Anything REFUSAL, [], [&["service account", "serviceaccount"]] => AccountNotAllowed, Next::OtherCredentials, Guessed;
    Token Anything ANY, ["invalid_grant"], [&["60 minutes", "3600", "expire", "not yet valid"]] => TokenAssertionLife, Next::OtherCredentials, Guessed;
    Token Anything ANY, ["invalid_client", "unauthorized_client"], [] => TokenClientRefused, Next::OtherCredentials, Documented;
    Token Anything ANY, ["invalid_scope"], [] => TokenScopeRefused, Next::AskAgain, Seen;
    Token Anything ANY, ["invalid_grant"], [] => TokenAssertionRefused, Next::OtherCredentials, Documented;
    Token Anything ANY, ["server_error", "temporarily_unavailable"], [] => LineWorksFailing, Next::Later, Documented;
    Token Anything (200, 499), ["99"], [] => UnexpectedError, Next::OtherCredentials, Seen;

    Api Anything (307, 308), [], [] => Redirected, Next::Later, Seen;
    Api Anything (300, 399), [], [] => Redirected, Next::ReadFirst, Documented;
    Api Anything (401, 401), [], [] => TokenRejected, Next::NewToken, Seen;
    Api Anything (429, 429), [], [] => RateLimited, Next::Later, Documented;
    Api Anything ANY, ["99"], [] => UnexpectedError, Next::ReadFirst, Seen;
    Api Anything (403, 403), [], [&["not allowed api"]] => AccountNotAllowed, Next::NewTokenOrPark, Seen;
    Api Anything (400, 409), [], [&["useposition", "uselevel", "useusertype"]] => PlacementFeatureOff, Next::Park, Seen;
    Api Writing REFUSAL, [], [&["super administrator", "superadministrator", "super admin"]] => SuperAdministrator, Next::Park, Guessed;
    Api Writing REFUSAL, [], [&["prohibited word", "ng word", "forbidden word"]] => ProhibitedWord, Next::Park, Guessed;
    Api Creating REFUSAL, [], [SEATS] => NoSeatLeft, Next::PauseCreates, Guessed;
    Api Creating (403, 403), ["LIMIT_EXCEEDED"], [] => NoSeatLeft, Next::PauseCreates, Documented;
    Api Anything (403, 403), ["LIMIT_EXCEEDED", "OUT_OF_RANGE"], [] => LineWorksRefused, Next::Park, Documented;
    Api Anything (403, 403), ["ACCESS_DENIED"], [] => AccessDenied, Next::NewTokenOrPark, Seen;
    Api Reading (404, 410), ["ACCESS_DENIED"], [] => AccessDenied, Next::NewTokenOrPark, Seen;
    Api Anything (403, 403), ["FORBIDDEN"], [] => ScopeMissing, Next::NewTokenOrPark, Documented;
    Api Anything (404, 404), [], [&["api not exist"]] => LineWorksRefused, Next::Park, Seen;
    Api Naming (400, 409), [], [&["email", "e-mail", "login"], TAKEN] => LoginTaken, Next::LookAgain, Seen;
    Api Naming (400, 409), [], [&["externalkey", "external key"], TAKEN] => ExternalKeyTaken, Next::LookAgain, Guessed;
    Api Naming (400, 409), [], [TAKEN] => LoginTaken, Next::LookAgain, Documented;
    Api Naming (409, 409), [], [] => LoginTaken, Next::LookAgain, Documented;
    Api Writing (500, 500), ["INTERNAL_SERVER_ERROR"], [] => EditsLocked, Next::NameAfter(LASTING), Guessed;
    Api Anything (500, 599), [], [] => LineWorksFailing, Next::ReadFirst, Documented;
}

impl Place {
    /// For the document.
    pub fn words(self) -> &'static str {
        match self {
            Place::Token => "token endpoint",
            Place::Api => "API",
        }
    }
}

impl Deed {
    /// For the document.
    pub fn words(self) -> &'static str {
        match self {
            Deed::Anything => "anything",
            Deed::Reading => "reading",
            Deed::Writing => "writing",
            Deed::Naming => "writing a login or external key",
            Deed::Creating => "creating a member",
        }
    }

    fn covers(self, operation: Operation) -> bool {
        match self {
            Deed::Anything => true,
            Deed::Reading => operation.is_read(),
            Deed::Writing => !operation.is_read(),
            Deed::Naming => operation.sets_names(),
            Deed::Creating => operation.creates_a_member(),
        }
    }
}

impl Next {
    /// For the document.
    pub fn words(self) -> &'static str {
        match self {
            Next::OtherCredentials => "tries the other credentials; then waits a minute",
            Next::AskAgain => "waits a minute",
            Next::Later => "waits; nothing was done",
            Next::ReadFirst => "reads before it writes again",
            Next::NewToken => "takes a new token, once; then waits",
            Next::NewTokenOrPark => "takes a new token if the old one is from before the start; then parks",
            Next::LookAgain => "reads and plans again; then parks",
            Next::Park => "parks",
            Next::PauseCreates => "waits with all other creates; one is tried every five minutes",
            Next::NameAfter(_) => "reads before it writes again; from the third run on this is the reason it waits for",
        }
    }
}

impl Known {
    /// For the document.
    pub fn words(self) -> &'static str {
        match self {
            Known::Documented => "documented",
            Known::Seen => "seen",
            Known::Guessed => "words guessed",
        }
    }
}

impl Trap {
    fn fits(&self, status: u16, said: &Said) -> bool {
        let code = said.code.as_deref().unwrap_or_default();
        (self.status.0..=self.status.1).contains(&status)
            && (self.codes.is_empty() || self.codes.contains(&code))
            && self.texts.iter().all(|group| said.has(group))
    }

    fn counts_at_once(&self) -> bool {
        !matches!(self.next, Next::NameAfter(_))
    }
}

/// The row for an answer of the token endpoint.
pub(crate) fn of_token(status: u16, said: &Said) -> Option<&'static Trap> {
    TRAPS.iter().find(|trap| trap.place == Place::Token && trap.fits(status, said))
}

/// The row for an answer of the API.
pub(crate) fn of_api(operation: Operation, status: u16, said: &Said) -> Option<&'static Trap> {
    let fits = |trap: &&Trap| {
        trap.place == Place::Api && trap.counts_at_once() && trap.deed.covers(operation) && trap.fits(status, said)
    };
    TRAPS.iter().find(fits)
}

/// What is likely behind a call that failed the same way in run after run, while reads worked.
pub(crate) fn of_lasting(call: &CallRecord, failures: u32) -> Option<Cause> {
    let said = Said { code: call.code.clone(), ..Said::default() };
    let fits = |trap: &&Trap| {
        let lasts = matches!(trap.next, Next::NameAfter(runs) if failures >= runs);
        lasts && trap.deed.covers(call.operation) && call.status.is_some_and(|status| trap.fits(status, &said))
    };
    TRAPS.iter().find(fits).map(|trap| trap.means)
}

#[cfg(test)]
#[path = "traps_tests.rs"]
mod tests;
