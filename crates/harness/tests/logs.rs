//! The logs of a run: stamped with virtual time, node and incarnation, and told only
//! where somebody asks for them.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wavetank_core::Providers;
use wavetank_harness::{Chaos, Overrides, SimContext, SimulationBuilder, with_logs};

/// A place that lines are written to and read from.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("free").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().expect("free");
        std::str::from_utf8(&bytes).expect("lines are text").lines().map(str::to_string).collect()
    }
}

fn simulation() -> SimulationBuilder {
    SimulationBuilder::new()
        .process("server", 1, |context: SimContext| async move {
            tracing::info!(target: "kv", port = 80, "serving");
            context.providers().sleep(Duration::from_secs(60)).await;
        })
        .workload("user", 2, |context: SimContext| async move {
            context.providers().sleep(Duration::from_millis(1500)).await;
            tracing::info_span!(target: "kv", "request", key = 7).in_scope(|| tracing::debug!(target: "kv", "done"));
        })
        .with_chaos(Chaos { window: Duration::from_secs(1), crashes: 1..=1, ..Chaos::none() })
}

/// The log of a run, and its digest.
fn log(filter: &str) -> (Vec<String>, wavetank_harness::Digest) {
    let page = Page::default();
    let digest = with_logs(filter, page.clone(), || simulation().run_seed(1, Overrides::new(), None).digest);
    (page.lines(), digest.expect("the filter is one"))
}

#[test]
fn a_line_has_virtual_time_node_incarnation_and_span() {
    let (mut lines, _) = log("kv=debug");
    lines[2..].sort();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert_eq!(lines[0], "    0.000000000 server.1 INFO  kv: serving port=80");
    assert!(lines[1].ends_with(" server.2 INFO  kv: serving port=80"), "{lines:#?}");
    assert_eq!(lines[2], "    1.500000000 user-0.1 DEBUG kv:request: done");
    assert_eq!(lines[3], "    1.500000000 user-1.1 DEBUG kv:request: done");
    // Everybody is restarted when it has been quiet for a while.
    assert_eq!(lines[4], "   11.500000000 server.3 INFO  kv: serving port=80");
}

#[test]
fn a_filter_chooses_and_a_log_changes_no_run() {
    let (debug, with_log) = log("kv=debug");
    let (info, _) = log("info");
    assert_eq!((debug.len(), info.len()), (5, 3));
    assert_eq!(simulation().run_seed(1, Overrides::new(), None).digest, with_log);
}

#[test]
fn a_filter_that_is_none_is_said_to_be_none() {
    let error = with_logs("kv=loudly", Page::default(), || ()).expect_err("there is no such level");
    assert_eq!(error.to_string(), "`kv=loudly` is not a log filter such as `debug` or `kv=trace,info`");
}

#[test]
fn what_is_logged_acts_on_no_terminal() {
    let page = Page::default();
    let simulation = SimulationBuilder::new().workload("user", 1, |_: SimContext| async {
        let sent = "\x1b[2Jgone\r\x07";
        tracing::info!(target: "kv", what = %sent, "one\n\t{sent}");
    });
    with_logs("kv=info", page.clone(), || simulation.run_seed(1, Overrides::new(), None)).expect("it is a filter");
    let shown = r"\u{1b}[2Jgone\r\u{7}";
    let lines = ["    0.000000000 user.1 INFO  kv: one".to_string(), format!("\t{shown} what={shown}")];
    assert_eq!(page.lines(), lines);
}
