//! What the command line says of itself, and to whom: help where it is asked for, nothing to
//! who reads no further, and one line where a word is not text.

use crate::shell::run;

#[test]
fn slow_each_command_tells_of_itself() {
    let commands = [
        "sweep",
        "replay",
        "shrink",
        "trace",
        "timeline",
        "corpus",
        "list",
        "campaign",
        "campaign debugging",
        "new",
        "ci",
    ];
    for command in commands {
        for flag in ["--help", "-h"] {
            let told = run(&format!("cargo xtask {command} {flag}")).expect(0, &[]);
            assert_eq!(told.err, "", "{command} {flag}");
            assert!(told.out.starts_with(&format!("usage: cargo xtask {command} ")), "{told:?}");
            assert_eq!(run(&format!("cargo xtask help {command}")).out, told.out, "asked for in another way");
        }
    }
    run("cargo xtask help nobody").expect_refusal("no command \"nobody\"; known: ci, sweep, ");
    // Whatever stands before it, and nothing of it is done.
    let out = run("cargo xtask sweep calm --seeds 5 --help").expect(0, &["\n  --seeds N|A..B"]).out;
    assert!(!out.contains("green"), "{out}");
    let out = run("cargo xtask help").out;
    assert!(commands.iter().all(|name| out.contains(&format!("\n  {}", name.split(' ').next().expect("a word")))));
}

#[test]
fn slow_who_reads_no_further_is_told_of_no_panic() {
    for command in ["help", "ci --list", "ci --help", "sweep --help", "list"] {
        let ended = run(&format!("{{ cargo xtask {command}; echo code $? >&2; }} | true"));
        assert_eq!(ended.err, "code 0\n", "{command}");
    }
}

#[test]
fn slow_a_word_that_is_not_text_is_one_line() {
    let word = "\"$(printf '\\377')\"";
    let check = |line: &str, words: &str| run(&format!("cargo xtask {line}")).expect_refusal(words);
    check(word, "\\xFF");
    check(&format!("sweep {word}"), "\\xFF");
    check(&format!("ci {word}"), "\\xFF");
    check(&format!("sweep --bug {word}"), "--bug is not text");
}
