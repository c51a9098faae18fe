//! The counter service on a real machine: the binary, real files, HTTP by hand.

#![expect(clippy::disallowed_methods, reason = "the real world is what is tested")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A running service; killed when it is dropped.
struct Service {
    process: Child,
    address: String,
}

impl Service {
    fn start(data: &Path) -> Service {
        let mut process = Command::new(env!("CARGO_BIN_EXE_counter"))
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary is built");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line).expect("text");
        let address = line.trim().strip_prefix("listening on ").expect("it says where it listens").to_string();
        Service { process, address }
    }

    /// The status line and the body of an answer.
    fn ask(&self, method: &str, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        (head.lines().next().expect("a status line").to_string(), body.to_string())
    }

    fn body(&self, method: &str, path: &str) -> String {
        let (status, body) = self.ask(method, path);
        assert_eq!(status, "HTTP/1.1 200 OK", "{body}");
        body
    }

    fn kill(mut self) {
        self.process.kill().expect("it is running");
        self.process.wait().expect("it was killed");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A directory of this test's own, gone when it is dropped.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        Directory(std::env::temp_dir().join(format!("counter-{name}-{}", std::process::id())))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn real_counters_survive_a_kill() {
    let data = Directory::new("kill");
    let service = Service::start(&data.0);
    assert_eq!(service.body("GET", "/healthz"), "ok\n");
    assert_eq!(service.body("POST", "/counters/apples/increment"), r#"{"name":"apples","value":1}"#);
    assert_eq!(service.body("POST", "/counters/apples/increment"), r#"{"name":"apples","value":2}"#);
    assert_eq!(service.body("POST", "/counters/b%C3%A4ume/increment"), r#"{"name":"bäume","value":1}"#);
    service.kill();
    let service = Service::start(&data.0);
    assert_eq!(service.body("GET", "/counters/apples"), r#"{"name":"apples","value":2}"#);
    assert_eq!(service.body("GET", "/counters/b%C3%A4ume"), r#"{"name":"bäume","value":1}"#);
    assert_eq!(service.body("GET", "/counters/pears"), r#"{"name":"pears","value":0}"#);
}

#[test]
fn real_data_is_one_process_s_own() {
    let data = Directory::new("own");
    let service = Service::start(&data.0);
    let mut second = Command::new(env!("CARGO_BIN_EXE_counter"));
    second.args(["--listen", "127.0.0.1:0", "--data"]).arg(&data.0);
    let refused = second.output().expect("the binary is built");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is in use by another process"), "{refused:?}");
    service.kill();
    assert_eq!(Service::start(&data.0).body("GET", "/counters/apples"), r#"{"name":"apples","value":0}"#);
}

#[test]
fn real_torn_tail_is_cut_off() {
    let data = Directory::new("tail");
    let service = Service::start(&data.0);
    for _ in 0..3 {
        service.body("POST", "/counters/apples/increment");
    }
    service.kill();
    let log = data.0.join("counters.log");
    let bytes = std::fs::read(&log).expect("the log is there");
    std::fs::write(&log, &bytes[..bytes.len() - 1]).expect("the log can be written");
    let service = Service::start(&data.0);
    assert_eq!(service.body("GET", "/counters/apples"), r#"{"name":"apples","value":2}"#);
    assert_eq!(service.body("POST", "/counters/apples/increment"), r#"{"name":"apples","value":3}"#);
}

#[test]
fn real_data_of_somebody_else_is_named_and_left_alone() {
    let data = Directory::new("foreign");
    std::fs::create_dir_all(&data.0).expect("it can be made");
    let log = data.0.join("counters.log");
    let refusal = || {
        let output = run(&["--listen", "127.0.0.1:0", "--data", &data.0.to_string_lossy()]);
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains(&format!("{}: ", data.0.display())), "{said}");
        said
    };
    std::fs::write(&log, b"{\"apples\": 7}").expect("it can be written");
    assert!(refusal().contains("counters.log: this is no log of counters"));
    assert_eq!(std::fs::read(&log).expect("it is there"), b"{\"apples\": 7}", "nothing was changed");
    std::fs::remove_file(&log).expect("it is there");
    std::fs::create_dir(&log).expect("it can be made");
    assert!(refusal().contains("counters.log: is a directory"));
}

#[test]
fn real_nonsense_is_refused() {
    let data = Directory::new("nonsense");
    let service = Service::start(&data.0);
    let status = |method, path: &str| service.ask(method, path).0;
    assert_eq!(status("POST", &format!("/counters/{}/increment", "n".repeat(201))), "HTTP/1.1 400 Bad Request");
    assert_eq!(status("DELETE", "/counters/apples"), "HTTP/1.1 405 Method Not Allowed");
    assert_eq!(status("GET", "/"), "HTTP/1.1 404 Not Found");
}

#[cfg(unix)]
#[test]
fn real_interrupt_ends_it_in_order() {
    let data = Directory::new("interrupt");
    let mut service = Service::start(&data.0);
    // A client that stays connected does not hold it up.
    let mut idle = TcpStream::connect(&service.address).expect("it listens");
    service.body("POST", "/counters/apples/increment");
    let pid = service.process.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("there is a kill").success());
    let status = service.process.wait().expect("it ends");
    assert_eq!(status.code(), Some(0), "{status}");
    assert_eq!(idle.read(&mut [0; 1]).expect("an orderly end"), 0);
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_counter")).args(arguments).output().expect("the binary is built")
}

#[test]
fn a_bad_command_line_is_one_line_and_exit_2() {
    let check = |arguments: &[&str], hint: &str| {
        let output = run(arguments);
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{arguments:?}: {said}");
        assert!(said.contains(hint), "{arguments:?}: {said}");
    };
    check(&[], "--listen is missing");
    check(&["--listen", "127.0.0.1:0"], "--data is missing");
    check(&["--listen", "here", "--data", "d"], "`here` is not an address");
    check(&["--listen", "127.0.0.1:0", "--data", ""], "--data is empty");
    check(&["--listen"], "--listen");
    check(&["--port", "80"], "--port");
    check(&["serve"], "serve");
}

#[test]
fn real_address_in_use_is_one_line_and_exit_1() {
    let (data, other) = (Directory::new("in-use"), Directory::new("in-use-too"));
    let service = Service::start(&data.0);
    let output = run(&["--listen", &service.address, "--data", &other.0.to_string_lossy()]);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains(&format!("cannot listen on {}", service.address)), "{said}");
}
