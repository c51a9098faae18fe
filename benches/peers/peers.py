"""What is run: the columns, the rows, and the bars that Wavetank is held to."""

import dataclasses
import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
TARGET = os.environ.get("CARGO_TARGET_DIR", str(HERE / "target"))
# madsim needs a --cfg for its whole tree, so it is built in a folder of its own.
RELEASE = TARGET + "/release/"
RELEASE_MADSIM = TARGET + "-madsim/release/"

# Column: (environment, binary).
PEERS = {
    "wavetank": ({}, RELEASE + "peer-wavetank"),
    "floor-heap": ({}, RELEASE + "peer-floor"),
    "floor-tokio": ({"FLOOR": "tokio"}, RELEASE + "peer-floor"),
    "moonpool": ({}, RELEASE + "peer-moonpool"),
    "moonpool-raw": ({"MOONPOOL": "raw"}, RELEASE + "peer-moonpool"),
    "turmoil": ({}, RELEASE + "peer-turmoil"),
    "madsim": ({}, RELEASE_MADSIM + "peer-madsim"),
    "bach": ({}, RELEASE + "peer-bach"),
    "commonware": ({}, RELEASE + "peer-commonware"),
    "simulacra": ({"DES": "simulacra"}, RELEASE + "peer-des"),
    "rt-sim": ({"DES": "rt-sim"}, RELEASE + "peer-des"),
    "simcore": ({"DES": "simcore"}, RELEASE + "peer-des"),
    "nexosim": ({"DES": "nexosim"}, RELEASE + "peer-des"),
}

# The columns that Wavetank's ratio is taken against. The floors and the bare
# engines have no sockets, no spawn inside a node or no cancellation, and
# moonpool-raw leaves out the orchestrator that a user of moonpool runs under:
# they bound an engine, they do not compete with a simulator.
SIMULATORS = ["moonpool", "turmoil", "madsim", "bach", "commonware"]

# Row: (workload, n for every peer, {peer: its own n where that n takes too long
# or too little; None leaves the peer out}).
ROWS = [
    ("echo", 50_000, {"turmoil": 2_000, "floor-heap": 1_000_000}),
    ("echo1ms", 50_000, {"floor-heap": 1_000_000}),
    ("timers", 2_000, {"floor-heap": 10_000}),
    ("spawn", 1_000_000, {"floor-heap": 20_000_000}),
    ("seeds", 10_000, {"turmoil": 500, "floor-heap": 200_000}),
    ("seeds1", 10_000, {"turmoil": 2_000, "floor-heap": 1_000_000}),
    ("seeds-nothread", 10_000, {}),
    ("idle", 500, {"turmoil": 1, "floor-heap": 10_000}),
    ("storage", 8_000, {}),
    ("storage", 64_000, {"moonpool": None, "commonware": None}),
    ("storage-faults", 8_000, {"floor-heap": None}),
    ("storage-fs", 64_000, {"floor-heap": None}),
    ("scale", 10, {}),
    ("scale", 30, {}),
    ("scale", 100, {}),
    ("scale", 200, {}),
]

# How often a row is run in each round, if not once. What is over in a millisecond says little
# of five runs: on a machine that others use too, half of them may fall into a slow second.
TIMES = {("scale", 10): 5, ("scale", 30): 5}


@dataclasses.dataclass
class Bar:
    """What Wavetank's median over the best simulator's must reach (`hard`) and
    is meant to reach (`goal`). A goal may also be another column's own rate."""

    workload: str
    n: int
    hard: float
    goal: float | None = None
    goal_column: str | None = None


BARS = [
    Bar("timers", 2_000, 3, goal_column="simulacra"),
    Bar("spawn", 1_000_000, 4, 5),
    Bar("seeds", 10_000, 8, 15),
    Bar("seeds1", 10_000, 6, 15),
    Bar("idle", 500, 6, 9),
    Bar("echo", 50_000, 4, 5),
    Bar("scale", 10, 4, 5),
    Bar("scale", 30, 4, 5),
    Bar("scale", 100, 4, 5),
    Bar("scale", 200, 2.5, 5),
]


def chosen(variable, names):
    """The comma-separated names in an environment variable, all if it is unset;
    an unknown one ends the program with status 2."""
    wanted = [x for x in os.environ.get(variable, "").split(",") if x]
    unknown = [x for x in wanted if x not in names]
    if unknown:
        raise SystemExit(misuse(f"{variable}: unknown {', '.join(unknown)}; known: {', '.join(dict.fromkeys(names))}"))
    return [x for x in dict.fromkeys(names) if not wanted or x in wanted]


def misuse(text):
    """Prints one line and returns the status of a wrong call."""
    import sys

    print(text, file=sys.stderr)
    return 2


if __name__ == "__main__":
    # For run.sh: the packages that the chosen columns need, each once.
    columns = chosen("PEERS", PEERS)
    print("\n".join(dict.fromkeys(pathlib.Path(PEERS[c][1]).name for c in columns)))
