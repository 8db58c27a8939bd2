#!/usr/bin/env python3
"""Promised: no value of a tuning constant (KVS_TUNABLE, src/base/tunable.h) breaks a promise of the store.

Attack: test cases drawn at random run one after the other, each with tuning constants drawn by a seed of its own, so
that paths which are rare elsewhere are common. A failure prints the command that replays it.

Usage: run.py --seconds N [--seed N] [--jobs N] FOLDER   (FOLDER has the built programs of PROGRAMS)
The choice of cases and seeds follows from --seed; without it, it is a new one. A case that has begun is waited for.
"""

import argparse
import concurrent.futures
import os
import random
import shlex
import subprocess
import sys
import threading
import time

CASE_SECONDS_MAX = 300
SEED_MAX = 2**32
PROGRAMS = (  # With a filter, if not all of its tests are meant.
    "model_store", "crash_power_cut", "crash_file_fault", "crash_failed_sync", "crash_opening", "crash_full_disk",
    "crash_damage", "crash_kill", "crash_saved_index_kill", "crash_refusals", "crash_interleaving",
    "concurrency_store", "concurrency_index", "unit_index=*TreeModel*",
)


def cases_of(program):
    path, _, pattern = program.partition("=")
    command = [path, "--gtest_list_tests"] + ([f"--gtest_filter={pattern}"] if pattern else [])
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    suite = ""
    for line in listed.splitlines():
        name = line.split("#")[0].strip()
        if line.startswith("  ") and not name.startswith("DISABLED_"):
            yield path, suite + name
        elif name.endswith("."):
            suite = name


class Runs:
    def __init__(self, cases, seed, seconds):
        self.cases = cases
        self.random = random.Random(seed)
        self.end = time.monotonic() + seconds
        self.lock = threading.Lock()
        self.count = 0
        self.has_failed = False

    def take(self):
        with self.lock:
            if self.has_failed or time.monotonic() >= self.end:
                return None
            self.count += 1
            return self.random.choice(self.cases), self.random.randrange(SEED_MAX)

    def work(self):
        while run := self.take():
            (program, case), seed = run
            seeds = {"KVS_TUNE_SEED": str(seed), "KVS_TEST_SEED": str(seed)}
            if output := failure_of([program, f"--gtest_filter={case}"], seeds):
                with self.lock:
                    self.has_failed = True
                    replay = " ".join([f"{name}={value}" for name, value in seeds.items()])
                    print(f"{output}\nreplay: {replay} {shlex.quote(program)} --gtest_filter={shlex.quote(case)}")


def failure_of(command, seeds):
    """What the case said; empty if it passed."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **seeds}
    )
    try:
        output, _ = process.communicate(timeout=CASE_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        return f"{process.communicate()[0]}\nit stood still for {CASE_SECONDS_MAX} seconds"
    return f"{output}\nexit code {process.returncode}" if process.returncode != 0 else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("folder")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(SEED_MAX)
    cases = [case for program in PROGRAMS for case in cases_of(f"{arguments.folder}/{program}")]
    runs = Runs(cases, seed, arguments.seconds)
    print(f"seed {seed}, {len(runs.cases)} cases", flush=True)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as executor:
        for worker in [executor.submit(runs.work) for _ in range(arguments.jobs)]:
            worker.result()
    print(f"{runs.count} runs" + (", one of them failed" if runs.has_failed else ", none of them failed"))
    return 1 if runs.has_failed else 0


if __name__ == "__main__":
    sys.exit(main())
