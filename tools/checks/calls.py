"""Calls: those that are banned, each with its replacement, atomics without a memory order, and names of probes."""

import re
from typing import NamedTuple

import probes
from checks.tree import Files, Finding, Findings, closing_parenthesis, cxx_files


class Ban(NamedTuple):
    rule: str
    pattern: str
    where: str  # A regular expression that the file's path matches.
    instead: str


FILE_CALLS = (
    "open|openat|creat|rename|unlink|fsync|fdatasync|sync_file_range|ftruncate|fallocate|posix_fallocate|"
    "mmap|munmap|msync|flock|pread|preadv|pwrite|pwritev"
)
SHORT_CALLS = "read|write|close|send|recv|connect|bind|listen|accept4?|poll|stat|remove"
# dup2() and dup3() put theirs at a number that the caller has.
DESCRIPTOR_CALLS = (
    "open|openat2?|creat|socket|socketpair|accept4?|epoll_create1?|eventfd|timerfd_create|signalfd|inotify_init1?|"
    "memfd_create|pipe2?|dup"
)
OUTSIDE_IO = r"src/(?!io/|apps/torture/)"  # kvs-torture does to a system what src/io must withstand.
CXX = r"(include|src|tests|bench|fuzz)/"

BANS = [
    Ban("assert", r"\bassert\s*\(", CXX, "KVS_CHECK (base/check.h), which stays on in release builds"),
    Ban("system-call", rf"(?<![\w.>:])(?:std\s*::\s*|::\s*)?(?:{FILE_CALLS})\s*\(", OUTSIDE_IO, "what src/io offers"),
    Ban("system-call", rf"(?<![\w>:])::\s*(?:{SHORT_CALLS})\s*\(", OUTSIDE_IO, "what src/io offers"),
    Ban("system-call", r"\bstd::(?:i|o)?fstream\b|\bfopen\s*\(", OUTSIDE_IO, "what src/io offers"),
    Ban(
        "descriptor",
        rf"(?m)^(?!.*\bUniqueFd\b).*::\s*(?:{DESCRIPTOR_CALLS})\s*\(",
        r"src/io/",
        "UniqueFd on the same line: it keeps away from the standard streams",
    ),
    Ban(
        "system-call",
        r"\bfilesystem::(?:rename|remove|remove_all|create_director\w+|resize_file|copy\w*)\s*\(",
        OUTSIDE_IO,
        "what src/io offers",
    ),
    Ban(
        "mutex",
        r"\bstd::(?:\w*mutex|lock_guard|unique_lock|scoped_lock|shared_lock|condition_variable\w*)\b",
        r"(include|bench|src/(?!sync/))",
        "sync/mutex.h, whose locking clang proves",
    ),
    Ban("sleep", r"\b(?:u|nano)?sleep(?:_for|_until)?\s*\(", r"(src|tests)/", "a latch: wait for the thing itself"),
    Ban("detach", r"(?:\.|->)detach\s*\(", CXX, "a thread that somebody joins"),
    Ban("random", r"\bs?rand\s*\(|\bdrand48\s*\(", CXX, "base/random.h with a seed"),
    Ban("throw", r"\bthrow\b(?!;|\s+(std::bad_alloc|(base::)?MemoryRefused))", r"(include|src)/", "return Error{...}"),
    Ban("number", r"\b(?:ato(?:i|l|ll|f)|sto(?:i|l|ul|ll|ull|d))\s*\(", r"(include|src)/", "std::from_chars"),
    Ban("using-namespace", r"\busing\s+namespace\b", r".*\.h$", "the names themselves: a header opens no namespace"),
]

ATOMIC_CALL = re.compile(r"(?:\.|->)(load|store|exchange|fetch_\w+|compare_exchange_\w+|test_and_set)\s*\(")
LOOSE_END = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")


def check_bans(files: Files) -> Findings:
    for file in cxx_files(files):
        for ban in BANS:
            for match in re.finditer(ban.pattern, file.code) if re.match(ban.where, file.path) else ():
                message = f"{match.group().strip(' (')}: use {ban.instead}"
                yield file.finding(match.start(), ban.rule, message)


def check_memory_orders(files: Files) -> Findings:
    for file in cxx_files(files):
        for match in ATOMIC_CALL.finditer(file.code):
            arguments = file.code[match.end() : closing_parenthesis(file.code, match.end())]
            if "memory_order" not in arguments:
                message = f"{match.group(1)}() without a memory order: name it, with the tag of its pair"
                yield file.finding(match.start(), "memory-order", message)


def check_loose_ends(files: Files) -> Findings:
    for file in files.values():
        for match in LOOSE_END.finditer(file.text):
            yield file.finding(match.start(), "loose-end", f"{match.group()}: do it, or say why it is so")


def check_probes(files: Files) -> Findings:
    first = {}
    for probe in probes.probes_of(files):
        if probe.name is None:
            message = "the name is no literal of the form that base/probe.h asks for"
            yield Finding(probe.path, probe.line, "probe", message)
        elif probe.name in first:
            message = f'"{probe.name}" names another path already, in {first[probe.name]}'
            yield Finding(probe.path, probe.line, "probe", message)
        first.setdefault(probe.name, f"{probe.path}:{probe.line}")


CHECKS = (check_bans, check_memory_orders, check_loose_ends, check_probes)
