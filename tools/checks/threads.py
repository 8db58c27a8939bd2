"""Threads and locks: ARCHITECTURE.md lists every file that starts a thread, and every file that declares a lock."""

import re

from checks.architecture import PAGE, SOURCE, Line, section
from checks.tree import File, Files, Finding, Findings, cxx_files

THREADS, LOCKS = "Threads of a running server", "Lock order"
STARTED_IN = 1  # The column of the table of threads.
# What the others are made of.
STARTERS = ("src/sync/thread.h", "src/sync/thread.cc")
MUTEX = "src/sync/mutex.h"
NOT_OF_A_SERVER = ("src/apps/torture/", "src/apps/kvs_torture.cc")

START = re.compile(r"\bStartThread\s*\(|\bstd::j?thread(?:\s+\w+)?\s*[({]|\bpthread_create\s*\(|\bstd::async\s*\(")
THREAD = re.compile(r"\bstd::j?thread\b[>\s]*\s(\w+)\s*(?:;|KVS_)")  # A member, a variable, or a container of them.
LOCK_NAMES = r"(?:\w+::)?(?:Mutex|Gate)|std::\w*mutex"
LOCK_ALIAS = re.compile(r"\busing\s+(\w+)\s*=\s*std::\w*mutex\s*;")


def starts_thread(file: File, files: Files) -> bool:
    if START.search(file.code):
        return True
    header = files.get(file.path.removesuffix(".cc") + ".h")
    names = THREAD.findall(file.code + (header.code if header else ""))
    return any(re.search(rf"\b{name}\.emplace_back\s*\(|\b{name}\s*[({{]\s*\[", file.code) for name in names)


def declares_lock(file: File) -> bool:
    names = "|".join([LOCK_NAMES, *LOCK_ALIAS.findall(file.code)])
    return re.search(rf"(?:[<\s]|^)(?:{names})(?:\s+\w+\s*(?:;|\{{|KVS_)|\s*[,>])", file.code) is not None


def server_files(files: Files) -> list[File]:
    return [file for file in cxx_files(files, "src") if not file.path.startswith(NOT_OF_A_SERVER)]


def inside(file: File) -> str:
    return "/".join(file.parts[1:])


def check_threads(files: Files) -> Findings:
    sources = [file for file in server_files(files) if file.path not in STARTERS]
    found = {inside(file) for file in sources if starts_thread(file, files)}
    lines = section(files, THREADS)
    cells = [Line(line.number, line.cells[STARTED_IN]) for line in lines or () if line.cells]
    yield from compare("thread", THREADS, cells if lines else lines, found)


def check_locks(files: Files) -> Findings:
    found = {inside(file) for file in server_files(files) if file.path != MUTEX and declares_lock(file)}
    yield from compare("lock", LOCKS, section(files, LOCKS), found)


def compare(rule: str, heading: str, lines: list[Line] | None, found: set[str]) -> Findings:
    """Both ways: each file that was found is named, and each that is named was found."""
    if lines is None:
        return
    named = {path: line.number for line in lines for path in line.codes(SOURCE)}
    for path in sorted(found - named.keys()):
        yield Finding(PAGE, 1, rule, f'src/{path} has a {rule} of its own, but "{heading}" does not name it')
    for path in sorted(named.keys() - found):
        yield Finding(PAGE, named[path], rule, f'"{heading}" names {path}, which has no {rule}')


CHECKS = (check_threads, check_locks)
