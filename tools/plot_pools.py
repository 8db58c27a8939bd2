#!/usr/bin/env python3
"""Draws the results of bench_pools. Usage: plot_pools.py RESULTS.json FOLDER

Writes FOLDER/pools-write.svg and FOLDER/pools-read.svg, and the table between the two markers of FOLDER/pools.md. A
point is the median of the repetitions, and its bar goes from the least to the greatest.
"""

import json
import pathlib
import re
import statistics
import sys
from typing import NamedTuple

from charts import circle, document, line, replace_table, round_up, spread_labels, text

REQUESTS_PER_ROUND = 1000
COLOURS = {
    "direct_kvstore": "#1b7f5c",
    "queued_kvstore": "#2b6cb0",
    "stealing_kvstore": "#c05621",
    "stealing_sled": "#805ad5",
    "naive_kvstore": "#718096",
}
WIDTH, HEIGHT = 940, 400
PANEL_WIDTH, PANEL_HEIGHT, TOP = 360, 270, 70


class Point(NamedTuple):
    """One variant at one number of threads."""

    threads: int
    requests_per_second: list
    cpu_us_per_request: list


def read_results(path):
    """Answers {operation: {variant: [Point]}} and the context that Google Benchmark noted."""
    document = json.loads(path.read_text(encoding="utf-8"))
    runs = {}
    for run in document["benchmarks"]:
        if run.get("run_type") != "iteration" or run.get("error_occurred"):
            continue
        operation, variant, threads = re.match(r"(write|read)_(\w+)/threads:(\d+)", run["name"]).groups()
        seconds = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}[run["time_unit"]]
        rate = REQUESTS_PER_ROUND / (run["real_time"] * seconds)
        cpu_us = run["cpu_time"] * seconds * 1e6 / REQUESTS_PER_ROUND
        runs.setdefault((operation, variant, int(threads)), []).append((rate, cpu_us))
    results = {}
    for (operation, variant, threads), pairs in sorted(runs.items()):
        point = Point(threads, [rate for rate, _ in pairs], [cpu for _, cpu in pairs])
        results.setdefault(operation, {}).setdefault(variant, []).append(point)
    return results, document["context"]


# ------------------------------------------------------------------------------------------------------------- drawing


class Panel:
    """One chart: the number of threads to the right in even steps, a quantity upwards from zero."""

    def __init__(self, left, title, unit_divisor, variants, pick):
        self.left = left
        self.divisor = unit_divisor
        self.variants = variants
        self.pick = pick
        self.steps = sorted({point.threads for points in variants.values() for point in points})
        greatest = max(max(pick(point)) for points in variants.values() for point in points)
        self.maximum = round_up(greatest / unit_divisor)
        self.title = title

    def x(self, threads):
        share = self.steps.index(threads) / max(1, len(self.steps) - 1)
        return self.left + 18 + share * (PANEL_WIDTH - 36 - 110)

    def y(self, value):
        return TOP + PANEL_HEIGHT * (1 - value / self.divisor / self.maximum)

    def draw(self):
        yield text(self.left, TOP - 18, self.title, size=13, colour="#1a202c", weight="bold")
        right = self.left + PANEL_WIDTH - 110
        for share in range(6):
            value = self.maximum * share / 5
            height = self.y(value * self.divisor)
            yield line(self.left, height, right, height, "#e2e8f0")
            yield text(self.left - 8, height + 4, f"{value:g}", anchor="end", size=11)
        for threads in self.steps:
            yield text(self.x(threads), TOP + PANEL_HEIGHT + 18, threads, anchor="middle", size=11)
        yield text((self.left + right) / 2, TOP + PANEL_HEIGHT + 38, "server threads", anchor="middle", size=11)
        labels = []
        for variant, points in self.variants.items():
            yield from self.draw_variant(points, COLOURS[variant])
            end = statistics.median(self.pick(points[-1]))
            labels.append((self.y(end) + 4, variant.replace("_", " "), COLOURS[variant]))
        for height, words, colour in spread_labels(labels):
            yield text(right + 8, height, words, size=12, colour=colour)

    def draw_variant(self, points, colour):
        places = [(self.x(point.threads), self.y(statistics.median(self.pick(point)))) for point in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for point, (x, y) in zip(points, places):
            yield line(x, self.y(min(self.pick(point))), x, self.y(max(self.pick(point))), colour)
            yield circle(x, y, colour)


def draw(operation, variants):
    rate = Panel(60, "Requests a second, thousands", 1e3, variants, lambda point: point.requests_per_second)
    cost = Panel(540, "CPU a request, µs, clients included", 1, variants, lambda point: point.cpu_us_per_request)
    body = [text(20, 26, f"{operation.capitalize()}: 1,000 keys by 8 clients over loopback", size=15, colour="#1a202c")]
    body += list(rate.draw()) + list(cost.draw())
    return document(WIDTH, HEIGHT, body)


# --------------------------------------------------------------------------------------------------------------- table


def spread(values, digits):
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def table(results, context):
    yield f"{context['num_cpus']} cores; {context['date'][:10]}. Median (least–greatest) of the repetitions."
    yield ""
    yield "| operation | server | threads | requests/s | CPU µs/request |"
    yield "|---|---|---|---|---|"
    for operation, variants in results.items():
        for variant, points in variants.items():
            for point in points:
                rate, cost = spread(point.requests_per_second, 0), spread(point.cpu_us_per_request, 1)
                yield f"| {operation} | {variant.replace('_', ' ')} | {point.threads} | {rate} | {cost} |"


def main(arguments):
    results, context = read_results(pathlib.Path(arguments[0]))
    folder = pathlib.Path(arguments[1])
    for operation, variants in results.items():
        (folder / f"pools-{operation}.svg").write_text(draw(operation, variants), encoding="utf-8")
    page = folder / "pools.md"
    page.write_text(replace_table(page.read_text(encoding="utf-8"), table(results, context)), encoding="utf-8")
    print(f"drawn: {folder}/pools-*.svg and the table of {page}")


if __name__ == "__main__":
    main(sys.argv[1:])
