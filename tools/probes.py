#!/usr/bin/env python3
"""Lists the rare paths (KVS_PROBE, src/base/probe.h) that no test has reached. Usage: probes.py FOLDER

FOLDER is the folder that KVS_PROBE_DIR named while the tests ran. It holds an empty folder for each reached probe. A
probe that no test can reach has a row in docs/probes.md, which says why. Exit code 1: a probe was not reached and has
no row, or a row names no probe.
"""

import pathlib
import re
import sys
from typing import NamedTuple

DEFINITION = "src/base/probe.h"
MACRO = re.compile(r"\bKVS_PROBE(?:_IF)?\s*\(")
NAME = re.compile(r'"([a-z][a-z0-9 ,-]{0,59})"\s*\)')
ROW = re.compile(r"^\| ([a-z][a-z0-9 ,-]*) \| \S.*\|$", re.MULTILINE)
HEADING = "probe"


class Probe(NamedTuple):
    path: str
    line: int
    name: str  # None: it is no literal of the form that base/probe.h asks for.


def closing_parenthesis(text, at):
    depth = 1
    while at < len(text) and depth > 0:
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return at - 1


def probes_in(path, text, code):
    """The probes of a file. `code`: its text with comments and literals blanked out."""
    if not path.startswith("src/") or path == DEFINITION:
        return
    for match in MACRO.finditer(code):
        end = closing_parenthesis(code, match.end())
        last_comma = code.rfind(",", match.end(), end)
        argument = text[max(match.end(), last_comma + 1) : end + 1].strip()
        name = NAME.fullmatch(argument)
        yield Probe(path, text.count("\n", 0, match.start()) + 1, name.group(1) if name else None)


def argued(text):
    return {match.group(1) for match in ROW.finditer(text)} - {HEADING}


def main(arguments):
    import tidy  # Not at the top: tidy imports this module.

    root = pathlib.Path(__file__).resolve().parent.parent
    files = tidy.load(root)
    reached = {path.name for path in pathlib.Path(arguments[0]).iterdir()}
    probes = tidy.probes_of(files)
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
