"""Compares Wavetank's medians with the best other simulator's of the same run."""

import dataclasses
import statistics

from peers import BARS, ROWS, SIMULATORS
from tables import by_cell, human, rates


@dataclasses.dataclass
class Verdict:
    """`lines` is the markdown; `missed` names each hard bar that is not reached;
    `judged` counts the bars that had both sides."""

    lines: list
    missed: list
    judged: int


def goal_text(bar, ours, ratio, medians):
    """Whether the goal is reached; a goal is reported, never enforced."""
    if bar.goal_column:
        other = medians.get(bar.goal_column)
        if other is None:
            return f"{bar.goal_column}'s rate: not run"
        return f"{bar.goal_column}'s {human(other)}: {'yes' if ours >= other else 'no'}"
    return f"{bar.goal:g}x: {'yes' if ratio >= bar.goal else 'no'}"


def judge(records):
    cells = by_cell(records)
    rows, missed, judged, notes = [], [], 0, []
    ran = {column for _, column in cells}
    for bar in BARS:
        row = next(i for i, (w, n, _) in enumerate(ROWS) if (w, n) == (bar.workload, bar.n))
        label = f"{bar.workload} {bar.n}" if bar.workload == "scale" else bar.workload
        medians = {c: statistics.median(rates(d)) for (r, c), d in cells.items() if r == row and rates(d)}
        if not any(r == row for r, _ in cells):
            notes.append(f"- {label}: not run")
            continue
        ours = medians.get("wavetank")
        others = {c: m for c, m in medians.items() if c in SIMULATORS}
        if ours is None or not others:
            lacking = "wavetank" if ours is None else "every other simulator"
            notes.append(f"- {label}: {lacking} has no result")
            if "wavetank" in ran and ours is None:
                missed.append(f"{label}: wavetank failed")
            elif "wavetank" in ran and any(s in ran for s in SIMULATORS):
                missed.append(f"{label}: no other simulator succeeded, so nothing was compared")
            continue
        judged += 1
        best = max(others, key=others.get)
        ratio = ours / others[best]
        if ratio < bar.hard:
            missed.append(f"{label}: {ratio:.2f}x of {best}, at least {bar.hard:g}x is due")
        rows.append(
            f"| {label} | {human(ours)} | {best} {human(others[best])} | **{ratio:.2f}x** "
            f"| {bar.hard:g}x: {'yes' if ratio >= bar.hard else 'NO'} | {goal_text(bar, ours, ratio, medians)} |"
        )
        hashes = {d["trace_hash"] for d in cells[row, "wavetank"] if "ops" in d}
        if len(hashes) > 1:
            missed.append(f"{label}: wavetank gave {len(hashes)} different traces of one seed")
        failed = sum("ops" not in d for d in cells[row, "wavetank"])
        if failed:
            missed.append(f"{label}: {failed} of wavetank's runs failed")
    lines = ["Wavetank against the best other simulator of this run (medians; ratio of operations per second).", ""]
    lines += ["| workload | wavetank | best other | ratio | hard | goal |", "|---|---|---|---|---|---|", *rows, ""]
    absent = [s for s in SIMULATORS if s not in ran]
    if absent:
        notes.append(f"- simulators not in this run: {', '.join(absent)}")
    if any(d.get("quick") for d in records):
        notes.append("- reduced sizes (QUICK): these ratios are no evidence")
        missed.append("reduced sizes (QUICK) prove nothing")
    if any(d.get("warm") for d in records):
        notes.append("- each process had run its workload before (WARM): what beginning costs is left out")
        missed.append("processes that had run before (WARM) are not what the bars are about")
    return Verdict(lines + notes, missed, judged)
