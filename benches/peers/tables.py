"""Turns the records of a run into markdown tables."""

import collections
import statistics

from peers import PEERS, ROWS


def human(x):
    for unit, div in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if x >= div:
            return f"{x / div:.3g} {unit}"
    return f"{x:.3g}"


def rates(runs):
    """Operations per second of the runs that succeeded."""
    return [d["ops"] / d["wall_ns"] * 1e9 for d in runs if "ops" in d]


def by_cell(records):
    """Records by (row, column)."""
    cells = collections.defaultdict(list)
    for d in records:
        cells[d["row"], d["column"]].append(d)
    return cells


def rate_cell(runs, n, shown_n):
    ok = rates(runs)
    if not ok:
        return "FAIL: " + runs[0]["failed"]
    text = f"**{human(statistics.median(ok))}** ({human(min(ok))}..{human(max(ok))})"
    if n != shown_n:
        text += f" (n={n:,})"
    if len(ok) < len(runs):
        text += f" ({len(runs) - len(ok)} runs failed)"
    return text


def table(title, head, rows):
    return [title, "", "| workload | n | " + " | ".join(head) + " |", "|---|---|" + "---|" * len(head), *rows, ""]


def render(records):
    """The lines of the three tables and of the repeatability note."""
    cells = by_cell(records)
    head = [p for p in PEERS if any(column == p for _, column in cells)]
    rate_rows, ns_rows, rss_rows, differing = [], [], [], []
    for row, (workload, n, own) in enumerate(ROWS):
        present = [cells[row, p] for p in head if cells.get((row, p))]
        if not present:
            continue
        # Under QUICK the sizes that ran are not the row's.
        shown_n = next((d["n"] for p in head if p not in own for d in cells.get((row, p), [])), n)
        rate, ns, rss = [], [], []
        for peer in head:
            runs = cells.get((row, peer), [])
            ok = [d for d in runs if "ops" in d]
            rate.append(rate_cell(runs, runs[0]["n"], shown_n) if runs else "-")
            ns.append(f"{statistics.median(d['wall_ns'] / d['ops'] for d in ok):,.0f}" if ok else "-")
            rss.append(f"{statistics.median(d['peak_rss_kb'] for d in ok) / 1024:.1f}" if ok else "-")
            hashes = {d["trace_hash"] for d in ok}
            if len(hashes) > 1:
                differing.append(f"- {peer} {workload} n={runs[0]['n']}: {len(hashes)} different traces in {len(ok)} runs")
        for rows, texts in ((rate_rows, rate), (ns_rows, ns), (rss_rows, rss)):
            rows.append(f"| {workload} | {shown_n:,} | " + " | ".join(texts) + " |")
    rounds = 1 + max((d["round"] for d in records), default=-1)
    machines = sorted({d["processor"] for d in records if "processor" in d})
    out = [f"On: {', '.join(machines)}.", ""] if machines else []
    out += table("Median operations per second (min..max); `n=` where a peer ran another size than the row's.", head, rate_rows)
    out += table("Median nanoseconds per operation.", head, ns_rows)
    out += table("Median peak RSS in MiB (same sizes).", head, rss_rows)
    out += [f"Repeatability over {rounds} rounds with the same seed:"]
    return out + (differing or ["- every peer gave the same trace hash each time"])
