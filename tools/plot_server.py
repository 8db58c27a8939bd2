#!/usr/bin/env python3
"""Draws the results of the server bench. Usage: plot_server.py RESULTS.json FOLDER

Writes FOLDER/server-*.svg, and the tables between the two markers of FOLDER/server.md.
"""

import json
import pathlib
import sys
from typing import NamedTuple

from charts import replace_table
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


def main(arguments):
    document = json.loads(pathlib.Path(arguments[0]).read_text(encoding="utf-8"))
    folder = pathlib.Path(arguments[1])
    for picture in PICTURES:
        chart = DotChart(picture.title, picture.axis, COLOURS, WORDS)
        drawn = chart.draw(list(rows_of(document, picture.figure)))
        (folder / f"server-{picture.name}.svg").write_text(drawn, encoding="utf-8")
    pictures = [line for picture in PICTURES for line in (f"![{picture.title}](server-{picture.name}.svg)", "")]
    page = folder / "server.md"
    filled = replace_table(page.read_text(encoding="utf-8"), [*pictures, *report.lines(document)])
    page.write_text(filled, encoding="utf-8")
    print(f"drawn: {folder}/server-*.svg and the tables of {page}")


if __name__ == "__main__":
    main(sys.argv[1:])
