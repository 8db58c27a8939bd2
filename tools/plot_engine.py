#!/usr/bin/env python3
"""Draws the results of kvs-bench. Usage: plot_engine.py RESULTS.json FOLDER

There is a page for each kind of processor, FOLDER/engine-KIND.md: amd, intel or other, as the results say. Writes its
charts, FOLDER/engine-KIND-*.svg, and the tables between its two markers. A page that is not there yet is begun.
A point is the median of the rounds, and its bar goes from the least to the greatest. Axes are logarithmic: equal
distances are equal ratios.
"""

import json
import math
import pathlib
import statistics
import sys
from typing import NamedTuple

from charts import write_page
from dot_chart import DotChart

COLOURS = {
    "kvs": "#1b7f5c",
    "lmdb": "#2b6cb0",
    "rocksdb": "#c05621",
    "leveldb": "#805ad5",
    "sled": "#b83280",
    "redb": "#c53030",
    "fjall": "#b7791f",
    "hash": "#718096",
    "raw": "#718096",
}
WORDS = {"hash": "hash table (floor)", "raw": "raw fdatasync (limit)"}
FLOORS = ("hash", "empty", "raw")


class Chart(NamedTuple):
    """One picture: rows of workloads, one figure, dots for the engines."""

    name: str
    title: str
    axis: str
    figure: str
    data_set_end: str  # Of the data set's name; empty: the large data set.
    rows: tuple        # Of workload and its words.


POINT_ROWS = (
    ("load", "load, random order"), ("get", "get"), ("get/2", "get, 2 threads"), ("mget16", "get of 16 at once, a key"),
    ("absent", "get of absent keys"), ("ycsb-a", "YCSB A"), ("ycsb-a/2", "YCSB A, 2 threads"), ("ycsb-b", "YCSB B"),
    ("ycsb-b/2", "YCSB B, 2 threads"), ("ycsb-c", "YCSB C"), ("ycsb-d", "YCSB D"), ("ycsb-e", "YCSB E"),
    ("ycsb-f", "YCSB F"),
)  # fmt: skip
SCAN_ROWS = (
    ("ycsb-e compacted", "YCSB E, compacted"),
    ("scan100", "scan of 100"), ("scan100 compacted", "scan of 100, compacted"),
    ("fullscan", "full scan, a key"), ("fullscan compacted", "full scan, compacted"),
)  # fmt: skip
VALUE_ROWS = (
    ("load", "load"), ("get", "get"), ("get/2", "get, 2 threads"), ("ycsb-a", "YCSB A"),
    ("ycsb-a/2", "YCSB A, 2 threads"), ("ycsb-b/2", "YCSB B, 2 threads"),
)  # fmt: skip
OPEN_ROWS = (
    ("reopen clean", "after a clean stop"), ("reopen killed", "after SIGKILL"),
    ("reopen unindexed", "with no saved index"),
)  # fmt: skip
DURABLE_ROWS = (("durable", "1 writer"), ("durable/8", "8 writers"), ("durable/32", "32 writers"))

CPU = "CPU µs an operation, the process's background threads included; left is better"
CHARTS = (
    Chart("points", "Sets, gets and the mixes of YCSB", CPU, "cpu_us", "", POINT_ROWS),
    Chart("scans", "Scans", CPU, "cpu_us", "", SCAN_ROWS),
    Chart("large-values", "Values of 1 kB", CPU, "cpu_us", " keys of 1k B", VALUE_ROWS),
    Chart("huge-values", "Values of 64 KiB", CPU, "cpu_us", " keys of 65536 B", VALUE_ROWS),
    Chart("durable", "Durable sets", "sets a second; right is better", "ops_per_s", ", durable", DURABLE_ROWS),
    Chart("open", "Opening, first get included", "ms; left is better", "wall_ms", "", OPEN_ROWS),
)


class Results:
    """The document that kvs-bench wrote."""

    def __init__(self, path):
        self.document = json.loads(path.read_text(encoding="utf-8"))
        self.rows = {(row["data_set"], row["workload"]): row for row in self.document["results"]}
        self.data_sets = list(dict.fromkeys(data_set for data_set, _ in self.rows))
        self.main = next((name for name in self.data_sets if "," not in name), "")

    @property
    def kind(self):
        return self.document["processor"]["kind"]

    def data_set(self, end):
        return next((name for name in self.data_sets if end and name.endswith(end)), "" if end else self.main)

    def engines(self, data_set, workload):
        row = self.rows.get((data_set, workload))
        return row["engines"] if row else {}

    def values(self, data_set, workload, engine, figure):
        return self.engines(data_set, workload).get(engine, {}).get(figure)


# ------------------------------------------------------------------------------------------------------------- drawing


def draw(chart, results):
    """The picture, or None if the run has no figures for it."""
    data_set = results.data_set(chart.data_set_end)
    rows = []
    for workload, words in chart.rows:
        cells = {}
        for engine in COLOURS:
            values = results.values(data_set, workload, engine, chart.figure)
            if values and min(values) > 0:
                cells[engine] = values
        if cells:
            rows.append((words, cells))
    if not rows:
        return None
    title = f"{chart.title}: {data_set.split(',')[0]}"
    return DotChart(title, chart.axis, COLOURS, WORDS).draw(rows)


# --------------------------------------------------------------------------------------------------------------- tables


def number(value):
    """Three digits that count, and no more zeroes than needed."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 3)}f}"


def target_table(results):
    yield "| target | measured as | goal | reached | |"
    yield "|---|---|---|---|---|"
    for row in results.document["targets"]:
        goal = ("≥ " if row["at_least"] else "≤ ") + number(row["goal"])
        verdict = "met" if row["met"] else "**missed**"
        yield f"| {row['what']} | {row['measure']} | {goal} | {number(row['reached'])} | {verdict} |"


def limit_table(results):
    yield ""
    yield "What the machine takes without a store, and how near kvs comes to it:"
    yield ""
    yield "| limit | unit | median | least to greatest | kvs | its figure | of the limit |"
    yield "|---|---|---|---|---|---|---|"
    for row in results.document["limits"]:
        spread = f"{number(row['least'])} to {number(row['greatest'])}"
        own = [row["workload"], number(row["kvs"]), number(row["ratio"])] if "ratio" in row else ["-"] * 3
        yield "| " + " | ".join([row["limit"], row["unit"], number(row["median"]), spread, *own]) + " |"


def engine_table(results, data_set, workloads, figure, words):
    """A row for each workload and a column for each engine; in brackets the ratio to the best peer."""
    shown = [name for name in workloads if results.engines(data_set, name)]
    engines = [name for name in (*COLOURS, "empty") if any(name in results.engines(data_set, row) for row in shown)]
    if not shown or not engines:
        return
    yield ""
    yield f"{words}, {data_set}:"
    yield ""
    yield "| workload | " + " | ".join(engines) + " |"
    yield "|---|" + "---|" * len(engines)
    for workload in shown:
        medians = {}
        for engine in engines:
            if values := results.values(data_set, workload, engine, figure):
                medians[engine] = statistics.median(values)
        peers = [value for engine, value in medians.items() if engine != "kvs" and engine not in FLOORS]
        best = (max(peers) if figure == "ops_per_s" else min(peers)) if peers else 0
        cells = [cell(medians.get(engine), best) for engine in engines]
        yield f"| {workload.replace('/', ', threads: ')} | " + " | ".join(cells) + " |"


def cell(median, best):
    if median is None:
        return "-"
    return f"{number(median)} ({median / best:.2f})" if best > 0 else number(median)


def processor_line(processor):
    words = [processor["name"] or "unknown", f"family {processor['family']}", f"model {processor['model']}"]
    return ", ".join([*words, *processor["flags"], *processor["caches"]]) + "."


def tables(results):
    document_ = results.document
    yield processor_line(document_["processor"])
    yield f"{document_['cores']} cores; {document_['keys']:,} keys, values of {document_['value_bytes']} bytes,"
    yield f"{document_['rounds']} rounds, {document_['seconds'] / 60:.0f} minutes. In brackets: of the best peer."
    yield ""
    yield from target_table(results)
    if results.document["limits"]:
        yield from limit_table(results)
    points = [name for name, _ in POINT_ROWS + SCAN_ROWS]
    loads = ("load",)
    for data_set in results.data_sets:
        if "," in data_set:
            continue
        yield from engine_table(results, data_set, points, "cpu_us", "CPU µs an operation")
    main = results.main
    yield from engine_table(results, main, points, "ops_per_s", "Operations a second (wall)")
    yield from engine_table(results, main, points, "p999_us", "99.9th percentile, µs")
    yield from engine_table(results, main, loads, "anonymous_per_key", "Private memory after the load, bytes a key")
    yield from engine_table(results, main, loads, "disk_per_user", "Disk after the load, of the user's bytes")
    yield from engine_table(results, main, loads, "written_per_user", "Written by the load, of the user's bytes")
    overwrite = ("overwrite",)
    for end in (", overwritten", ", overwritten, default settings"):
        space = results.data_set(end)
        yield from engine_table(results, space, overwrite, "cpu_us", "Overwritten three times, CPU µs a set")
        yield from engine_table(results, space, overwrite, "disk_peak_per_user", "Most on disk, of the user's bytes")
        yield from engine_table(results, space, overwrite, "written_per_user", "Written meanwhile, of the user's bytes")
    durable = results.data_set(", durable")
    writers = [name for name, _ in DURABLE_ROWS]
    yield from engine_table(results, durable, writers, "ops_per_s", "Durable sets a second")
    yield from engine_table(results, durable, writers, "p99_us", "99th percentile of a durable set, µs")
    yield from engine_table(results, durable, writers, "written_per_op", "Bytes to the device for a durable set")
    for end in (", under writes, no compaction", ", under writes"):
        yield from engine_table(results, results.data_set(end), ("tail",), "p999_us", "99.9th percentile of a get, µs")
    yield from engine_table(results, main, [name for name, _ in OPEN_ROWS], "wall_ms", "Opening, ms")


def main(arguments):
    results = Results(pathlib.Path(arguments[0]))
    folder = pathlib.Path(arguments[1])
    drawn = []
    for chart in CHARTS:
        if picture := draw(chart, results):
            name = f"engine-{results.kind}-{chart.name}.svg"
            (folder / name).write_text(picture, encoding="utf-8")
            drawn.append((chart.title, name))
    page = write_page(folder, "engine", "kvs beside other embedded stores", results.kind, drawn, tables(results))
    print(f"drawn: {folder}/engine-{results.kind}-*.svg and the tables of {page}")


if __name__ == "__main__":
    main(sys.argv[1:])
