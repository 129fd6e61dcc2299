//! The filter of the System Log: a small part of SCIM's grammar.
//!
//! `attr op "value"` with eq, ne, sw, ew, co, `attr pr`, `not (…)`, `and` before `or`, parentheses. Attributes are those
//! a poller needs; `published` is refused, as documented.

use serde_json::Value;

/// What can be asked about.
const ATTRIBUTES: [&str; 12] = [
    "eventType",
    "uuid",
    "severity",
    "displayMessage",
    "target.id",
    "target.type",
    "target.alternateId",
    "target.displayName",
    "actor.id",
    "outcome.result",
    "outcome.reason",
    "transaction.id",
];

/// A filter that was read.
#[derive(Debug)]
pub(super) enum Filter {
    Compare { path: String, operator: Operator, value: String },
    Present(String),
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

/// How a value is compared; letter case counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operator {
    Eq,
    Ne,
    Sw,
    Ew,
    Co,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// The text for whoever sent something that is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { tokens: tokens(text)?, at: 0 };
        let filter = reader.or()?;
        match reader.tokens.get(reader.at) {
            None => Ok(filter),
            Some(_) => Err("there is more after the end of the filter".to_owned()),
        }
    }

    /// Whether an event in the log's form passes.
    pub(super) fn passes(&self, event: &Value) -> bool {
        match self {
            Self::Compare { path, operator, value } => match operator {
                Operator::Ne => !values(event, path).contains(&value.as_str()),
                Operator::Eq => values(event, path).contains(&value.as_str()),
                Operator::Sw => values(event, path).iter().any(|found| found.starts_with(value)),
                Operator::Ew => values(event, path).iter().any(|found| found.ends_with(value)),
                Operator::Co => values(event, path).iter().any(|found| found.contains(value)),
            },
            Self::Present(path) => !values(event, path).is_empty(),
            Self::Not(inner) => !inner.passes(event),
            Self::And(left, right) => left.passes(event) && right.passes(event),
            Self::Or(left, right) => left.passes(event) || right.passes(event),
        }
    }
}

/// The texts at a path; a list gives those of all its items.
fn values<'a>(event: &'a Value, path: &str) -> Vec<&'a str> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let here = &event[first];
    match (rest, here) {
        (Some(rest), Value::Array(items)) => items.iter().filter_map(|item| item[rest].as_str()).collect(),
        (Some(rest), other) => other[rest].as_str().into_iter().collect(),
        (None, other) => other.as_str().into_iter().collect(),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '"' => {
                let mut value = String::new();
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => value.extend(letters.next()),
                        Some(other) => value.push(other),
                        None => return Err("a quoted value has no end".to_owned()),
                    }
                }
                tokens.push(Token::Text(value));
            }
            other => {
                let mut word = String::from(other);
                while let Some(next) = letters.next_if(|next| !" ()\"".contains(*next)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Filter, String> {
        let mut left = self.and()?;
        while self.takes("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, String> {
        let mut left = self.one()?;
        while self.takes("and") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, String> {
        if self.takes("not") {
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        match self.next() {
            Some(Token::Open) => {
                let inner = self.or()?;
                match self.next() {
                    Some(Token::Close) => Ok(inner),
                    _ => Err("a parenthesis is not closed".to_owned()),
                }
            }
            Some(Token::Word(path)) => self.comparison(path),
            _ => Err("an attribute is missing".to_owned()),
        }
    }

    fn comparison(&mut self, path: String) -> Result<Filter, String> {
        if !ATTRIBUTES.contains(&path.as_str()) {
            return Err("this attribute cannot be filtered by".to_owned());
        }
        let Some(Token::Word(operator)) = self.next() else {
            return Err("an operator is missing".to_owned());
        };
        let operator = match operator.to_ascii_lowercase().as_str() {
            "pr" => return Ok(Filter::Present(path)),
            "eq" => Operator::Eq,
            "ne" => Operator::Ne,
            "sw" => Operator::Sw,
            "ew" => Operator::Ew,
            "co" => Operator::Co,
            _ => return Err("this operator does not exist".to_owned()),
        };
        match self.next() {
            Some(Token::Text(value)) => Ok(Filter::Compare { path, operator, value }),
            _ => Err("a value in quotes is missing".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Filter;

    #[test]
    fn and_binds_tighter_than_or_and_parentheses_win() {
        let event = json!({"eventType": "a", "target": [{"id": "1"}, {"id": "2"}], "outcome": {"result": "SUCCESS"}});
        for (text, passes) in [
            (r#"eventType eq "a""#, true),
            (r#"eventType eq "A""#, false),
            (r#"(eventType eq "a" or eventType eq "b") and target.id eq "2""#, true),
            (r#"(eventType eq "a" or eventType eq "b") and target.id eq "3""#, false),
            (r#"eventType eq "a" or eventType eq "b" and target.id eq "3""#, true),
            (r#"not (target.id eq "1")"#, false),
            (r#"target.id ne "3" AND outcome.result sw "SUC""#, true),
            (r#"outcome.result ew "ESS" and outcome.result co "CC" and actor.id pr"#, false),
        ] {
            assert_eq!(Filter::parse(text).expect(text).passes(&event), passes, "{text}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "",
            "eventType",
            "eventType eq",
            "eventType eq a",
            r#"eventType is "a""#,
            r#"published gt "2026-01-01""#,
            r#"published eq "a""#,
            r#"(eventType eq "a""#,
            r#"eventType eq "a" eventType eq "b""#,
            r#"eventType eq "a"#,
            r#"eventType eq "a" or"#,
        ] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}
