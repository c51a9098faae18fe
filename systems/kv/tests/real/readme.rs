//! The README's curl lines, against the binary: with curl, and by hand where there is none.

use crate::binary::{Directory, Service};
use std::process::Command;

const README: &str = include_str!("../../README.md");

/// Each curl line with the answer that stands below it.
fn lines() -> Vec<(&'static str, &'static str)> {
    let mut lines = README.lines().peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("curl ") {
            let answer = lines.next().and_then(|line| line.strip_prefix("# ")).expect("an answer below it");
            found.push((line, answer));
        }
    }
    assert!(found.len() > 8, "the README has its curl lines");
    found
}

#[test]
fn real_curl_gets_what_the_readme_says() {
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let data = Directory::new("curl");
    let service = Service::start(&data.0, &[]);
    for (line, answer) in lines() {
        let line = line.replace("127.0.0.1:8080", &service.address).replacen("curl", "curl --silent", 1);
        let output = Command::new("sh").args(["-c", &line]).output().expect("there is a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), answer, "{line}");
    }
}

#[test]
fn real_requests_by_hand_get_it_too() {
    let data = Directory::new("by-hand");
    let service = Service::start(&data.0, &[]);
    for (line, answer) in lines() {
        let (mut method, mut body, mut headers, mut path) = ("GET", "", Vec::new(), "");
        let words = words(line);
        let mut words = words.iter().skip(1).map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "-X" => method = words.next().expect("a method"),
                "-H" => headers.push(words.next().expect("a header")),
                "--data-binary" => body = words.next().expect("a body"),
                url => path = url.strip_prefix("http://127.0.0.1:8080").expect("an address of ours"),
            }
        }
        assert_eq!(service.ask(method, path, &headers, body).body.trim(), answer, "{line}");
    }
}

/// The words of a shell line that quotes with single quotes only.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            character => words.last_mut().expect("there is one").push(character),
        }
    }
    words
}
