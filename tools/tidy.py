#!/usr/bin/env python3
"""Checks what the compiler does not: floors, banned calls, probes, dead files, layout. Usage: tidy.py [ROOT]

The checks are in tools/checks, a module for each theme. A line that must break a rule says so, with its reason:
    ... // tidy-allow(rule): reason
Exit code 1 if anything was found. tools/*_test.py prove that each rule can fail.
"""

import pathlib
import sys

from checks import architecture, calls, dead_files, documents, floors, layout, sizes, threads
from checks.tree import Files, Findings, load

THEMES = (floors, calls, dead_files, layout, documents, sizes, architecture, threads)


def findings(files: Files) -> Findings:
    for check in (check for theme in THEMES for check in theme.CHECKS):
        for finding in check(files):
            file = files.get(finding.path)
            if not file or not file.allows(finding.rule, finding.line):
                yield finding


def main(arguments: list[str]) -> int:
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent).resolve()
    files = load(root)
    found = list(findings(files))
    for finding in found:
        print(finding)
    print(f"tidy: {len(files)} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
