#!/usr/bin/env python3
"""Compares kvs-server with other servers, under the same loads, in one run. `./dev bench server` calls it.

All servers run from the beginning to the end. In each round every load visits every server, in an order that rotates,
so that a noisy minute hits all of them. docs/benchmarks/server-amd.md explains the comparison and the figures.
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple

import report
import servers

PIPELINES = (1, 16, 64)
OPERATIONS = {"get": 0, "set": 100, "mixed": 50}  # Percent of sets.
CONNECTIONS = 50
VALUE_BYTES = 100
IDLE_CONNECTIONS = servers.CONNECTIONS_MAX
IDLE_KEYS = 1_000
ALWAYS_KEYS = 10_000
REWRITE_INTERVAL_SECONDS = 0.1
REDIS_BENCHMARK_REQUESTS = {1: 60_000, 16: 400_000, 64: 600_000}  # For each second of a round.
LOAD_TIMEOUT_SECONDS = 600


class Plan(NamedTuple):
    """How much is measured."""

    keys: int
    rounds: int
    seconds: float
    open_loop_seconds: float
    generator_threads: int


FULL = Plan(keys=1_000_000, rounds=5, seconds=1.0, open_loop_seconds=5.0, generator_threads=1)
QUICK = Plan(keys=1_000_000, rounds=2, seconds=0.4, open_loop_seconds=2.0, generator_threads=1)


class Bench:
    def __init__(self, binaries, scratch, plan, kinds):
        self.binaries = binaries
        self.scratch = scratch
        self.plan = plan
        self.kinds = kinds
        self.document = {"settings": {}, "loads": [], "memory": {}, "idle": {}, "compacting": [], "always": []}

    def run(self):
        with contextlib.ExitStack() as stack:
            running = [stack.enter_context(self.start(kind)) for kind in self.kinds]
            self.document["settings"] = self.settings(running)
            for server in running:
                self.preload(server)
            self.measure_loads(running)
            self.measure_compacting([server for server in running if server.kind.has_log and server.kind.threads == 1])
            self.measure_redis_benchmark([server for server in running if server.kind.protocol == "resp"])
        self.measure_idle()
        self.measure_always()
        self.document["targets"] = [row._asdict() for row in report.judge(self.document)]
        return self.document

    def start(self, kind, folder="main"):
        return servers.Server(kind, self.binaries, self.scratch / folder)

    def settings(self, running):
        return {
            "date": datetime.datetime.now().isoformat(timespec="seconds"),
            "cores": os.cpu_count(),
            "processor": processor_name(),
            "kernel": platform.release().partition("-")[0],  # Without the name of a distribution or a host.
            "versions": servers.versions(),
            "plan": self.plan._asdict(),
            "connections": CONNECTIONS,
            "value_bytes": VALUE_BYTES,
            "commands": {server.kind.name: self.without_paths(server.command) for server in running},
        }

    def without_paths(self, command):
        words = [word.replace(f"{self.binaries}/", "").replace(str(self.scratch), "DIR") for word in command]
        return " ".join(word or "''" for word in words)

    # ------------------------------------------------------------------------------------------------------- loads

    def load_command(self, server, *options, keys=None):
        command = [self.binaries / "kvs-load", "--addr", server.address, "--protocol", server.kind.protocol]
        command += ["--keys", keys or self.plan.keys, "--value-bytes", VALUE_BYTES, *options]
        command += [] if server.kind.stores else ["--unchecked"]
        return [str(word) for word in command]

    def load(self, server, *options, keys=None, seconds=None):
        """One measurement: the figures of kvs-load."""
        seconds = seconds or self.plan.seconds
        measured = ("--server-pid", server.process.pid, "--seconds", seconds, "--warmup", seconds / 5)
        threads = ("--threads", self.plan.generator_threads)
        return json.loads(run_checked(self.load_command(server, *options, *measured, *threads, keys=keys)))

    def preload(self, server):
        run_checked(self.load_command(server, "--preload", "--pipeline", 64))
        if server.kind.stores:
            private, cached = server.private_bytes(), server.cached_bytes()
            self.document["memory"][server.kind.name] = {"private_bytes": private, "cached_bytes": cached}
        say(f"preloaded {server.kind.name}")

    def measure_loads(self, running):
        for number, server, operation, pipeline in self.visits(running, OPERATIONS):
            figures = self.load(server, "--sets", OPERATIONS[operation], "--pipeline", pipeline,
                                "--connections", CONNECTIONS)
            figures["server_cpu_us"] += server.cpu_seconds_until_rest() / figures["requests"] * 1e6
            self.note("kvs-load", server, operation, pipeline, number, figures)

    def visits(self, running, operations):
        for number in range(self.plan.rounds):
            for pipeline in PIPELINES:
                for operation in operations:
                    for server in turned(running, number):
                        yield number, server, operation, pipeline
            say(f"round {number + 1} of {self.plan.rounds}")

    def note(self, generator, server, operation, pipeline, number, figures):
        self.document["loads"].append({"generator": generator, "server": server.kind.name, "operation": operation,
                                       "pipeline": pipeline, "round": number, **figures})

    # --------------------------------------------------------------------------------------------- redis-benchmark

    def measure_redis_benchmark(self, running):
        """Reads of all rounds come before the first write, because kvs-load does not know the written values."""
        if shutil.which("redis-benchmark") is None:
            say("no redis-benchmark here: its half is left out")
            return
        say("redis-benchmark")
        for operation in ("get", "set"):
            for number, server, _, pipeline in self.visits(running, (operation,)):
                requests = int(REDIS_BENCHMARK_REQUESTS[pipeline] * self.plan.seconds)
                figures = self.redis_benchmark(server, operation, pipeline, requests)
                self.note("redis-benchmark", server, operation, pipeline, number, figures)

    def redis_benchmark(self, server, operation, pipeline, requests):
        command = ["redis-benchmark", "-h", "127.0.0.1", "-p", server.port, "-c", CONNECTIONS, "-n", requests,
                   "-P", pipeline, "-r", self.plan.keys, "-d", VALUE_BYTES, "-t", operation, "--csv"]
        from_seconds, from_cpu = time.monotonic(), server.cpu_seconds()
        lines = run_checked([str(word) for word in command]).splitlines()
        cpu, seconds = server.cpu_seconds() - from_cpu, time.monotonic() - from_seconds
        cpu += server.cpu_seconds_until_rest()
        names, values = (next_row(line) for line in lines[-2:])
        row = dict(zip(names, values))
        if row["test"] != operation.upper():
            raise RuntimeError(f"redis-benchmark said: {lines}")
        return {"requests": requests, "seconds": seconds, "requests_per_second": float(row["rps"]),
                "p50_us": float(row["p50_latency_ms"]) * 1e3, "p99_us": float(row["p99_latency_ms"]) * 1e3,
                "server_cpu_us": cpu / requests * 1e6, "server_cores": cpu / seconds}

    # -------------------------------------------------------------------------------------------------- compacting

    def measure_compacting(self, running):
        """An open loop at half of the rate of redis-aof, while each rewrites its log again and again."""
        most = report.median_of(self.document, "redis-aof", "mixed", 1, "requests_per_second")
        if most is None:
            return
        rate = int(most / 2)
        for number in range(self.plan.rounds):
            for server in turned(running, number):
                with Rewriter(server) as rewriter:
                    figures = self.load(server, "--sets", 50, "--rate", rate, "--connections", CONNECTIONS,
                                        seconds=self.plan.open_loop_seconds)
                self.document["compacting"].append({"server": server.kind.name, "round": number, "rate": rate,
                                                    "rewriting_percent": rewriter.percent(), **figures})
        say("compacting")

    # ------------------------------------------------------------------------------------------------ idle, always

    def measure_idle(self):
        """Fresh servers: memory left by an earlier load would hide the memory of connections."""
        for kind in self.kinds:
            if kind.threads > 1:
                continue
            with self.start(kind, "idle") as server:
                run_checked(self.load_command(server, "--preload", keys=IDLE_KEYS))
                self.document["idle"][kind.name] = self.hold_idle(server)
            say(f"idle connections of {kind.name}")

    def hold_idle(self, server):
        before = server.private_bytes()
        command = self.load_command(server, "--idle", "--connections", IDLE_CONNECTIONS, keys=IDLE_KEYS)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            held = json.loads(holder.stdout.readline())["idle"]
            time.sleep(2)  # Servers tidy up their buffers from time to time: Redis once a second.
            after = server.private_bytes()
            holder.stdin.close()
        return {"connections": held, "bytes_per_connection": (after - before) / held}

    def measure_always(self):
        kinds = servers.installed(servers.ALWAYS_KINDS)
        kinds = [kind for kind in kinds if kind.name in {known.name for known in self.kinds}]
        with contextlib.ExitStack() as stack:
            running = [stack.enter_context(self.start(kind, "always")) for kind in kinds]
            for server in running:
                run_checked(self.load_command(server, "--preload", "--pipeline", 64, keys=ALWAYS_KEYS))
            for number in range(self.plan.rounds):
                for server in turned(running, number):
                    figures = self.load(server, "--sets", 100, "--connections", CONNECTIONS, keys=ALWAYS_KEYS)
                    self.document["always"].append({"server": server.kind.name, "round": number, **figures})
        say("every answer waits for the disk")


class Rewriter:
    """Asks a server to rewrite its log, again as soon as it is done, until the block ends."""

    def __init__(self, server):
        self.server = server
        self.asked = 0
        self.under_way = 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.is_over.set()
        self.thread.join()

    def percent(self):
        """How often a rewrite had begun or was under way when it was asked for."""
        return 100 * self.under_way / max(1, self.asked)

    def run(self):
        while not self.is_over.wait(REWRITE_INTERVAL_SECONDS):
            answer = self.server.ask("BGREWRITEAOF")
            self.asked += 1
            self.under_way += answer.startswith("+") or "in progress" in answer


def turned(items, number):
    """The items, beginning with another one in each round."""
    return items[number % len(items):] + items[:number % len(items)] if items else []


def next_row(line):
    return [cell.strip('"') for cell in line.split(",")]


def run_checked(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LOAD_TIMEOUT_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def processor_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def say(words):
    print(f"bench: {words}", file=sys.stderr, flush=True)


def allow_many_descriptors():
    needed = IDLE_CONNECTIONS + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(f"{IDLE_CONNECTIONS} connections need {needed} descriptors; the hard limit is {hard}")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def parse_arguments(arguments):
    names = [kind.name for kind in servers.KINDS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=pathlib.Path, required=True, help="where kvs-server is")
    parser.add_argument("--dir", type=pathlib.Path, default=pathlib.Path("."), help="of the data")
    parser.add_argument("--json", type=pathlib.Path, help="where the figures go")
    parser.add_argument("--quick", action="store_true", help="two short rounds: three minutes")
    parser.add_argument("--servers", type=lambda text: text.split(","), default=names, help=",".join(names))
    parser.add_argument("--rounds", type=int, help="how often each load is measured")
    parser.add_argument("--seconds", type=float, help="of one load in one round")
    parser.add_argument("--keys", type=int, help="pairs in the store: 1,000,000")
    parser.add_argument("--generator-threads", type=int, help="of kvs-load: 1")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.servers) - set(names)
    if unknown:
        parser.error(f"no server {', '.join(sorted(unknown))}")
    return chosen


def main(arguments):
    chosen = parse_arguments(arguments)
    plan = QUICK if chosen.quick else FULL
    changed = {name: value for name in Plan._fields if (value := getattr(chosen, name, None)) is not None}
    kinds = servers.installed([kind for kind in servers.KINDS if kind.name in chosen.servers])
    allow_many_descriptors()
    with tempfile.TemporaryDirectory(prefix="kvs-bench-", dir=chosen.dir) as scratch:
        bench = Bench(chosen.binaries.resolve(), pathlib.Path(scratch).resolve(), plan._replace(**changed), kinds)
        document = bench.run()
    print("\n".join(report.lines(document)))
    if chosen.json:
        chosen.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
