#!/usr/bin/env python3
"""Sends the same random commands to a redis-server 7.0 and to a kvs-server, and compares the replies byte for byte.

    random_streams.py KVS_SERVER [--commands N] [--seed S]

Starts both, on free ports of the loopback device. Exit code 1 if a reply differs, 77 if redis-server is missing.
The seed of a run is printed; it makes the same commands again. Times are absolute and far away, so that no reply
depends on when it was asked for.
"""

import argparse
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from record import Connection, command

SKIPPED = 77
BATCH = 200
PATIENCE_S = 60
KEYS = [b"a", b"b", b"c", b"key", b"key:1", b"key:2", b"\x00", b"*"]
FAR_MS = 32_503_680_000_000


def value(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return b"%d" % rng.randrange(-300, 300)
    if kind == 1:
        return b"%d" % rng.choice([2**63 - 1, -(2**63), 2**31, -(2**31), 2**63])
    if kind == 2:
        return rng.choice([b"", b"007", b"+1", b"-0", b"1.5", b" 1", b"3.0e3", b"nan", b"inf", b"text"])
    return rng.randbytes(rng.randrange(0, 40))


def small(rng):
    return b"%d" % rng.choice([0, 1, -1, 2, -2, 5, -5, 7, 8, 30, -100, 100])


def unit(rng):
    return rng.choice([[], [rng.choice([b"BIT", b"BYTE", b"bit", b"bogus"])]])


def field(rng):
    width = rng.choice([b"u1", b"u8", b"i8", b"u5", b"i13", b"u63", b"i64", b"u64", b"i0", b"x"])
    offset = rng.choice([b"", b"#"]) + b"%d" % rng.randrange(0, 40)
    kind = rng.randrange(4)
    if kind == 0:
        return [b"GET", width, offset]
    if kind == 1:
        return [b"SET", width, offset, value(rng) if rng.random() < 0.2 else b"%d" % rng.randrange(-300, 300)]
    if kind == 2:
        return [b"INCRBY", width, offset, b"%d" % rng.choice([1, -1, 100, -100, 2**62, -(2**62), 2**63 - 1])]
    return [b"OVERFLOW", rng.choice([b"WRAP", b"SAT", b"FAIL", b"bogus"])]


def expiry(rng):
    return rng.choice([[], [], [b"PXAT", b"%d" % (FAR_MS + rng.randrange(5) * 1000)], [b"KEEPTTL"], [b"EX", b"0"]])


def some_options(rng, words):
    return [word for word in words if rng.random() < 0.25]


def commands(rng):
    """One command of each kind: name and arguments."""
    key = lambda: rng.choice(KEYS)
    keys = lambda: [key() for _ in range(rng.randrange(1, 4))]
    far = lambda: b"%d" % (FAR_MS + rng.randrange(-2, 3) * 1000)
    return [
        lambda: [b"SET", key(), value(rng)],
        lambda: [b"SET", key(), value(rng)] + some_options(rng, [b"NX", b"XX", b"GET"]) + expiry(rng),
        lambda: [b"GET", key()],
        lambda: [b"GETSET", key(), value(rng)],
        lambda: [b"GETDEL", key()],
        lambda: [b"GETEX", key()] + rng.choice([[], [b"PERSIST"], [b"PXAT", far()]]),
        lambda: [b"SETNX", key(), value(rng)],
        lambda: [b"MSET"] + [word for name in keys() for word in (name, value(rng))],
        lambda: [b"MSETNX"] + [word for name in keys() for word in (name, value(rng))],
        lambda: [b"MGET"] + keys(),
        lambda: [b"APPEND", key(), value(rng)],
        lambda: [b"STRLEN", key()],
        lambda: [b"GETRANGE", key(), small(rng), small(rng)],
        lambda: [b"SETRANGE", key(), small(rng), value(rng)],
        lambda: [rng.choice([b"INCR", b"DECR"]), key()],
        lambda: [rng.choice([b"INCRBY", b"DECRBY"]), key(), value(rng)],
        lambda: [b"INCRBYFLOAT", key(), rng.choice([b"0.5", b"-3", b"1e3", b"x", b"10"])],
        lambda: [rng.choice([b"DEL", b"UNLINK", b"EXISTS", b"TOUCH"])] + keys(),
        lambda: [b"TYPE", key()],
        lambda: [rng.choice([b"RENAME", b"RENAMENX"]), key(), key()],
        lambda: [b"COPY", key(), key()] + some_options(rng, [b"REPLACE"]),
        lambda: [b"PEXPIREAT", key(), far()] + some_options(rng, [b"NX", b"XX", b"GT", b"LT"]),
        lambda: [b"EXPIREAT", key(), b"%d" % rng.choice([0, -1, 1, FAR_MS // 1000])],
        lambda: [rng.choice([b"PEXPIRETIME", b"EXPIRETIME", b"PERSIST"]), key()],
        lambda: [b"DBSIZE"],
        lambda: [b"SETBIT", key(), small(rng), rng.choice([b"0", b"1", b"1", b"2"])],
        lambda: [b"GETBIT", key(), small(rng)],
        lambda: [b"BITCOUNT", key()] + rng.choice([[], [small(rng)], [small(rng), small(rng)] + unit(rng)]),
        lambda: [b"BITPOS", key(), rng.choice([b"0", b"1", b"2"])]
        + rng.choice([[], [small(rng)], [small(rng), small(rng)] + unit(rng)]),
        lambda: [b"BITOP", rng.choice([b"AND", b"OR", b"XOR", b"NOT"]), key()] + keys(),
        lambda: [b"BITFIELD", key()] + [word for _ in range(rng.randrange(4)) for word in field(rng)],
        lambda: [b"BITFIELD_RO", key()] + [word for _ in range(rng.randrange(3)) for word in field(rng)],
        lambda: [b"LCS", key(), key()]
        + some_options(rng, [b"LEN", b"IDX", b"WITHMATCHLEN"])
        + rng.choice([[], [b"MINMATCHLEN", small(rng)]]),
        lambda: [b"RESTORE", key(), b"0", b"\x00\x06foobar\x0a\x00;L<\xf6\xb7\xee{\xae"]
        + some_options(rng, [b"REPLACE", b"ABSTTL"]),
        lambda: [b"DUMP", b"short"],
        lambda: [b"OBJECT", b"REFCOUNT", b"nosuch"],
        lambda: [b"NOSUCH"] + keys(),
    ]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_redis():
    """The program of redis-server, or None. Debian has it in redis-tools as well, which installs no service: there it
    is called redis-check-rdb, and is the server for who calls it by that name, as start_redis() does."""
    return shutil.which("redis-server") or shutil.which("redis-check-rdb")


def start_redis(program, directory):
    port = free_port()
    arguments = ["--port", str(port), "--save", "", "--appendonly", "no", "--dir", directory, "--bind", "127.0.0.1"]
    process = subprocess.Popen(["redis-server", *arguments], executable=program, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise RuntimeError("redis-server did not start")


def start_kvs(program, directory):
    process = subprocess.Popen(
        [program, "--dir", directory, "--addr", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if match := re.search(r"listening on .*:(\d+)", line):
            return process, int(match.group(1))
    raise RuntimeError("kvs-server did not start")


def compare(ports, rng, count):
    connections = [Connection(port) for port in ports]
    for connection in connections:
        connection.send(command([b"HELLO", b"3"]))
        connection.reply()
    kinds = commands(rng)
    sent = 0
    while sent < count:
        batch = [rng.choice(kinds)() for _ in range(min(BATCH, count - sent))]
        data = b"".join(command(arguments) for arguments in batch)
        for connection in connections:
            connection.send(data)
        for arguments in batch:
            replies = [connection.reply() for connection in connections]
            if replies[0] != replies[1]:
                print(f"{arguments}\n  redis {replies[0][:300]}\n  kvs   {replies[1][:300]}")
                return 1
        sent += len(batch)
    print(f"{sent} commands, no difference")
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kvs_server")
    parser.add_argument("--commands", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    redis = find_redis()
    if redis is None:
        print("skipped: redis-server is not installed: apt-get install redis-tools")
        return SKIPPED
    seed = random.randrange(2**32) if options.seed is None else options.seed
    print(f"--seed {seed}")
    processes = []
    with tempfile.TemporaryDirectory() as directory:
        try:
            process, redis_port = start_redis(redis, directory)
            processes.append(process)
            process, kvs_port = start_kvs(options.kvs_server, directory + "/kvs")
            processes.append(process)
            return compare([redis_port, kvs_port], random.Random(seed), options.commands)
        finally:
            for process in processes:
                process.kill()
                process.wait()


if __name__ == "__main__":
    sys.exit(main())
