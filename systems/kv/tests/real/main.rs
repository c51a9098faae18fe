//! The service on a real machine: the binary, real files, HTTP by hand.

#![expect(clippy::disallowed_methods, reason = "the real world is what is tested")]

mod binary;
mod readme;

use binary::{Directory, Service, refusal, run};
use std::io::Read;
use std::net::TcpStream;
use std::process::Command;

#[test]
fn real_writes_survive_a_kill() {
    let data = Directory::new("kill");
    let service = Service::start(&data.0, &[]);
    assert_eq!(service.put("b%C3%A4ume%2F1", "oak").body, r#"{"key":"bäume/1","version":1}"#);
    assert_eq!(service.put("apples", "1").status, 201);
    assert_eq!(service.put("apples", "2").status, 200);
    assert_eq!(service.ask("DELETE", "/v1/kv/apples", &[], "").body, r#"{"key":"apples","version":4}"#);
    service.kill();
    let service = Service::start(&data.0, &[]);
    let oak = service.get("b%C3%A4ume%2F1");
    assert!((oak.status, &*oak.body) == (200, "oak") && oak.head.contains("etag: \"1\""), "{oak:?}");
    assert_eq!(service.get("apples").status, 404);
    assert_eq!(service.put("apples", "3").body, r#"{"key":"apples","version":5}"#);
}

#[test]
fn real_log_is_compacted_and_answers_are_kept() {
    let data = Directory::new("compaction");
    let service = Service::start(&data.0, &["--compact-bytes", "2000"]);
    let first = data.log();
    let named = ["Idempotency-Key: one"];
    let answer = service.ask("PUT", "/v1/kv/once", &named, "1");
    for round in 0..100 {
        assert_eq!(service.put("k", &"v".repeat(round)).status, if round == 0 { 201 } else { 200 });
    }
    assert_ne!(data.log(), first, "a later log is in use");
    assert!(data.log().metadata().expect("it is there").len() < 5_000);
    service.kill();
    let service = Service::start(&data.0, &[]);
    assert_eq!(service.get("k").body.len(), 99);
    let again = service.ask("PUT", "/v1/kv/once", &named, "1");
    assert_eq!((again.status, &again.body), (answer.status, &answer.body));
    assert!(again.head.contains("idempotent-replayed: true"), "{again:?}");
    assert_eq!(service.ask("PUT", "/v1/kv/once", &named, "2").status, 422);
}

#[test]
fn real_torn_tail_is_cut_off() {
    let data = Directory::new("tail");
    let service = Service::start(&data.0, &[]);
    for value in ["1", "2", "3"] {
        service.put("k", value);
    }
    service.kill();
    let log = data.log();
    let bytes = std::fs::read(&log).expect("the log is there");
    std::fs::write(&log, &bytes[..bytes.len() - 1]).expect("the log can be written");
    let service = Service::start(&data.0, &[]);
    assert_eq!(service.get("k").body, "2");
    assert_eq!(service.put("k", "4").body, r#"{"key":"k","version":3}"#);
}

#[test]
fn real_damage_names_file_byte_and_way_out() {
    let data = Directory::new("damage");
    let service = Service::start(&data.0, &[]);
    for value in ["first", "second", "third"] {
        service.put("k", value);
    }
    service.kill();
    let log = data.log();
    let mut bytes = std::fs::read(&log).expect("the log is there");
    let place = bytes.windows(6).position(|window| window == b"second").expect("it stands there");
    bytes[place] ^= 1;
    std::fs::write(&log, &bytes).expect("the log can be written");
    let said = refusal(&data.0);
    let name = log.file_name().expect("a file").to_string_lossy().into_owned();
    assert!(said.contains(&format!("{name} is damaged at byte ")), "{said}");
    assert_eq!(std::fs::read(&log).expect("it is there"), bytes, "nothing was changed");
    // The way out that it names is one.
    let (_, command) = said.split_once("(truncate -s ").expect("it says how");
    let (offset, rest) = command.split_once(' ').expect("two arguments");
    assert!(rest.starts_with(&format!("{name})")), "{said}");
    let file = std::fs::File::options().write(true).open(&log).expect("it is there");
    file.set_len(offset.parse().expect("a number")).expect("it can be cut");
    let service = Service::start(&data.0, &[]);
    assert_eq!(service.get("k").body, "first");
}

#[test]
fn real_missing_and_damaged_files_are_named() {
    let data = Directory::new("missing");
    let service = Service::start(&data.0, &[]);
    service.put("k", "v");
    service.kill();
    let (log, snapshot) = (data.log(), data.0.join("snapshot"));
    let kept = std::fs::read(&snapshot).expect("it is there");
    std::fs::remove_file(&snapshot).expect("it is there");
    assert!(refusal(&data.0).contains("snapshot is damaged at byte 0: it is missing"));
    std::fs::write(&snapshot, &kept[..kept.len() - 1]).expect("it can be written");
    assert!(refusal(&data.0).contains("a part of the snapshot is not whole; restore"));
    std::fs::write(&snapshot, b"not ours").expect("it can be written");
    assert!(refusal(&data.0).contains("does not begin like a file of this version"));
    std::fs::write(&snapshot, &kept).expect("it can be written");
    let aside = data.0.join("aside");
    std::fs::rename(&log, &aside).expect("it is there");
    assert!(refusal(&data.0).contains("is damaged at byte 0: it is missing, and the snapshot needs it"));
    std::fs::rename(&aside, &log).expect("it is there");
    assert_eq!(Service::start(&data.0, &[]).get("k").body, "v");
    std::fs::remove_file(&snapshot).expect("it is there");
    std::fs::create_dir(&snapshot).expect("it can be made");
    let said = refusal(&data.0);
    assert!(said.contains(&format!("{}: cannot read the data directory: snapshot: ", data.0.display())), "{said}");
}

#[test]
fn real_directory_has_one_process() {
    let data = Directory::new("lock");
    let service = Service::start(&data.0, &[]);
    let said = refusal(&data.0);
    assert!(said.contains(&format!("{} is in use by another process", data.0.display())), "{said}");
    service.put("k", "v");
    service.kill();
    assert_eq!(Service::start(&data.0, &[]).get("k").body, "v", "the lock went with the process");
}

#[test]
fn real_nonsense_is_refused() {
    let data = Directory::new("nonsense");
    let service = Service::start(&data.0, &[]);
    let check = |method, path: &str, headers: &[&str], body: &str, status, hint: &str| {
        let answer = service.ask(method, path, headers, body);
        assert_eq!(answer.status, status, "{method} {path} {headers:?}: {answer:?}");
        assert!(answer.body.contains(hint), "{method} {path} {headers:?}: {answer:?}");
    };
    check("PUT", &format!("/v1/kv/{}", "k".repeat(513)), &[], "v", 400, "a key has 1 to 512 bytes, not 513");
    check("PUT", "/v1/kv/%FF", &[], "v", 400, "bad_request");
    for method in ["PUT", "GET", "DELETE"] {
        check(method, "/v1/kv/", &[], "", 400, "a key has 1 to 512 bytes, not 0");
        check(method, "/v1/kv/a/b", &[], "", 404, "a `/` in a key is written as %2F");
    }
    check("PUT", "/v1/kv/k", &[], &"v".repeat((1 << 20) + 1), 413, "a value has 1048576 bytes at most");
    check("PUT", "/v1/kv/k", &[], &"v".repeat(1 << 20), 201, "version");
    check("PUT", "/v1/kv/k?version=x", &[], "v", 400, "bad_request");
    check("PUT", "/v1/kv/k?version=1", &["If-Match: \"1\""], "v", 400, "at most one condition");
    check("PUT", "/v1/kv/k?version=0", &[], "v", 412, r#""version":1"#);
    check("PUT", "/v1/kv/none", &["If-Match: *"], "v", 412, "there is no such key");
    check("PUT", "/v1/kv/k", &[&format!("Idempotency-Key: {}", "i".repeat(201))], "v", 400, "1 to 200 bytes");
    check("DELETE", "/v1/kv/none", &[], "", 404, "not_found");
    check("GET", "/v1/kv/none", &[], "", 404, "not_found");
    check("GET", "/v1/kv?limit=0", &[], "", 400, "1 to 1000 keys");
    check("GET", "/v1/kv?token=xyz", &[], "", 400, "not one of ours");
    for (method, path, hint) in [
        ("PUT", "/v1/kv/k?verison=1", "unknown field `verison`, expected `version`"),
        ("DELETE", "/v1/kv/k?if_version=1&version=1", "unknown field `if_version`, expected `version`"),
        ("GET", "/v1/kv/k?version=1", "unknown field `version`, there are no fields"),
        ("GET", "/v1/kv?prefx=n", "unknown field `prefx`, expected one of `prefix`, `start`, `limit`, `token`"),
    ] {
        check(method, path, &[], "v", 400, hint);
    }
    let kept = service.ask("DELETE", "/v1/kv/k?version=1", &[], "");
    assert_eq!(kept.status, 200, "what had an unknown parameter was not done: {kept:?}");
    check("POST", "/v1/kv/k", &[], "", 405, "");
    check("GET", "/", &[], "", 404, "");
}

#[test]
fn real_pages_hold_every_key_once() {
    let data = Directory::new("pages");
    let service = Service::start(&data.0, &[]);
    for number in 0..7 {
        service.put(&format!("n%2F{number}"), "v");
    }
    service.put("other", "v");
    let (mut keys, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = service.ask("GET", &format!("/v1/kv?prefix=n/&limit=3{token}"), &[], "");
        let page: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
        keys.extend(page["keys"].as_array().expect("keys").iter().map(|key| key["key"].to_string()));
        pages += 1;
        match page["token"].as_str() {
            Some(next) => token = format!("&token={next}"),
            None => break,
        }
    }
    let expected: Vec<String> = (0..7).map(|number| format!("\"n/{number}\"")).collect();
    assert_eq!((keys, pages), (expected, 3));
}

#[test]
fn real_metrics_count() {
    let data = Directory::new("metrics");
    let service = Service::start(&data.0, &[]);
    service.put("k", "v");
    service.get("k");
    let text = service.ask("GET", "/metrics", &[], "").body;
    for line in ["kv_reads_total 1", "kv_writes_total 1", "kv_batches_total 1", "kv_keys 1", "kv_overloads_total 0"] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}

#[cfg(unix)]
#[test]
fn real_signals_end_it_in_order() {
    for name in ["-INT", "-TERM"] {
        let data = Directory::new(&format!("signal{name}"));
        let mut service = Service::start(&data.0, &[]);
        // A client that stays connected does not hold it up.
        let mut idle = TcpStream::connect(&service.address).expect("it listens");
        service.put("k", "v");
        let pid = service.process.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("there is a kill").success());
        let status = service.process.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{status}");
        assert_eq!(idle.read(&mut [0; 1]).expect("an orderly end"), 0);
    }
}

#[test]
fn a_bad_command_line_is_one_line_and_exit_2() {
    let check = |arguments: &[&str], hint: &str| {
        let output = run(arguments);
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{arguments:?}: {said}");
        assert!(said.contains(hint), "{arguments:?}: {said}");
    };
    check(&[], "the command is missing");
    check(&["serve"], "--data is missing");
    check(&["serve", "--data", "d"], "--listen is missing");
    check(&["serve", "--listen", "here", "--data", "d"], "`here` is not an address");
    check(&["serve", "--listen", "127.0.0.1:0", "--data", ""], "--data is empty");
    check(&["serve", "--listen"], "--listen");
    check(&["serve", "--port", "80"], "--port");
    check(&["serve", "serve"], "serve");
    check(&["serve", "--compact-bytes", "many"], "many");
    check(&["sail"], "sail");
    check(&["serve", "--listen", "127.0.0.1:0", "--data", "/dev/null"], "cannot use /dev/null");
}

#[test]
fn real_address_in_use_is_one_line_and_exit_2() {
    let (data, other) = (Directory::new("in-use"), Directory::new("in-use-too"));
    let service = Service::start(&data.0, &[]);
    let output = run(&["serve", "--listen", &service.address, "--data", &other.0.to_string_lossy()]);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains(&format!("cannot listen on {}", service.address)), "{said}");
}
