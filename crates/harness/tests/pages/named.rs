//! A test that a page names, and whether it is one.

/// Whether a function of that name is a test: an attribute right above it says so.
pub(crate) fn is_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let function = format!("fn {name}(");
    let is_one = |place: &usize| {
        let above = lines[..*place].iter().rev().take_while(|line| !line.is_empty() && **line != "}");
        above.copied().any(makes_a_test)
    };
    (0..lines.len()).filter(|place| lines[*place].contains(&function)).any(|place| is_one(&place))
}

/// Whether a line is `#[test]`, or a runtime's such as `#[tokio::test(start_paused = true)]`.
fn makes_a_test(line: &str) -> bool {
    let path = line.strip_prefix("#[").and_then(|rest| rest.split(['(', ']']).next());
    path.and_then(|path| path.rsplit("::").next()) == Some("test")
}

#[test]
fn what_is_no_test_is_not_taken_for_one() {
    let check = |source: &str, is_one: bool| assert_eq!(is_test(source, "one"), is_one, "{source}");
    check("#[test]\nfn one() {}", true);
    check("/// It holds.\n#[tokio::test(flavor = \"current_thread\")]\nasync fn one() {}", true);
    check("#[test]\n#[expect(\n    clippy::a,\n    reason = \"b\"\n)]\nfn one() {}", true);
    check("fn one() {}", false);
    check("#[test]\nfn two() {}\n\nfn one() {}", false);
    check("#[test]\nfn two() {\n}\nfn one() {}", false);
    check("// As in the [test]\nfn one() {}", false);
    check("#[cfg(test)]\nfn one() {}", false);
    check("#[test]\nfn one_of_all() {}", false);
    check("fn one() {}\n\n#[test]\nfn one() {}", true);
}
