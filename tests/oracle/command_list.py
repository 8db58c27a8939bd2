#!/usr/bin/env python3
"""Compares docs/commands.md and the commands of a kvs-server with the commands of a redis-server 7.0.

    command_list.py KVS_SERVER COMMANDS_PAGE

Promised: the page names each command of Redis, and each subcommand or its container, either as supported or as
refused; what it calls supported is in COMMAND LIST of the server, and what it calls refused is unknown to it; and
COMMAND INFO gives the tips that Redis gives. Exit code 1 if one of these fails, 77 if redis-server is missing.
"""

import re
import sys
import tempfile

from random_streams import SKIPPED, find_redis, start_kvs, start_redis
from record import Connection, command

# Of later versions of Redis.
LATER = {"client|no-touch", "client|setinfo", "waitaof"}


def parse(reply):
    """A reply of RESP2 as lists, strings and numbers."""

    def value(at):
        end = reply.index(b"\r\n", at)
        kind, text = reply[at : at + 1], reply[at + 1 : end].decode()
        at = end + 2
        if kind == b"$" and int(text) >= 0:
            return reply[at : at + int(text)].decode(), at + int(text) + 2
        if kind == b"*" and int(text) >= 0:
            elements = []
            for _ in range(int(text)):
                element, at = value(at)
                elements.append(element)
            return elements, at
        return (int(text) if kind == b":" else text if kind in b"+-" else None), at

    return value(0)[0]


class Server:
    def __init__(self, port):
        self.connection = Connection(port)

    def ask(self, *words):
        self.connection.send(command([word.encode() for word in words]))
        return parse(self.connection.reply())

    def names(self):
        return set(self.ask("COMMAND", "LIST"))

    def tips(self):
        tips = {}
        for row in self.ask("COMMAND"):
            for each in [row, *row[9]]:
                tips[each[0]] = sorted(each[7])
        return tips


def read_page(path):
    """The names that it calls supported, and those that it calls refused."""
    with open(path, encoding="utf-8") as page:
        supported, _, refused = page.read().partition("\n## What is refused\n")
    rows = re.findall(r"^\| `([^`]*)` \|", supported, re.MULTILINE)
    names = [re.match(r"[A-Z0-9_.-]+(?: [A-Z-]+)?", row).group().lower().replace(" ", "|") for row in rows]
    cells = re.findall(r"^\| [a-z-]+ \| ([^|]*) \|", refused, re.MULTILINE)
    return names, [name.lower().replace(" ", "|") for cell in cells for name in re.findall(r"`([^`]*)`", cell)]


def compare(redis, kvs, page):
    containers = {name.split("|")[0] for name in kvs.names() if "|" in name}
    written, refused = read_page(page)
    known = kvs.names()
    # The words after a name in a row may look like a subcommand: "SET key", but "PING [message]".
    supported = {name if name in known else name.split("|")[0] for name in written}
    problems = []

    def expect_none(names, problem):
        problems.extend(f"{name}: {problem}" for name in sorted(names))

    expect_none(supported - known, "supported by the page, unknown to kvs-server")
    expect_none(known - supported - containers, "known to kvs-server, not on the page")
    missing = {name for name in redis.names() - known - set(refused) if name.split("|")[0] not in refused}
    expect_none(missing, "neither supported nor refused by the page")
    expect_none(set(refused) - redis.names(), "refused by the page, unknown to Redis")
    expect_none(set(refused) & known, "refused by the page, known to kvs-server")
    expect_none({n for n in known - redis.names() - LATER if not n.startswith("kvs.")}, "unknown to Redis")
    for name in refused:
        answer = str(kvs.ask(*name.split("|")))
        if not answer.startswith(("ERR unknown command", "ERR unknown subcommand")):
            problems.append(f"{name}: refused by the page, but the answer is {answer}")
    redis_tips, kvs_tips = redis.tips(), kvs.tips()
    for name in sorted(kvs_tips.keys() & redis_tips.keys()):
        if kvs_tips[name] != redis_tips[name]:
            problems.append(f"{name}: tips {kvs_tips[name]}, of Redis {redis_tips[name]}")
    print(f"{len(known)} supported, {len(refused)} refused, {len(redis_tips)} of Redis")
    return problems


def main():
    redis_program = find_redis()
    if redis_program is None:
        print("skipped: redis-server is not installed: apt-get install redis-tools")
        return SKIPPED
    with tempfile.TemporaryDirectory() as directory:
        redis, redis_port = start_redis(redis_program, directory)
        kvs = None
        try:
            kvs, kvs_port = start_kvs(sys.argv[1], directory + "/kvs")
            problems = compare(Server(redis_port), Server(kvs_port), sys.argv[2])
        finally:
            for process in (redis, kvs):
                if process is not None:
                    process.terminate()
                    process.wait()
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
