//! What every peer binary shares: arguments, the pseudo-random stream that
//! drives the workloads, payload construction and checking, an order-sensitive
//! trace hash and the JSON line.
//!
//! Nothing in here knows about a simulator, so that no peer gets help from it.

use std::cell::Cell;
use std::time::Instant;

/// Bytes of payload in each message.
pub const MSG: usize = 64;
/// Bytes on the wire for each message: a big-endian `u32` length, then the payload.
pub const FRAME: usize = MSG + 4;
/// Bytes in each storage block.
pub const BLOCK: usize = 4096;
/// Blocks written between two syncs.
pub const SYNC_EVERY: u64 = 16;
/// Clients in the echo workload.
pub const ECHO_CLIENTS: u64 = 10;
/// Tasks in the timer workload.
pub const TIMER_TASKS: u64 = 1000;
/// Exchanges in each tiny simulation of the many-seeds workload.
pub const PINGPONG: u64 = 20;
/// Exchanges in each simulation: [`PINGPONG`] for `seeds`, one for `seeds1`
/// (which is nearly all set-up and tear-down).
pub fn pingpong(workload: &str) -> u64 {
    if workload == "seeds1" { 1 } else { PINGPONG }
}
/// Exchanges per pair of nodes in the scale workload.
pub const PAIR_EXCHANGES: u64 = 10;
/// Spawn-and-join rounds between two 1 ms sleeps in the spawn workload. (Some
/// peers refuse to run unboundedly many polls without time moving forward.)
pub const SPAWN_BATCH: u64 = 1000;
/// Nodes in the idle workload.
pub const IDLE_NODES: u64 = 3;
/// Heartbeats per node and simulated hour: one per 10 s.
pub const BEATS_PER_HOUR: u64 = 360;

/// `workload n seed`.
#[derive(Clone, Debug)]
pub struct Args {
    pub workload: String,
    pub n: u64,
    pub seed: u64,
}

impl Args {
    pub fn parse() -> Args {
        let a: Vec<String> = std::env::args().collect();
        if a.len() != 4 {
            eprintln!("usage: {} <workload> <n> <seed>", a[0]);
            std::process::exit(2);
        }
        Args { workload: a[1].clone(), n: a[2].parse().expect("n"), seed: a[3].parse().expect("seed") }
    }
}

/// What a workload hands back.
#[derive(Default)]
pub struct Outcome {
    pub ops: u64,
    pub sim_ns: Option<u64>,
    pub events: Option<u64>,
}

/// Runs `f`, timing it, and prints the JSON line. `None` means that the peer
/// cannot express the workload. `WARM=n` in the environment runs it n times
/// before that, untimed: what a process costs that has just begun is left out then.
pub fn main(peer: &str, f: impl Fn(&Args) -> Option<Outcome>) {
    let args = Args::parse();
    for _ in 0..warm_ups() {
        f(&args);
        TRACE.set(TRACE_EMPTY);
    }
    let start = Instant::now();
    let out = f(&args);
    let wall = start.elapsed().as_nanos();
    let Some(out) = out else {
        println!(r#"{{"peer":"{peer}","workload":"{}","n":{},"unsupported":true}}"#, args.workload, args.n);
        return;
    };
    let opt = |v: Option<u64>| v.map_or("null".to_string(), |v| v.to_string());
    let (count, hash) = trace_state();
    println!(
        r#"{{"peer":"{peer}","workload":"{}","n":{},"seed":{},"ops":{},"wall_ns":{wall},"sim_time_ns":{},"events":{},"peak_rss_kb":{},"traced":{count},"trace_hash":"{hash:016x}"}}"#,
        args.workload,
        args.n,
        args.seed,
        out.ops,
        opt(out.sim_ns),
        opt(out.events),
        peak_rss_kb(),
    );
}

fn warm_ups() -> u32 {
    let Ok(asked) = std::env::var("WARM") else { return 0 };
    asked.parse().unwrap_or_else(|_| {
        eprintln!("WARM={asked} is no number of runs: leave it out, or say WARM=1");
        std::process::exit(2);
    })
}

/// The high-water mark of this program's own memory. (`getrusage` will not do:
/// its maximum survives `exec`, so it would show the parent's.)
fn peak_rss_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// A xorshift64* stream, seeded through splitmix so that small seeds differ.
#[derive(Clone)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Rng((z ^ (z >> 31)) | 1)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number of milliseconds in `1..=1000`.
    pub fn millis(&mut self) -> u64 {
        (self.draw() >> 33) % 1000 + 1
    }
}

/// The wire frame of request `i` of client `who`: both numbers, then filler
/// that depends on them.
pub fn frame(who: u64, i: u64) -> [u8; FRAME] {
    let mut f = [0u8; FRAME];
    f[..4].copy_from_slice(&(MSG as u32).to_be_bytes());
    f[4..12].copy_from_slice(&who.to_le_bytes());
    f[12..20].copy_from_slice(&i.to_le_bytes());
    let mut x = who.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ i;
    for c in f[20..].chunks_exact_mut(8) {
        x = x.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(1);
        c.copy_from_slice(&x.to_le_bytes());
    }
    f
}

/// The payload length that a frame header announces; every frame here has [`MSG`].
pub fn frame_len(header: &[u8]) -> usize {
    let len = u32::from_be_bytes(header[..4].try_into().unwrap()) as usize;
    assert_eq!(len, MSG, "corrupt length");
    len
}

/// Checks an echoed payload against what was sent.
pub fn check_payload(sent: &[u8; FRAME], got: &[u8]) {
    assert_eq!(&sent[4..], got, "echoed payload differs");
}

/// Block `i`: its number, then a fixed pattern.
pub fn block(i: u64, buf: &mut [u8; BLOCK]) {
    buf[..8].copy_from_slice(&i.to_le_bytes());
}

/// The pattern that every block carries after its number.
pub fn blank_block() -> Box<[u8; BLOCK]> {
    let mut b = Box::new([0u8; BLOCK]);
    for (j, x) in b.iter_mut().enumerate() {
        *x = (j * 31 + 7) as u8;
    }
    b
}

/// Checks a block read back.
pub fn check_block(i: u64, expect: &mut [u8; BLOCK], got: &[u8]) {
    block(i, expect);
    assert!(&expect[..] == got, "block {i} differs");
}

const TRACE_EMPTY: (u64, u64) = (0, 0xcbf2_9ce4_8422_2325);

thread_local! {
    static TRACE: Cell<(u64, u64)> = const { Cell::new(TRACE_EMPTY) };
}

/// Folds one completed operation into the order-sensitive trace hash.
#[inline]
pub fn trace(sim_ns: u64, op: u64) {
    TRACE.with(|t| {
        let (n, h) = t.get();
        let h = (h ^ sim_ns).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        let h = (h ^ op).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        t.set((n + 1, h));
    });
}

/// Number of operations traced on this thread, and their hash.
pub fn trace_state() -> (u64, u64) {
    TRACE.with(|t| t.get())
}

/// Folds another thread's trace into this one (madsim's seed runner uses a
/// thread per seed).
pub fn trace_merge((n, h): (u64, u64)) {
    TRACE.with(|t| {
        let (n0, h0) = t.get();
        let m = (h0 ^ h).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        t.set((n0 + n, m));
    });
}
