"""Instructions per operation, by valgrind (slope between two sizes, so that
start-up does not count). Run ./run.sh first, which builds the binaries; PEERS
and ONLY select as they do there."""

import json
import os
import re
import subprocess

from concurrent.futures import ThreadPoolExecutor

from peers import PEERS, chosen

COLUMNS = ["wavetank", "floor-heap", "floor-tokio", "moonpool", "moonpool-raw", "turmoil", "madsim", "bach"]
ROWS = [
    ("echo", 50, 250),
    ("echo1ms", 50, 250),
    ("timers", 5, 25),
    ("spawn", 2_000, 12_000),
    ("seeds", 10, 50),
    ("idle", 1, 3),
    ("storage", 64, 320),
]


def count(peer, workload, n):
    env, binary = PEERS[peer]
    p = subprocess.run(
        ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", binary, workload, str(n), "1"],
        env={**os.environ, **env}, capture_output=True, text=True, timeout=280,
    )
    line = [x for x in p.stdout.splitlines() if x.startswith("{")]
    if p.returncode or not line:
        return "FAIL", 0
    d = json.loads(line[-1])
    if "ops" not in d:
        return None, 0
    return int(re.search(r"I\s+refs:\s+([\d,]+)", p.stderr)[1].replace(",", "")), d["ops"]


def cell(job):
    peer, workload, small, large = job
    if (peer, workload) == ("turmoil", "idle"):
        return "too slow"
    try:
        a, ops_a = count(peer, workload, small)
        if a is None:
            return "-"
        b, ops_b = count(peer, workload, large)
        return f"{(b - a) / (ops_b - ops_a):,.0f}"
    except Exception as e:
        return f"FAIL {type(e).__name__}"


columns = chosen("PEERS", COLUMNS)
workloads = chosen("ONLY", [w for w, _, _ in ROWS])
rows = [row for row in ROWS if row[0] in workloads]
jobs = [(p, *row) for row in rows for p in columns]
with ThreadPoolExecutor(2) as pool:
    cells = dict(zip(jobs, pool.map(cell, jobs)))
print("Instructions per operation (valgrind, slope between two sizes).\n")
print("| workload | " + " | ".join(columns) + " |")
print("|---|" + "---|" * len(columns))
for row in rows:
    print(f"| {row[0]} | " + " | ".join(cells[p, *row] for p in columns) + " |")
