"""The report of a run of the server bench, as Markdown: tables of medians, ratios, and the targets.

A ratio is the median of the ratios of the rounds, each made from two measurements that were neighbours in time.
"""

import statistics
from typing import NamedTuple

YARDSTICK, CEILING = "redis-aof", "empty"
PAIR_BYTES = 116

CPU_RATIO_TO_YARDSTICK = {("get", 1): 0.80, ("set", 1): 0.68, ("get", 16): 0.30, ("set", 16): 0.30,
                          ("get", 64): 0.19, ("set", 64): 0.18}
CPU_RATIO_TO_CEILING = {("get", 1): 1.15, ("set", 1): 1.15, ("get", 16): 1.4, ("set", 16): 1.9,
                        ("get", 64): 1.9, ("set", 64): 3.0}
CPU_RATIO_OF_TWO_THREADS = 1.2
P99_RATIO_OF_TWO_THREADS = 1.2
MEMORY_RATIO = 0.8
IDLE_CONNECTION_BYTES = 4_096


class Target(NamedTuple):
    """A row of the targets of kvs."""

    what: str
    goal: float
    reached: float
    at_least: bool = False  # Otherwise at most.

    def is_met(self):
        return self.reached >= self.goal if self.at_least else self.reached <= self.goal


# ------------------------------------------------------------------------------------------------------------ figures


def rounds_of(document, server, operation, pipeline, figure, generator="kvs-load"):
    """The figure in each round, by number."""
    wanted = (generator, server, operation, pipeline)
    return {
        load["round"]: load[figure]
        for load in document["loads"]
        if (load["generator"], load["server"], load["operation"], load["pipeline"]) == wanted and figure in load
    }


def median_of(document, *cell, **options):
    values = rounds_of(document, *cell, **options).values()
    return statistics.median(values) if values else None


def ratio_of(over, under):
    """Median of the ratios of two figures by round; None if they have no round in common."""
    ratios = [over[number] / under[number] for number in over if under.get(number)]
    return statistics.median(ratios) if ratios else None


def ratio_to(document, server, other, operation, pipeline, figure, **options):
    return ratio_of(rounds_of(document, server, operation, pipeline, figure, **options),
                    rounds_of(document, other, operation, pipeline, figure, **options))


def by_round(rows, server, figure):
    return {row["round"]: row[figure] for row in rows if row["server"] == server}


# ------------------------------------------------------------------------------------------------------------ targets


def judge(document):
    """The rows for which this run has the figures."""
    rows = [*judge_cpu(document), *judge_latency(document), *judge_memory(document), *judge_always(document)]
    return [row for row in rows if row.reached is not None]


def judge_cpu(document):
    for (operation, pipeline), goal in CPU_RATIO_TO_YARDSTICK.items():
        reached = ratio_to(document, "kvs", YARDSTICK, operation, pipeline, "server_cpu_us")
        yield Target(f"CPU of redis-aof: {operation}, pipeline {pipeline}", goal, reached)
    for (operation, pipeline), goal in CPU_RATIO_TO_CEILING.items():
        reached = ratio_to(document, "kvs", CEILING, operation, pipeline, "server_cpu_us")
        yield Target(f"CPU of the empty loop: {operation}, pipeline {pipeline}", goal, reached)
    for operation, pipeline in CPU_RATIO_TO_YARDSTICK:
        reached = ratio_to(document, "kvs-2t", "kvs", operation, pipeline, "server_cpu_us")
        yield Target(f"CPU with two threads of that with one: {operation}, pipeline {pipeline}",
                     CPU_RATIO_OF_TWO_THREADS, reached)


def judge_latency(document):
    for pipeline in (1, 64):
        for operation in ("get", "set"):
            reached = ratio_to(document, "kvs", YARDSTICK, operation, pipeline, "p99_us")
            yield Target(f"p99 of redis-aof: {operation}, pipeline {pipeline}", 1.0, reached)
    for operation in ("get", "set"):
        reached = ratio_to(document, "kvs-2t", YARDSTICK, operation, 1, "p99_us")
        yield Target(f"p99 of redis-aof: two threads, {operation}, pipeline 1", P99_RATIO_OF_TWO_THREADS, reached)
    rows = document["compacting"]
    reached = ratio_of(by_round(rows, "kvs", "p99_us"), by_round(rows, YARDSTICK, "p99_us"))
    yield Target("p99 of redis-aof: half its rate, compacting", 1.0, reached)


def judge_memory(document):
    memory, idle = document["memory"], document["idle"]
    if "kvs" in memory and YARDSTICK in memory:
        ours = memory["kvs"]["private_bytes"] + memory["kvs"]["cached_bytes"]
        yield Target("memory of redis-aof: a pair of 116 bytes, our page cache counted, its not", MEMORY_RATIO,
                     ours / memory[YARDSTICK]["private_bytes"])
    if "kvs" in idle:
        yield Target("bytes of an idle connection", IDLE_CONNECTION_BYTES, idle["kvs"]["bytes_per_connection"])


def judge_always(document):
    rows = document["always"]
    reached = ratio_of(by_round(rows, "kvs", "requests_per_second"), by_round(rows, YARDSTICK, "requests_per_second"))
    yield Target("requests/s of redis-aof: synced before each answer", 1.0, reached, at_least=True)


# ------------------------------------------------------------------------------------------------------------- tables


def lines(document):
    yield from settings_lines(document["settings"])
    yield from target_lines(document)
    for generator in ("kvs-load", "redis-benchmark"):
        yield from load_lines(document, generator)
    yield from memory_lines(document)
    yield from compacting_lines(document)
    yield from always_lines(document)


def settings_lines(settings):
    plan = settings["plan"]
    yield f"{settings['date'][:10]}; {settings['cores']} x {settings['processor']}, Linux {settings['kernel']}; " \
          f"{', '.join(settings['versions'].values())}."
    yield f"{plan['keys']:,} keys of 16 bytes, values of {settings['value_bytes']} bytes, {settings['connections']} " \
          f"connections; medians of {plan['rounds']} rounds of {plan['seconds']:g} s."
    yield ""
    yield "```"
    for name, command in settings["commands"].items():
        yield f"{name:13} {command}"
    yield "```"


def target_lines(document):
    if not document["targets"]:
        return
    yield from heading("Targets")
    yield from table_head("kvs in", "goal", "reached", "")
    for target in (Target(**row) for row in document["targets"]):
        bound = "at least" if target.at_least else "at most"
        verdict = "met" if target.is_met() else "**missed**"
        yield f"| {target.what} | {bound} {target.goal:g} | {number(target.reached)} | {verdict} |"


def load_lines(document, generator):
    loads = [load for load in document["loads"] if load["generator"] == generator]
    cells = dict.fromkeys((load["pipeline"], load["operation"]) for load in loads)
    for pipeline, operation in cells:
        yield from heading(f"{generator}: {operation}, pipeline {pipeline}")
        yield from table_head("server", "CPU µs/request (least–greatest)", "of redis-aof", "of empty", "requests/s",
                              "p50 µs", "p99 µs", "p99.9 µs", "cores: server", "cores: load")
        for server in dict.fromkeys(load["server"] for load in loads):
            yield load_row(document, generator, server, operation, pipeline)


def load_row(document, generator, server, operation, pipeline):
    def median(figure):
        return median_of(document, server, operation, pipeline, figure, generator=generator)

    def ratio(other):
        return ratio_to(document, server, other, operation, pipeline, "server_cpu_us", generator=generator)

    cpu = rounds_of(document, server, operation, pipeline, "server_cpu_us", generator=generator).values()
    cells = [
        server,
        f"{number(statistics.median(cpu))} ({number(min(cpu))}–{number(max(cpu))})",
        *(number(ratio(other)) for other in (YARDSTICK, CEILING)),
        whole(median("requests_per_second")),
        *(whole(median(f"{name}_us")) for name in ("p50", "p99", "p999")),
        *(number(median(f"{name}_cores")) for name in ("server", "load")),
    ]
    return f"| {' | '.join(cells)} |"


def memory_lines(document):
    yield from heading("Memory")
    yield from table_head("server", "private B/pair", "page cache of its files B/pair", "B/idle connection")
    keys = document["settings"]["plan"]["keys"]
    for server in dict.fromkeys([*document["memory"], *document["idle"]]):
        memory, idle = document["memory"].get(server), document["idle"].get(server)
        private, cached = (memory[name] / keys if memory else None for name in ("private_bytes", "cached_bytes"))
        connection = idle["bytes_per_connection"] if idle else None
        yield f"| {server} | {whole(private)} | {whole(cached)} | {whole(connection)} |"


def compacting_lines(document):
    rows = document["compacting"]
    if not rows:
        return
    rate = f"{rows[0]['rate']:,} requests/s, half of them sets"
    yield from heading(f"Compacting, at half of Redis's rate, open loop ({rate})")
    yield from table_head("server", "CPU µs/request", "p50 µs", "p99 µs", "p99.9 µs", "rewriting, % of the time")
    for server in dict.fromkeys(row["server"] for row in rows):
        medians = [statistics.median(by_round(rows, server, name).values())
                   for name in ("server_cpu_us", "p50_us", "p99_us", "p999_us", "rewriting_percent")]
        yield f"| {server} | {number(medians[0])} | {' | '.join(whole(value) for value in medians[1:])} |"


def always_lines(document):
    rows = document["always"]
    if not rows:
        return
    yield from heading("Sets, synced before each answer, pipeline 1")
    yield from table_head("server", "requests/s", "p50 µs", "p99 µs", "CPU µs/request")
    for server in dict.fromkeys(row["server"] for row in rows):
        medians = [statistics.median(by_round(rows, server, name).values())
                   for name in ("requests_per_second", "p50_us", "p99_us", "server_cpu_us")]
        yield f"| {server} | {' | '.join(whole(value) for value in medians[:3])} | {number(medians[3])} |"


def heading(words):
    yield ""
    yield f"### {words}"
    yield ""


def table_head(*cells):
    yield f"| {' | '.join(cells)} |"
    yield "|" + "---|" * len(cells)


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def whole(value):
    return "-" if value is None else f"{value:,.0f}"
