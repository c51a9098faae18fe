"""Runs the built peers in interleaved rounds and prints the tables; run.sh
calls it.

Each round runs every workload on every peer once, the shortest five times, in an
order that rotates, each run in a process of its own and always with the same seed, so that
differing trace hashes show a peer that does not repeat itself. Each round runs
copies of the binaries: how a file lies in the page cache makes a short run up to
a sixth slower, and one unlucky file must not decide a table. Raw JSON lines
and the tables go to results/latest/, which is not committed.

    python3 measure.py [--check] [--from RAW]

--check ends with status 1 if a hard bar is missed; --from judges an earlier
run's raw.jsonl instead of measuring.
"""

import argparse
import json
import mmap
import os
import pathlib
import platform
import resource
import shutil
import subprocess
import sys

import ratios
import tables
from peers import HERE, PEERS, ROWS, TARGET, TIMES, chosen, misuse

ROUNDS = int(os.environ.get("ROUNDS", "7"))
QUICK = bool(os.environ.get("QUICK"))
# Runs before the timed one in each process; the peers read it themselves.
WARM = os.environ.get("WARM", "0")
SEED = os.environ.get("SEED", "1")
TIMEOUT_S = 300
LATEST = HERE / "results" / "latest"


def run(binary, peer, workload, n):
    """One process: its JSON line, or why there is none."""
    env, _ = PEERS[peer]
    bring_back(binary)
    before = major_faults()
    try:
        p = subprocess.run(
            [binary, workload, str(n), SEED],
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"over {TIMEOUT_S} s"}
    if p.returncode != 0:
        return {"failed": (p.stderr.strip().splitlines() or ["?"])[-1][:200]}
    return json.loads(p.stdout.strip().splitlines()[-1]) | {"major_faults": major_faults() - before}


def bring_back(file):
    """Has all of a file in the page cache, by a look at each of its pages. Machines that give
    memory back drop it within half a minute, and a process that comes upon the gap waits for
    the disk: half a millisecond, where all to all among ten nodes takes a third of one."""
    with open(file, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as pages:
        pages[:: mmap.PAGESIZE]


def major_faults():
    """How often processes that have ended waited for their files to come from the disk."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_majflt


def rotated(columns, k):
    k %= len(columns)
    return columns[k:] + columns[:k]


def processor():
    """Its name: what is fast on one is not on another."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def size(workload, n):
    if not QUICK:
        return n
    return min(n, 30) if workload == "scale" else max(n // 10, 1)


def copies(columns):
    """Each column's binary as a new file, in the page cache as a whole."""
    folder = pathlib.Path(TARGET) / "round"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    originals = {PEERS[peer][1] for peer in columns}
    fresh = {original: folder / pathlib.Path(original).name for original in originals}
    for original, copy in fresh.items():
        shutil.copy(original, copy)
    return {peer: fresh[PEERS[peer][1]] for peer in columns}


def stay_on_one_core():
    """Keeps this program and all that it starts on one core. A process that begins on a core
    which has slept takes up to 2 ms longer, and which core it gets is chance."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def measure():
    """All rounds, as a list of records; written out one by one as they come."""
    stay_on_one_core()
    columns = chosen("PEERS", PEERS)
    workloads = chosen("ONLY", [w for w, _, _ in ROWS])
    records, unsupported, machine = [], set(), processor()
    LATEST.mkdir(parents=True, exist_ok=True)
    with open(LATEST / "raw.jsonl", "w") as raw:
        for r in range(ROUNDS):
            binaries = copies(columns)
            for row, (workload, n, own) in enumerate(ROWS):
                if workload not in workloads:
                    continue
                times = TIMES.get((workload, n), 1)
                order = [peer for nth in range(times) for peer in rotated(columns, r * times + nth + row)]
                for peer in order:
                    m = own.get(peer, n)
                    if m is None or (peer, workload) in unsupported:
                        continue
                    m = size(workload, m)
                    d = run(binaries[peer], peer, workload, m)
                    if d.get("unsupported"):
                        unsupported.add((peer, workload))
                        continue
                    d |= {"column": peer, "row": row, "round": r, "n": m}
                    d |= {"quick": QUICK, "warm": int(WARM), "processor": machine}
                    raw.write(json.dumps(d) + "\n")
                    raw.flush()
                    records.append(d)
            print(f"round {r + 1}/{ROUNDS} done", file=sys.stderr)
    return records


def main():
    parser = argparse.ArgumentParser(prog="measure.py", description="Runs the peers and prints the tables.")
    parser.add_argument("--check", action="store_true", help="status 1 if a hard bar is missed")
    parser.add_argument("--from", dest="raw", metavar="RAW", help="judge an earlier raw.jsonl")
    args = parser.parse_args()
    if args.check and not args.raw and QUICK:
        return misuse("--check needs full sizes; unset QUICK")
    if not WARM.isdecimal():
        return misuse(f"WARM={WARM} is no number of runs: leave it out, or say WARM=1")
    if args.check and not args.raw and int(WARM):
        return misuse("--check needs processes that have just begun; unset WARM")
    if args.raw:
        try:
            with open(args.raw) as f:
                records = [json.loads(line) for line in f]
        except (OSError, ValueError) as e:
            return misuse(f"{args.raw}: {e}")
    else:
        records = measure()

    verdict = ratios.judge(records)
    text = "\n".join(tables.render(records) + [""] + verdict.lines)
    print(text)
    if not args.raw:
        (LATEST / "table.md").write_text(text + "\n")
    if args.check:
        for line in verdict.missed:
            print(f"missed: {line}", file=sys.stderr)
        if verdict.judged == 0:
            return misuse("--check: no bar was measured; wavetank and at least one simulator must run")
        return 1 if verdict.missed else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
