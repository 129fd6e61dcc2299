//! Why a field was refused: the catalogue of rules, each with its code and its sentence in English and Japanese.
//!
//! A card's caller gets these as `errors[]` of a 422, and a parked assignment keeps them in the ledger. A sentence names
//! the rule and what to do about it. It must never contain what was sent: the only variable part (`{}`) is a limit, a
//! list of allowed words or the name of a property or of a configuration key, all of them known to this program.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One bad field of a profile: where it is, which kind of rule it breaks, and what to do, in two languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// The field's JSON path, such as `user.organizations[0].orgUnits[1].orgUnitId`.
    pub field: String,
    /// The kind of rule that was broken; stable, for programs.
    pub code: FieldCode,
    /// The rule and what to do, in English; never contains the value.
    pub message: String,
    /// The same in Japanese.
    pub message_ja: String,
}

impl FieldError {
    /// A template of `okta.mapping` that does not work for a person; `why` is a word of the template engine, never of
    /// the person's.
    pub fn template_failed(field: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::new(field, &TEMPLATE_FAILED.with(why))
    }

    /// A template of `okta.mapping` that does not come to an end.
    pub fn template_endless(field: impl Into<String>) -> Self {
        Self::new(field, &TEMPLATE_ENDLESS.into())
    }

    /// A template of `okta.mapping` whose result is nothing JSON has.
    pub fn template_result(field: impl Into<String>) -> Self {
        Self::new(field, &TEMPLATE_RESULT.into())
    }

    pub(super) fn new(field: impl Into<String>, refusal: &Refusal) -> Self {
        Self {
            field: field.into(),
            code: refusal.rule.code,
            message: refusal.rule.english.replace("{}", &refusal.detail),
            message_ja: refusal.rule.japanese.replace("{}", &refusal.detail),
        }
    }
}

/// The kind of rule a field broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldCode {
    /// A required field is absent, null or blank.
    Missing,
    /// The JSON type is not the one LINE WORKS takes.
    WrongType,
    /// LINE WORKS has no such property.
    UnknownField,
    /// The property or the word exists but cannot be set here.
    NotAllowed,
    /// More characters than the limit.
    TooLong,
    /// Fewer characters than the limit.
    TooShort,
    /// More entries than the limit.
    TooMany,
    /// A character that the field does not take.
    BadCharacter,
    /// The text does not have the required shape.
    BadFormat,
    /// Two entries exclude each other.
    Conflict,
    /// The template of `okta.mapping` gives nothing that can be used for this person.
    BadTemplate,
}

impl FieldCode {
    /// The code as it is written in answers and in the ledger, such as `too_long`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::WrongType => "wrong_type",
            Self::UnknownField => "unknown_field",
            Self::NotAllowed => "not_allowed",
            Self::TooLong => "too_long",
            Self::TooShort => "too_short",
            Self::TooMany => "too_many",
            Self::BadCharacter => "bad_character",
            Self::BadFormat => "bad_format",
            Self::Conflict => "conflict",
            Self::BadTemplate => "bad_template",
        }
    }
}

impl std::fmt::Display for FieldCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rule of the catalogue; `{}` in its sentences stands for the refusal's detail.
#[derive(Debug)]
pub(super) struct Rule {
    code: FieldCode,
    english: &'static str,
    japanese: &'static str,
}

impl Rule {
    /// The refusal by this rule with its variable part, which must never come from the input.
    pub(super) fn with(&'static self, detail: impl std::fmt::Display) -> Refusal {
        Refusal { rule: self, detail: Cow::Owned(detail.to_string()) }
    }

    /// The same for the constant tables of refused properties.
    pub(super) const fn of(&'static self, detail: &'static str) -> Refusal {
        Refusal { rule: self, detail: Cow::Borrowed(detail) }
    }
}

/// A rule together with the limit or name its sentences mention.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    rule: &'static Rule,
    detail: Cow<'static, str>,
}

impl From<&'static Rule> for Refusal {
    fn from(rule: &'static Rule) -> Self {
        rule.of("")
    }
}

/// One line per rule: name, code, English, Japanese.
macro_rules! catalogue {
    ($($name:ident: $code:ident, $english:literal, $japanese:literal;)+) => {
        $(pub(super) const $name: &Rule = &Rule {
            code: FieldCode::$code,
            english: $english,
            japanese: $japanese,
        };)+

        #[cfg(test)]
        static ALL: &[&Rule] = &[$($name),+];
    };
}

catalogue! {
    MISSING: Missing,
        "is required and must not be blank; map a value to it in the card, or in okta.mapping",
        "必須項目です。空にできません。カードか okta.mapping で値を割り当ててください";
    MISSING_NAME: Missing,
        "needs lastName or firstName, at least one that is not blank",
        "lastName と firstName の少なくとも一方に空でない値を入れてください";
    MISSING_PRIVATE_EMAIL: Missing,
        "is required because lineworks.sso is off: LINE WORKS sends the invitation there; map a personal e-mail address to it, or set lineworks.password = \"admin\" (not with SCIM)",
        "lineworks.sso が無効のため必須です。招待メールの送り先になる個人のメールアドレスを割り当てるか、lineworks.password = \"admin\"(SCIM では使用不可)を設定してください";
    MISSING_LANGUAGE_NAME: Missing,
        "needs lastName or firstName in that language, or leave the entry out",
        "その言語の lastName か firstName が必要です。なければこの要素を除いてください";
    MISSING_CUSTOM_PROTOCOL: Missing,
        "is required when protocol is CUSTOM; give the messenger's name",
        "protocol が CUSTOM のときは必須です。メッセンジャーの名前を入れてください";
    MISSING_DOMAIN_ID: Missing,
        "is required in every entry when there is more than one organization",
        "organizations が複数あるときは、すべての要素で必須です";
    WRONG_TYPE: WrongType,
        "must be a JSON {}; change the type in the card, or in okta.mapping",
        "JSON の {} でなければなりません。カードか okta.mapping で型を直してください";
    CUSTOM_VALUE_TYPE: WrongType,
        "must be text, a whole number from 0, an object with text and link, or a list of one of these",
        "文字列、0 以上の整数、text と link を持つオブジェクト、またはそのいずれか一種の配列でなければなりません";
    UNKNOWN_FIELD: UnknownField,
        "is not a property LINE WORKS knows here; remove it",
        "LINE WORKS のこの場所にはない項目です。取り除いてください";
    UNKNOWN_FIELD_LIKE: UnknownField,
        "is not a property LINE WORKS knows here; did you mean {}?",
        "LINE WORKS のこの場所にはない項目です。{} ではありませんか";
    CONFIGURED: NotAllowed,
        "cannot be set per person; it comes from {} in the configuration: remove it here",
        "人ごとには指定できません。設定の {} で決まります。ここからは取り除いてください";
    REPLACED: NotAllowed,
        "is deprecated by LINE WORKS; use {} instead",
        "LINE WORKS で廃止予定の項目です。代わりに {} を使ってください";
    REPLACED_BY_ID: NotAllowed,
        "is read-only in LINE WORKS; send {} instead: an id, externalKey: and a key, or name: and a name",
        "LINE WORKS では読み取り専用の項目です。代わりに {} に ID、「externalKey:」に続けてキー、または「name:」に続けて名前を入れてください";
    BY_NAME: NotAllowed,
        "is read-only in LINE WORKS; send the name in {} as name: and the name",
        "LINE WORKS では読み取り専用の項目です。名前は {} に「name:」に続けて入れてください";
    OUTSIDE_DOMAINS: NotAllowed,
        "must be in a domain of the tenant ({}); change the address, or add its domain to lineworks.domains",
        "テナントのドメイン({})のアドレスでなければなりません。アドレスを変更するか、lineworks.domains にドメインを追加してください";
    UNMANAGED_GROUP: NotAllowed,
        "must be one of placement.managed_groups in the configuration, written as there: {}",
        "設定の placement.managed_groups にあるものを、そこに書かれているとおりに指定してください: {}";
    BY_EXTERNAL_KEY: NotAllowed,
        "is read-only in LINE WORKS; send the key in {} as externalKey: and the key",
        "LINE WORKS では読み取り専用の項目です。キーは {} に「externalKey:」に続けて入れてください";
    READ_ONLY: NotAllowed,
        "is read-only in LINE WORKS; remove it",
        "LINE WORKS では読み取り専用の項目です。取り除いてください";
    NOT_ONE_OF: NotAllowed,
        "must be one of {}",
        "次のいずれかでなければなりません: {}";
    CUSTOM_PROTOCOL_ALONE: NotAllowed,
        "is allowed only when protocol is CUSTOM; remove it or change the protocol",
        "protocol が CUSTOM のときだけ指定できます。取り除くか、protocol を変えてください";
    TOO_LONG: TooLong,
        "may have at most {} characters; shorten it",
        "{} 文字以内にしてください";
    NAMES_TOO_LONG: TooLong,
        "lastName and firstName together may have at most {} characters; shorten one of them",
        "lastName と firstName は合わせて {} 文字以内にしてください";
    LOCAL_PART_TOO_LONG: TooLong,
        "may have at most {} characters before the @; shorten it",
        "@ より前は {} 文字以内にしてください";
    DOMAIN_TOO_LONG: TooLong,
        "may have at most {} characters after the @; shorten it",
        "@ より後は {} 文字以内にしてください";
    LOCAL_PART_TOO_SHORT: TooShort,
        "needs at least {} characters before the @",
        "@ より前は {} 文字以上にしてください";
    TOO_MANY: TooMany,
        "may have at most {} entries; send fewer",
        "要素は {} 個以内にしてください";
    NAME_CHARACTER: BadCharacter,
        "has a character LINE WORKS refuses in names; the only ASCII special characters allowed are {}",
        "LINE WORKS の名前に使えない文字があります。使える半角記号は {} だけです";
    NOT_KATAKANA: BadCharacter,
        "must be full-width katakana; the prolonged sound mark, the middle dot and spaces are allowed",
        "全角カタカナで入力してください(長音、中点、空白は使えます)";
    HALF_WIDTH_KATAKANA: BadCharacter,
        "has half-width katakana; convert it to full-width katakana",
        "半角カタカナが含まれています。全角カタカナに直してください";
    PHONE_CHARACTER: BadCharacter,
        "may have only digits, + - * # P T p t ( ) and the ideographic space; remove other characters and ASCII spaces",
        "使えるのは数字、+ - * # P T p t ( ) と全角空白だけです。半角空白などは取り除いてください";
    LOCAL_PART_CHARACTER: BadCharacter,
        "may have only the letters a to z, digits, dot, hyphen and underscore before the @",
        "@ より前に使えるのは英字 a～z、数字、ドット、ハイフン、アンダースコアだけです";
    DOMAIN_CHARACTER: BadCharacter,
        "may have only the letters a to z, digits, dot, hyphen and underscore after the @",
        "@ より後に使えるのは英字 a～z、数字、ドット、ハイフン、アンダースコアだけです";
    EMAIL_CHARACTER: BadCharacter,
        "must not have spaces or control characters",
        "空白や制御文字は使えません";
    CONTROL_CHARACTER: BadCharacter,
        "must not have control characters",
        "制御文字は使えません";
    PHONE_DIGIT: BadFormat,
        "needs at least one digit",
        "数字が少なくとも一つ必要です";
    EMAIL_SHAPE: BadFormat,
        "must be an e-mail address: one @ with something before it and a domain (or LINE WORKS group) after it",
        "メールアドレスの形(@ が一つ、その前後に文字列)でなければなりません";
    LOCAL_PART_START: BadFormat,
        "must begin with a letter or a digit",
        "先頭は英字か数字でなければなりません";
    LOCAL_PART_DOTS: BadFormat,
        "must not have a dot at the end of the part before the @, nor two dots in a row",
        "@ より前の末尾にドットは使えません。ドットを続けて使うこともできません";
    DOMAIN_SHAPE: BadFormat,
        "must not begin or end the part after the @ with a dot, nor have two dots in a row",
        "@ より後の先頭と末尾にドットは使えません。ドットを続けて使うこともできません";
    DATE_SHAPE: BadFormat,
        "must be a date that exists, written YYYY-MM-DD, without a time",
        "実在する日付を YYYY-MM-DD の形で、時刻なしで入力してください";
    TIMESTAMP_SHAPE: BadFormat,
        "must be a moment written YYYY-MM-DDThh:mm:ss followed by Z or an offset such as +09:00, without fractions of a second",
        "日時を YYYY-MM-DDThh:mm:ss に Z か +09:00 のような時差を付けた形で、秒の小数なしで入力してください";
    TIME_ZONE_SHAPE: BadFormat,
        "must be the name of a time zone in the IANA database, such as Asia/Tokyo",
        "Asia/Tokyo のような IANA のタイムゾーン名でなければなりません";
    EXTERNAL_KEY_EMPTY: BadFormat,
        "has nothing after externalKey:; append the key or send the id",
        "externalKey: の後が空です。キーを続けるか、ID を入れてください";
    NAME_EMPTY: BadFormat,
        "has nothing after name:; append the name or send the id",
        "name: の後が空です。名前を続けるか、ID を入れてください";
    DOMAIN_ID_RANGE: BadFormat,
        "must be a whole number from 1 to 2147483647",
        "1 から 2147483647 までの整数でなければなりません";
    TEMPLATE_FAILED: BadTemplate,
        "its template in okta.mapping does not work for this person ({}); see it with okta-lineworks mapping test, and change the template",
        "okta.mapping のテンプレートがこの人では計算できません({})。okta-lineworks mapping test で確かめ、テンプレートを直してください";
    TEMPLATE_ENDLESS: BadTemplate,
        "its template in okta.mapping takes too many steps; make it simpler",
        "okta.mapping のテンプレートの処理が長すぎます。簡単にしてください";
    TEMPLATE_RESULT: BadTemplate,
        "its template in okta.mapping gives something that is neither text, number, true or false, list nor object; change the template",
        "okta.mapping のテンプレートの結果が、文字列、数値、真偽値、配列、オブジェクトのいずれでもありません。テンプレートを直してください";
    NOT_A_LIST: NotAllowed,
        "is a list; write {} for the one entry a template makes",
        "配列の項目です。テンプレートで一つの要素を作るときは {} と書いてください";
    TWO_PRIMARIES: Conflict,
        "has more than one entry with primary true; leave it true in one of them",
        "primary が true の要素が複数あります。一つだけにしてください";
    DUPLICATE: Conflict,
        "is named twice in the list; remove one of the entries",
        "一覧に同じものが二度あります。一方を取り除いてください";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_both_sentences_with_the_same_variable_part() {
        for rule in ALL {
            assert!(!rule.japanese.is_ascii(), "{rule:?}");
            assert_eq!(rule.english.matches("{}").count(), rule.japanese.matches("{}").count(), "{rule:?}");
        }
    }

    #[test]
    fn an_error_survives_the_ledger() {
        let error = FieldError::new("user.nickName", &TOO_LONG.with(100));
        let stored = serde_json::to_value(&error).expect("a field error is plain data");
        assert_eq!(stored["code"], error.code.as_str());
        assert_eq!(serde_json::from_value::<FieldError>(stored).expect("it was just written"), error);
        assert!(error.to_string().starts_with("user.nickName: may have at most 100 characters"));
    }
}
