//! The binary as a process, a directory for it, and HTTP by hand. Expects nothing of
//! the answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A running service; killed when it is dropped.
pub(crate) struct Service {
    pub(crate) process: Child,
    pub(crate) address: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Service {
    pub(crate) fn start(data: &Path, more: &[&str]) -> Service {
        let mut process = Command::new(env!("CARGO_BIN_EXE_kv"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary is built");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line).expect("text");
        let address = line.trim().strip_prefix("listening on ").expect("it says where it listens").to_string();
        Service { process, address }
    }

    /// A request with these header lines.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        // A service that refuses a body need not read it.
        let _ = stream.write_all(body.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head: head.to_string(), body: body.to_string() }
    }

    pub(crate) fn put(&self, key: &str, value: &str) -> Answer {
        self.ask("PUT", &format!("/v1/kv/{key}"), &[], value)
    }

    pub(crate) fn get(&self, key: &str) -> Answer {
        self.ask("GET", &format!("/v1/kv/{key}"), &[], "")
    }

    pub(crate) fn kill(mut self) {
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

/// A directory of a test's own, gone when it is dropped.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Directory {
        Directory(std::env::temp_dir().join(format!("kv-{name}-{}", std::process::id())))
    }

    /// The one log that is there.
    pub(crate) fn log(&self) -> PathBuf {
        let entries = std::fs::read_dir(&self.0).expect("the directory is there");
        let mut logs = entries
            .map(|entry| entry.expect("it can be listed").path())
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log-")));
        let log = logs.next().expect("there is a log");
        assert_eq!(logs.next(), None, "there is one log");
        log
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kv")).args(arguments).output().expect("the binary is built")
}

/// What the binary says when it cannot serve `data`: one line and exit code 2.
pub(crate) fn refusal(data: &Path) -> String {
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data", &data.to_string_lossy()]);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    said
}
