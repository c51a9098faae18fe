//! Rust source as tokens: enough to see which paths a file names.
//!
//! It knows neither types nor macros; what needs those is clippy's job.

/// A path that a file names, such as `std::fs::read` or, imported, `std::net::*`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The line, from 1.
    pub(crate) line: usize,
    /// Its parts joined by `::`.
    pub(crate) path: String,
}

/// Every path in `text`, imports spelled out, without comments, literals and items
/// under `#[cfg(test)]`.
pub(crate) fn paths(text: &str) -> Vec<Named> {
    let code = without_tests(&code_only(text));
    let tokens = tokens(&code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let import = tokens[at].text == "use" && tokens.get(at + 1).is_some_and(|next| next.text != "<");
        if import {
            at = import_tree(&tokens, at + 1, "", &mut found);
        } else if is_word(tokens[at].text) {
            let line = tokens[at].line;
            let mut path = tokens[at].text.to_owned();
            at += 1;
            while at + 1 < tokens.len() && tokens[at].text == "::" && is_word(tokens[at + 1].text) {
                path.push_str("::");
                path.push_str(tokens[at + 1].text);
                at += 2;
            }
            found.push(Named { line, path });
        } else {
            at += 1;
        }
    }
    found
}

/// `text` with comments and the insides of literals blanked; lines stay where they are.
pub(crate) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => block_comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' if raw_hashes(bytes, at).is_some() => raw_string_end(bytes, at),
            b'\'' => char_end(bytes, at),
            _ => {
                at += 1;
                continue;
            }
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("whole literals and comments are blanked, never half a character")
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut at) = (0, at);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if bytes[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// How many `#` a raw string at `at` has; nothing if none starts there.
fn raw_hashes(bytes: &[u8], at: usize) -> Option<usize> {
    let inside_word =
        at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_') && bytes[at - 1] != b'b';
    let hashes = bytes[at + 1..].iter().take_while(|&&byte| byte == b'#').count();
    (!inside_word && bytes.get(at + 1 + hashes) == Some(&b'"')).then_some(hashes)
}

fn raw_string_end(bytes: &[u8], at: usize) -> usize {
    let hashes = raw_hashes(bytes, at).unwrap_or(0);
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let from = at + hashes + 2;
    (from..bytes.len()).find(|&end| bytes[end..].starts_with(&close)).map_or(bytes.len(), |end| end + close.len())
}

/// The end of a character literal, or of the quote alone if it is a lifetime's.
fn char_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        let close = bytes[at + 3..].iter().position(|&byte| byte == b'\'');
        return close.map_or(bytes.len(), |length| at + 4 + length);
    }
    let width = match bytes.get(at + 1) {
        Some(byte) if byte.is_ascii() => 1,
        Some(byte) => byte.leading_ones() as usize,
        None => return bytes.len(),
    };
    if bytes.get(at + 1 + width) == Some(&b'\'') { at + width + 2 } else { at + 1 }
}

/// `code` with every item under `#[cfg(test)]` blanked.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        out.push_str(&rest[..start]);
        let item = &rest[start..];
        let end = item_end(item);
        out.extend(item[..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &item[end..];
    }
    out + rest
}

/// Where the item that `code` begins with is over: at its `;`, or at the brace that
/// closes its first one.
fn item_end(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

struct Token<'a> {
    line: usize,
    text: &'a str,
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut line, mut rest) = (1, code);
    while let Some(first) = rest.chars().next() {
        let length = if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        if first == '\n' {
            line += 1;
        } else if !first.is_whitespace() {
            found.push(Token { line, text: &rest[..length] });
        }
        rest = &rest[length..];
    }
    found
}

/// Spells out the tree of an import from `at`, below `prefix`; gives the place after it.
fn import_tree(tokens: &[Token<'_>], mut at: usize, prefix: &str, found: &mut Vec<Named>) -> usize {
    let mut path = prefix.to_owned();
    while let Some(token) = tokens.get(at) {
        match token.text {
            "::" => at += 1,
            // A new name changes nothing about what is imported.
            "as" => at += 2,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token.text != "}") {
                    at = import_tree(tokens, at, &path, found);
                    if tokens.get(at).is_some_and(|token| token.text == ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            word if is_word(word) || word == "*" => {
                if !path.is_empty() {
                    path.push_str("::");
                }
                path.push_str(word);
                at += 1;
            }
            _ => break,
        }
    }
    let line = tokens.get(at.saturating_sub(1)).map_or(0, |token| token.line);
    found.push(Named { line, path });
    // A stray token that no import has must still be passed.
    if tokens.get(at).is_some_and(|token| matches!(token.text, "," | "}" | ";")) { at } else { at + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> =
            paths(text).into_iter().map(|named| format!("{}:{}", named.line, named.path)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn imports_are_spelled_out() {
        check(
            "use std::{fs, net::{TcpStream as S, IpAddr}};",
            &["1:std::fs", "1:std::net::TcpStream", "1:std::net::IpAddr"],
        );
        check("use std::net::*;\nuse ::std::fs;", &["1:std::net::*", "2:std::fs"]);
    }

    #[test]
    fn paths_in_code_are_whole() {
        check("f::<u8>(std::fs::read(x))", &["1:f", "1:u8", "1:std::fs::read", "1:x"]);
    }

    #[test]
    fn comments_and_literals_say_nothing() {
        check("// a::b\n/* c /* d */ e */ \"f \\\" g\" r#\"h\"i\"# b\"j\" 'k' '\\n' '\\'' '\"' 'ü' l", &["2:b", "2:l"]);
        check("fn f<'a>(x: &'a u8) {}", &["1:fn", "1:f", "1:a", "1:x", "1:a", "1:u8"]);
    }

    #[test]
    fn a_precise_capture_is_no_import() {
        check("impl A + use<B> ;", &["1:impl", "1:A", "1:use", "1:B"]);
    }

    #[test]
    fn tests_are_left_out() {
        check("a\n#[cfg(test)]\nmod tests { fn f() { b::c } }\nd", &["1:a", "4:d"]);
        check("#[cfg(test)]\nmod tests;\nd", &["3:d"]);
    }
}
