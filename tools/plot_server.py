#!/usr/bin/env python3
"""Draws the results of the server bench. Usage: plot_server.py RESULTS.json FOLDER

There is a page for each kind of processor, FOLDER/server-KIND.md: amd, intel or other, by the processor's name. Writes
its charts, FOLDER/server-KIND-*.svg, and the tables between its two markers. A page that is not there yet is begun.
"""

import json
import pathlib
import sys
from typing import NamedTuple

from charts import KINDS, write_page
from dot_chart import DotChart

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench" / "server"))
import report  # noqa: E402  The bench prints the same tables.

COLOURS = {
    "kvs": "#1b7f5c",
    "kvs-2t": "#68b89a",
    "redis-aof": "#c05621",
    "redis": "#e0a07a",
    "valkey-aof": "#b83280",
    "memcached": "#2b6cb0",
    "empty": "#718096",
}
WORDS = {"kvs-2t": "kvs, 2 threads", "empty": "empty loop, stores nothing"}


class Picture(NamedTuple):
    """One figure of all loads."""

    name: str
    title: str
    axis: str
    figure: str


PICTURES = (
    Picture("cpu", "What a request costs the server", "CPU µs a request; left is better", "server_cpu_us"),
    Picture("rate", "Requests a second", "one generator on the same machine; right is better", "requests_per_second"),
    Picture("p99", "99th percentile", "µs, from sending a request to its answer; left is better", "p99_us"),
)


def rows_of(document, figure):
    loads = [load for load in document["loads"] if load["generator"] == "kvs-load"]
    for operation in dict.fromkeys(load["operation"] for load in loads):
        for pipeline in dict.fromkeys(load["pipeline"] for load in loads):
            cells = {}
            for server in COLOURS:
                values = list(report.rounds_of(document, server, operation, pipeline, figure).values())
                if values and min(values) > 0:
                    cells[server] = values
            if cells:
                yield f"{operation}, pipeline {pipeline}", cells


def kind_of(processor):
    return next((kind for kind, maker in KINDS.items() if maker in processor), "other")


def main(arguments):
    document = json.loads(pathlib.Path(arguments[0]).read_text(encoding="utf-8"))
    folder = pathlib.Path(arguments[1])
    kind = kind_of(document["settings"]["processor"])
    drawn = []
    for picture in PICTURES:
        chart = DotChart(picture.title, picture.axis, COLOURS, WORDS)
        name = f"server-{kind}-{picture.name}.svg"
        (folder / name).write_text(chart.draw(list(rows_of(document, picture.figure))), encoding="utf-8")
        drawn.append((picture.title, name))
    page = write_page(folder, "server", "What a request costs", kind, drawn, report.lines(document))
    print(f"drawn: {folder}/server-{kind}-*.svg and the tables of {page}")


if __name__ == "__main__":
    main(sys.argv[1:])
