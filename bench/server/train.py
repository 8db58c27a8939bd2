#!/usr/bin/env python3
"""Runs a kvs-server that counts which of its branches are taken. `./dev pgo` calls it, and builds from the counts.

The server is asked for what users ask for most. What it is never asked for is compiled as in any other build. The
counts are written when a server ends.
"""

import argparse
import pathlib
import sys
import tempfile

import servers
from server_bench import run_checked

KEYS = 300_000
SECONDS = 1.0

# Percent of sets, pipelined requests, bytes of a value.
LOADS = [(sets, pipeline, 100) for sets in (0, 50, 100) for pipeline in (1, 16, 64)] + [(50, 1, 1_000), (50, 16, 1_000)]

# What redis-benchmark asks for, besides the loads.
TESTS = "get,set,mset,incr"


def train(binaries, scratch, keys, seconds):
    with servers.Server(servers.Kind("kvs", servers.kvs(2)), binaries, scratch) as server:
        for value_bytes in dict.fromkeys(of_bytes for *_, of_bytes in LOADS):
            load = [binaries / "kvs-load", "--addr", server.address, "--keys", keys, "--value-bytes", value_bytes]
            run(*load, "--preload")
            for sets, pipeline, of_bytes in LOADS:
                if of_bytes == value_bytes:
                    run(*load, "--sets", sets, "--pipeline", pipeline, "--seconds", seconds)
        run("redis-cli", "-p", server.port, "--scan")
        for pipeline in (1, 16):
            run(*("redis-benchmark", "-p", server.port, "-q", "-n", keys, "-r", keys, "-P", pipeline, "-t", TESTS))


def run(*words):
    run_checked([str(word) for word in words])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--dir", type=pathlib.Path, required=True, help="where the data lies meanwhile")
    parser.add_argument("--keys", type=int, default=KEYS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="train-", dir=arguments.dir) as scratch:
        train(arguments.binaries, pathlib.Path(scratch), arguments.keys, arguments.seconds)


if __name__ == "__main__":
    sys.exit(main())
