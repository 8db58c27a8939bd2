#!/usr/bin/env python3
"""Promise: plot_engine.py writes to the page of the run's kind of processor, and to no other.

The tests draw the results of a small made-up run into a folder of their own, and read the pages.
"""

import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import plot_engine

RESULTS = {
    "processor": {"kind": "intel", "name": "Xeon", "family": 6, "model": 143, "flags": ["avx2"], "caches": ["L1 48K"]},
    "cores": 2,
    "keys": 1000,
    "value_bytes": 100,
    "rounds": 2,
    "seconds": 60,
    "limits": [
        {"limit": "a record at random", "unit": "CPU us", "least": 0.1, "median": 0.2, "greatest": 0.3},
        {
            "limit": "two misses", "unit": "CPU us", "least": 0.2, "median": 0.25, "greatest": 0.5,
            "workload": "get", "kvs": 0.75, "ratio": 3,
        },
    ],  # fmt: skip
    "targets": [
        {"what": "get", "measure": "of lmdb", "goal": 0.5, "at_least": False, "reached": 0.25, "met": True},
        {"what": "durable", "measure": "of raw", "goal": 0.9, "at_least": True, "reached": 0.8, "met": False},
    ],
    "results": [
        {
            "data_set": "1k keys of 100 B",
            "workload": "get",
            "engines": {"kvs": {"cpu_us": [0.5, 0.75, 1]}, "lmdb": {"cpu_us": [1, 1.5, 2]}},
        }
    ],
}
PAGE = "before\n<!-- table: begin -->\nold\n<!-- table: end -->\nafter\n"


class PlotEngineTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def draw(self, results):
        path = self.folder / "results.json"
        path.write_text(json.dumps(results), encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()):
            plot_engine.main([str(path), str(self.folder)])

    def page(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def test_figures_go_to_the_page_of_the_processor(self):
        for kind in ("amd", "intel"):
            (self.folder / f"engine-{kind}.md").write_text(PAGE, encoding="utf-8")
        self.draw(RESULTS)
        self.assertEqual(self.page("engine-amd.md"), PAGE)
        drawn = self.page("engine-intel.md")
        self.assertTrue(drawn.startswith("before\n<!--") and drawn.endswith("-->\nafter\n"), drawn)
        self.assertIn("Xeon, family 6, model 143, avx2, L1 48K.", drawn)
        self.assertIn("| get | 0.750 (0.50) | 1.50 (1.00) |", drawn)
        self.assertNotIn("old", drawn)

    def test_missing_page_is_begun_with_its_charts(self):
        self.draw(RESULTS)
        drawn = self.page("engine-intel.md")
        self.assertIn("on Intel processors", drawn)
        self.assertIn("](engine-intel-points.svg)", drawn)
        self.assertNotIn("engine-intel-open.svg", drawn)  # The run has no figures for it.
        self.assertTrue((self.folder / "engine-intel-points.svg").exists())

    def test_limits_have_a_table_with_the_ratio_of_kvs(self):
        self.draw(RESULTS)
        drawn = self.page("engine-intel.md")
        self.assertIn("| a record at random | CPU us | 0.200 | 0.100 to 0.300 | - | - | - |", drawn)
        self.assertIn("| two misses | CPU us | 0.250 | 0.200 to 0.500 | get | 0.750 | 3.00 |", drawn)

    def test_run_without_limits_has_no_table_of_them(self):
        self.draw({**RESULTS, "limits": []})
        self.assertNotIn("without a store", self.page("engine-intel.md"))

    def test_missed_goal_is_marked(self):
        self.draw(RESULTS)
        self.assertIn("| get | of lmdb | ≤ 0.500 | 0.250 | met |", self.page("engine-intel.md"))
        self.assertIn("| durable | of raw | ≥ 0.900 | 0.800 | **missed** |", self.page("engine-intel.md"))


if __name__ == "__main__":
    unittest.main()
