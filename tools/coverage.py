#!/usr/bin/env python3
"""Prints which share of the branches the tests take, in the code that guards users' data. ./dev coverage runs it.

Usage: coverage.py FOLDER PROGRAM...   (FOLDER has the profiles that the programs, built by clang, have written)

The branches that were never taken follow, each with its line. Exit code 1: fewer than 95 % were taken.
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PATTERNS = ("src/log/*.cc", "src/store/recovery/*.cc", "src/store/compaction/*.cc", "src/protocol/*_decoder.cc",
            "src/protocol/dump_payload.cc")
SHARE_MIN = 0.95


def export(folder, programs, files):
    profile = folder / "merged.profdata"
    profiles = sorted(str(path) for path in folder.glob("*.profraw"))
    subprocess.run(["llvm-profdata-19", "merge", "--sparse", f"--output={profile}", *profiles], check=True)
    objects = [word for program in programs[1:] for word in ("--object", program)]
    command = ["llvm-cov-19", "export", f"--instr-profile={profile}", programs[0], *objects, *map(str, files)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["data"][0]["files"]


def branches_of(file):
    """(line, column) -> [times true, times false]; a template or an inlined function counts once."""
    branches = {}
    for line, column, _, _, taken, not_taken, *_ in file["branches"]:
        counts = branches.setdefault((line, column), [0, 0])
        counts[0] += taken
        counts[1] += not_taken
    return branches


def main():
    files = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern))
    total = taken = 0
    missing = []
    for file in export(pathlib.Path(sys.argv[1]), sys.argv[2:], files):
        path = pathlib.Path(file["filename"]).relative_to(ROOT)
        branches = branches_of(file)
        counts = [count for pair in branches.values() for count in pair]
        total += len(counts)
        taken += sum(count > 0 for count in counts)
        if counts:
            print(f"{sum(count > 0 for count in counts) / len(counts):7.1%}  {path}")
        for (line, _), pair in sorted(branches.items()):
            missing += [f"{path}:{line}: never {word}" for word, count in zip(("true", "false"), pair) if count == 0]
    print("\n".join(missing))
    print(f"{taken / total:.1%} of {total} branches")
    return 0 if taken >= SHARE_MIN * total else 1


if __name__ == "__main__":
    sys.exit(main())
