#!/usr/bin/env python3
"""Lists the rare paths (KVS_PROBE, src/base/probe.h) that no test has reached. Usage: probes.py FOLDER

FOLDER is the folder that KVS_PROBE_DIR named while the tests ran. It holds an empty folder for each reached probe. A
probe that no test can reach has a row in docs/probes.md, which says why. Exit code 1: a probe was not reached and has
no row, or a row names no probe.
"""

import pathlib
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

from checks.tree import File, Files, closing_parenthesis, cxx_files, load

DEFINITION = "src/base/probe.h"
MACRO = re.compile(r"\bKVS_PROBE(?:_IF)?\s*\(")
NAME = re.compile(r'"([a-z][a-z0-9 ,-]{0,59})"\s*\)')
ROW = re.compile(r"^\| ([a-z][a-z0-9 ,-]*) \| \S.*\|$", re.MULTILINE)
HEADING = "probe"


class Probe(NamedTuple):
    path: str
    line: int
    name: str | None  # None: it is no literal of the form that base/probe.h asks for.


def probes_in(file: File) -> Iterator[Probe]:
    for match in MACRO.finditer(file.code):
        end = closing_parenthesis(file.code, match.end())
        last_comma = file.code.rfind(",", match.end(), end)
        argument = file.text[max(match.end(), last_comma + 1) : end + 1].strip()
        name = NAME.fullmatch(argument)
        yield Probe(file.path, file.line_at(match.start()), name.group(1) if name else None)


def probes_of(files: Files) -> list[Probe]:
    return [probe for file in cxx_files(files, "src") if file.path != DEFINITION for probe in probes_in(file)]


def argued(text: str) -> set[str]:
    return {match.group(1) for match in ROW.finditer(text)} - {HEADING}


def main(arguments: list[str]) -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    files = load(root)
    reached = {path.name for path in pathlib.Path(arguments[0]).iterdir()}
    probes = probes_of(files)
    rows = argued(files["docs/probes.md"].text)
    missed = sorted(probe for probe in probes if probe.name not in reached)
    unargued = [probe for probe in missed if probe.name not in rows]
    stray = sorted(rows - {probe.name for probe in probes})
    for probe in missed:
        mark = "argued in docs/probes.md" if probe.name in rows else "NOT REACHED"
        print(f"{probe.path}:{probe.line}: {probe.name}: {mark}")
    for name in stray:
        print(f"docs/probes.md: {name}: there is no such probe")
    print(f"probes: {len(probes)}, {len(probes) - len(missed)} reached, {len(unargued)} neither reached nor argued")
    return 1 if unargued or stray else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
