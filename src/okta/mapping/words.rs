//! The words of a template: which filters, tests, variables and methods it names, and where.
//!
//! The engine finds an unknown filter only when it comes to it, which may be one person in a thousand. This reads a
//! template that the engine has parsed already, so it need not judge the syntax.

/// What a word of a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// After a `|`.
    Filter,
    /// After an `is`.
    Test,
    /// After a dot and before a parenthesis.
    Method,
    /// Any other word that does not follow a dot.
    Name,
}

/// A word and where it begins, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) role: Role,
    pub(super) at: usize,
}

/// Every word outside of texts and comments.
pub(super) fn words(template: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some((start, end)) = next_code(template, rest) {
        words_of(template, start, end, &mut found);
        rest = end;
    }
    found
}

/// The next `{{ … }}` or `{% … %}`, without its signs.
fn next_code(template: &str, from: usize) -> Option<(usize, usize)> {
    let open = from + template.get(from..)?.find("{{").into_iter().chain(template.get(from..)?.find("{%")).min()?;
    if let Some(comment) = template.get(from..open)?.find("{#") {
        let comment = from + comment;
        return next_code(template, comment + template.get(comment..)?.find("#}")? + 2);
    }
    let close = if template[open..].starts_with("{{") { "}}" } else { "%}" };
    let start = open + 2;
    let mut quote = None;
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, c) in template[start..].char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if depth == 0 && template[start + at..].starts_with(close) => return Some((start, start + at)),
            None => match c {
                '"' | '\'' => quote = Some(c),
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
    }
    Some((start, template.len()))
}

fn words_of<'a>(template: &'a str, start: usize, end: usize, found: &mut Vec<Word<'a>>) {
    // What came before, the newest last: words and single signs.
    let mut before: Vec<&str> = Vec::new();
    let mut at = start;
    while let Some(c) = template[at..end].chars().next() {
        let length = match c {
            '"' | '\'' => text_length(&template[at..end], c),
            _ if is_word(c) => template[at..end].find(|c| !is_word(c)).unwrap_or(end - at),
            _ => c.len_utf8(),
        };
        let token = &template[at..at + length];
        if is_word(c) && !c.is_ascii_digit() {
            let called = template[at + length..end].trim_start().starts_with('(');
            if let Some(role) = role(&before, called) {
                found.push(Word { text: token, role, at });
            }
        }
        if !c.is_whitespace() {
            before.push(token);
        }
        at += length;
    }
}

fn role(before: &[&str], called: bool) -> Option<Role> {
    match before {
        [.., "loop", "."] => None,
        [.., "."] if called => Some(Role::Method),
        [.., "."] => None,
        [.., "|"] | ["filter"] => Some(Role::Filter),
        [.., "is"] | [.., "is", "not"] => Some(Role::Test),
        _ => Some(Role::Name),
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The length of a text in quotes, with the quotes.
fn text_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The line and the column, both from 1, of a place in a template.
pub(super) fn position(template: &str, at: usize) -> (usize, usize) {
    let before = template.get(..at).unwrap_or(template);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(template: &str, role: Role) -> Vec<&str> {
        words(template).into_iter().filter(|word| word.role == role).map(|word| word.text).collect()
    }

    #[test]
    fn filters_tests_and_methods_are_found_where_they_are_and_nowhere_else() {
        let template = "a|b {# {{ x|comment }} #}{{ user['a|text'] | first|join(\"x }} |no\") }}{% if app.a is not defined \
                        and app.b is odd %}{{ app.name.split('@') }}{{ loop.cycle(1) }}{{ {'k': {'v': 1|abs}} }}{% endif %}";
        assert_eq!(named(template, Role::Filter), ["first", "join", "abs"]);
        assert_eq!(named(template, Role::Test), ["not", "defined", "odd"]);
        assert_eq!(named(template, Role::Method), ["split"]);
        assert!(named(template, Role::Name).contains(&"user"));
        assert!(!named(template, Role::Name).contains(&"name"));
    }

    #[test]
    fn a_position_counts_lines_and_letters() {
        assert_eq!(position("あ{{", 3), (1, 2));
        assert_eq!(position("a\n海|b", 6), (2, 3));
    }
}
