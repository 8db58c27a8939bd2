#!/usr/bin/env python3
"""Promised: kvs keeps its promises for as long as anybody looks. ./dev reliability builds what this needs, and runs it.

Attack: the long forms of the tests. Each part runs again and again, with a seed of its own each time, until it has
tried as much as PARTS wants. Two parts run side by side. The table at the end says what was tried; the output of a part
is in its log.

Usage: run.py [--share F] [--only ROW]... [--jobs N] [--seed N] [--tests FOLDER] [--logs FOLDER]
--share 0.01 wants a hundredth of everything, and takes as much less time. A part that has failed is replayed by the
command and the variables at the end of its log.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

SEED_MAX = 2**32
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Part:
    row: str  # Of the table. Several parts may add to one.
    wanted: float
    minutes: float  # At most.
    command: list  # {tests}, {logs}, {scratch}, {seconds} and {minutes} are filled in.
    variables: dict = dataclasses.field(default_factory=dict)
    tally: str = ""  # What support/tally.h calls it.
    pattern: str = ""  # Or the figure in the output. Without both a run counts 1.


def gtest(program, pattern="*"):
    return [f"{{tests}}/{program}", f"--gtest_filter={pattern}", "--gtest_brief=1"]


def fuzzers(minutes):
    for source in sorted((REPOSITORY / "fuzz").glob("*_fuzz.cc")):
        name = source.stem.removesuffix("_fuzz")
        if name == "canary":
            continue
        command = [f"{REPOSITORY}/build/fuzz/bin/{name}_fuzz", "-max_total_time={seconds}"]
        command += [f"-artifact_prefix={{logs}}/{name}-", "{scratch}", f"{REPOSITORY}/fuzz/corpus/{name}"]
        yield Part("seconds of fuzzing", 60 * minutes, minutes, command, pattern=r"Done \d+ runs in (\d+) second")


CUT_STATES = {"KVS_CUT_STATES": "60"}
TORTURE = ["{tests}/kvs-torture", "--scratch={scratch}", "--kept={logs}/torture-kept"]
KILLS = "kill,kill-starting,kill-compacting,kill-stopping,kill-backup"

# The long ones first, so that no core is idle at the end.
PARTS = [
    Part("states after power cuts", 500e3, 30, gtest("crash_power_cut", "*/none:*/always"), CUT_STATES,
         tally="states after power cuts"),
    Part("states after power cuts", 500e3, 30, gtest("crash_power_cut", "*/interval:*WithoutReserve"), CUT_STATES,
         tally="states after power cuts"),
    Part("changes of several bytes", 1e6, 20, gtest("crash_damage", "*NoChangedBytes*"), {"KVS_CRASH_ROUNDS": "100"},
         tally="changes of several bytes"),
    Part("runs with tuning constants drawn at random", 1, 16,
         ["python3", str(REPOSITORY / "tests/tuned/run.py"), "--seconds={seconds}", "--jobs=1", "{tests}"],
         pattern=r"(\d+) runs, none"),
    Part("kills of the server, all answers modelled", 2000, 14, TORTURE + ["--dir={scratch}", f"--events={KILLS}",
         "{minutes}"], pattern=r"(\d+)\s+kills"),
    Part("kills at a file operation", 20e3, 10, gtest("crash_power_cut", "*/killed*"),
         tally="kills at a file operation"),
    Part("interleavings of threads", 20e3, 10, gtest("crash_interleaving"), {"KVS_CRASH_ROUNDS": "10"},
         tally="interleavings of threads"),
    Part("kills of a writing process", 10e3, 10, gtest("crash_kill"), tally="kills of a writing process"),
    Part("failed file operations", 50e3, 10, gtest("crash_file_fault"), tally="failed file operations"),
    Part("histories of concurrent operations", 20e3, 10, gtest("concurrency_store", "StoreHistory*"),
         tally="histories of concurrent operations"),
    Part("shortages under load", 20e3, 5, gtest("crash_refusals"), {"KVS_CRASH_ROUNDS": "20"},
         tally="shortages under load"),
    *fuzzers(minutes=4),
    Part("flipped bits", 1, 3, gtest("crash_damage", "*NoChangedByteIs*"), {"KVS_EVERY_BIT": "1"},
         tally="flipped bits"),
    Part("backups of a million keys under load", 1, 5, gtest("crash_server_backup"), {"KVS_BACKUP_KEYS": "1000000"}),
    Part("soaks of a million keys", 1, 5, [f"{REPOSITORY}/build/bench/bin/kvs_soak", "{scratch}"]),
]
DISKS = Part("full disks, shortages and copies on five file systems", 50, 20,
             TORTURE + ["--file-systems=ext4,ext3,xfs,btrfs,tmpfs", "{minutes}"], pattern=r"(\d+)\s+full disks")


class Programme:
    def __init__(self, arguments, seed):
        self.seed = seed
        self.share = arguments.share
        self.tests = arguments.tests.resolve()
        self.logs = arguments.logs.resolve()
        self.logs.mkdir(parents=True, exist_ok=True)

    def run(self, part, number):
        """(what was tried, seconds, verdict)"""
        begin = time.monotonic()
        wanted = part.wanted * self.share
        seconds_max = max(part.minutes * self.share * 60, 3)
        tried = 0
        source = random.Random(f"{self.seed} {number}")
        with open(self.logs / f"{number:02}.log", "w", encoding="utf-8") as log:
            while tried < wanted:
                left = seconds_max - (time.monotonic() - begin)
                if left <= 0:
                    return tried, time.monotonic() - begin, "time was up"
                figure = self.run_once(part, source.randrange(SEED_MAX), left, log)
                if figure is None:
                    return tried, time.monotonic() - begin, f"FAILED, see {log.name}"
                tried += figure
        return tried, time.monotonic() - begin, "passed"

    def run_once(self, part, seed, seconds, log):
        """What was tried; None: it failed."""
        with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as scratch:
            tally = os.path.join(scratch, "tally")
            store = os.path.join(scratch, "store")
            os.mkdir(store)
            words = {"tests": str(self.tests), "logs": str(self.logs), "scratch": store,
                     "seconds": str(max(int(seconds), 1)), "minutes": f"{min(max(seconds / 60, 0.05), 2):.2f}"}
            command = [word.format(**words) for word in part.command]
            variables = {**part.variables, "KVS_TEST_SEED": str(seed), "KVS_TALLY": tally}
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors="replace", env={**os.environ, **variables}, check=False)
            log.write(done.stdout + f"\n{variables} {command}: exit code {done.returncode}\n")
            log.flush()
            if done.returncode != 0:
                return None
            return figure_of(part, done.stdout, tally)


def figure_of(part, output, tally):
    if part.tally:
        with open(tally, encoding="utf-8") as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
        return sum(int(count) for name, count in lines if name == part.tally)
    if part.pattern:
        return sum(int(count) for count in re.findall(part.pattern, output))
    return 1


def print_table(parts, outcomes):
    rows = {}
    for part, (tried, seconds, verdict) in zip(parts, outcomes):
        row = rows.setdefault(part.row, [0, 0, []])
        row[0] += tried
        row[1] += seconds
        if verdict != "passed" or not row[2]:
            row[2] = [text for text in row[2] if text != "passed"] + [verdict]
    for name, (tried, seconds, verdicts) in rows.items():
        print(f"{tried:>12,.0f} {name:<54} {seconds:>6.0f} s  {'; '.join(dict.fromkeys(verdicts))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--tests", type=pathlib.Path, default=REPOSITORY / "build/dev/bin")
    parser.add_argument("--logs", type=pathlib.Path, default=REPOSITORY / "build/reliability")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(SEED_MAX)
    parts = PARTS[:3] + ([DISKS] if os.geteuid() == 0 else []) + PARTS[3:]
    if unknown := set(arguments.only) - {part.row for part in parts}:
        parser.error(f"no such row: {', '.join(unknown)}; there are: {', '.join({part.row for part in parts})}")
    parts = [part for part in parts if not arguments.only or part.row in arguments.only]
    programme = Programme(arguments, seed)
    print(f"seed {seed}, {len(parts)} parts", flush=True)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as executor:
        outcomes = list(executor.map(programme.run, parts, range(len(parts))))
    print_table(parts, outcomes)
    return 0 if all(verdict == "passed" for _, _, verdict in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
