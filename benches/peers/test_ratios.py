"""Sees the bars red and green on invented records: python3 test_ratios.py"""

import unittest

import ratios
from peers import BARS, ROWS


def record(column, workload, n, rate, trace="a", round=0):
    row = next(i for i, (w, m, _) in enumerate(ROWS) if (w, m) == (workload, n))
    return {"column": column, "row": row, "round": round, "n": n, "ops": rate, "wall_ns": 1e9,
            "peak_rss_kb": 1, "trace_hash": trace}


def everything(factor):
    """Each bar's workload, with Wavetank at `factor` times the hard bar."""
    out = []
    for b in BARS:
        out += [record("wavetank", b.workload, b.n, 100 * b.hard * factor),
                record("madsim", b.workload, b.n, 100), record("bach", b.workload, b.n, 50),
                # Not simulators: however fast, they change no ratio.
                record("simulacra", b.workload, b.n, 1e9), record("moonpool-raw", b.workload, b.n, 1e9)]
    return out


class Bars(unittest.TestCase):
    def test_exactly_at_the_bar_is_green(self):
        verdict = ratios.judge(everything(1))
        self.assertEqual((verdict.missed, verdict.judged), ([], len(BARS)))

    def test_just_below_each_bar_is_red(self):
        self.assertEqual(len(ratios.judge(everything(0.999)).missed), len(BARS))

    def test_the_best_simulator_counts(self):
        records = everything(1) + [record("commonware", "echo", 50_000, 101)]
        self.assertEqual(len(ratios.judge(records).missed), 1)

    def test_a_failed_run_of_ours_is_red(self):
        records = everything(1)
        for d in records:
            if d["column"] == "wavetank" and d["row"] == 0:
                del d["ops"]
        self.assertEqual(ratios.judge(records).missed, ["echo: wavetank failed"])

    def test_a_bar_without_another_side_is_red(self):
        records = [d for d in everything(1) if d["row"] != 0 or d["column"] not in ("madsim", "bach")]
        self.assertEqual(len(ratios.judge(records).missed), 1)

    def test_a_differing_trace_is_red(self):
        records = everything(1) + [record("wavetank", "echo", 50_000, 400, trace="b", round=1)]
        self.assertEqual(len(ratios.judge(records).missed), 1)

    def test_a_missed_goal_is_only_reported(self):
        verdict = ratios.judge(everything(1))
        self.assertTrue(any("5x: no" in line for line in verdict.lines))
        self.assertEqual(verdict.missed, [])

    def test_reduced_sizes_prove_nothing(self):
        records = [d | {"quick": True} for d in everything(9)]
        self.assertEqual(len(ratios.judge(records).missed), 1)

    def test_a_process_that_has_run_before_meets_no_bar(self):
        verdict = ratios.judge([d | {"warm": 1} for d in everything(9)])
        self.assertEqual(len(verdict.missed), 1)
        self.assertTrue(any("(WARM)" in line for line in verdict.lines))


if __name__ == "__main__":
    unittest.main()
