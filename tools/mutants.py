#!/usr/bin/env python3
"""Changes one thing at a time in the code that guards users' data, and looks whether a test fails.

Usage: mutants.py [COUNT] [--seed N] [--only PATH]...   (200 mutants unless told, an hour and a half on two cores)

A mutant is the tree with one comparison, operator, number, condition or call changed. It is built in a clone,
build/mutants/tree, and tested by the tests of its folder, the quick ones first, until one fails. A mutant that no test
kills is printed: it is a test that is missing, or a change without an effect. Exit code 1: fewer than 90 % were killed.
"""

import argparse
import pathlib
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from checks.tree import File

ROOT = pathlib.Path(__file__).resolve().parent.parent
TREE = ROOT / "build/mutants/tree"
KILLED_SHARE_MIN = 0.9

STORE_TESTS = ("unit_log", "unit_store", "model_store", "crash_opening", "crash_refusals", "crash_store_schedule",
               "crash_damage", "crash_full_disk", "compat_store", "crash_failed_sync", "crash_file_fault",
               "crash_power_cut")
TESTS = {
    "src/log/*.cc": STORE_TESTS,
    "src/store/recovery/*.cc": STORE_TESTS,
    "src/store/compaction/*.cc": STORE_TESTS,
    "src/protocol/*_decoder.cc": ("unit_protocol", "unit_net", "unit_client"),
    "src/protocol/dump_payload.cc": ("unit_protocol", "unit_commands"),
}

SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-", "-": "+",
         "+=": "-=", "-=": "+=", "true": "false", "false": "true"}
OPERATOR = re.compile(r"(?<= )(?:<=?|>=?|==|!=|&&|\|\||\+=?|-=?)(?= )|\b(?:true|false)\b")
NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")
NEGATION = re.compile(r"(?<=[( ])!(?=[a-zA-Z(])")
CALL = re.compile(r"^ +[A-Za-z_][\w.:>-]*\([^;{}]*\);$", re.MULTILINE)
LEFT_ALONE = re.compile(r"KVS_(?:PROBE|TUNABLE|CHECK)|static_assert|#include|constexpr|template|operator")


class Mutant(NamedTuple):
    path: str
    line: int
    begin: int  # Of what is replaced in the text.
    end: int
    replacement: str

    def apply(self, text: str) -> str:
        return text[: self.begin] + self.replacement + text[self.end :]


def replacements_in(code: str) -> Iterator[tuple[int, int, str]]:
    for match in OPERATOR.finditer(code):
        yield match.start(), match.end(), SWAPS[match.group()]
    for match in NUMBER.finditer(code):
        yield match.start(), match.end(), str(int(match.group()) + 1)
    for match in NEGATION.finditer(code):
        yield match.start(), match.end(), ""
    for match in CALL.finditer(code):
        yield match.start(), match.end(), ""


def mutants_of(file: File) -> list[Mutant]:
    mutants = []
    for begin, end, replacement in replacements_in(file.code):
        line = file.line_at(begin)
        if not LEFT_ALONE.search(file.lines[line - 1]):
            mutants.append(Mutant(file.path, line, begin, end, replacement))
    return mutants


def run(command: list, seconds_max: float | None = None) -> bool:
    try:
        return subprocess.run(command, cwd=TREE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                              timeout=seconds_max).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def prepare() -> None:
    if not TREE.exists():
        subprocess.run(["git", "clone", "--quiet", "--shared", ROOT, TREE], check=True)
    subprocess.run(["git", "fetch", "--quiet", ROOT, "HEAD"], cwd=TREE, check=True)
    subprocess.run(["git", "checkout", "--quiet", "--force", "FETCH_HEAD"], cwd=TREE, check=True)
    subprocess.run(["cmake", "--preset", "dev", "-DKVS_WERROR=OFF", "-Wno-dev", "--log-level=ERROR"], cwd=TREE,
                   check=True, stdout=subprocess.DEVNULL)


def build(tests: tuple) -> bool:
    return run(["cmake", "--build", "--preset", "dev", "--target", *tests])


class Judge:
    """Runs the tests of a mutant. A test that takes ten times as long as without mutant has failed."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def learn(self, tests: tuple) -> None:
        if not build(tests):
            sys.exit("mutants: the tree without mutants does not build")
        for test in tests:
            begin = time.monotonic()
            if not run([f"build/dev/bin/{test}", "--gtest_brief=1"]):
                sys.exit(f"mutants: {test} fails without mutants")
            self.seconds[test] = time.monotonic() - begin

    def verdict(self, mutant: Mutant, tests: tuple) -> str | None:
        """The test that killed it; "" for none; None: it does not compile."""
        path = TREE / mutant.path
        text = path.read_text(encoding="utf-8")
        path.write_text(mutant.apply(text), encoding="utf-8")
        try:
            if not build(tests):
                return None
            for test in sorted(tests, key=self.seconds.get):
                command = [f"build/dev/bin/{test}", "--gtest_brief=1", "--gtest_fail_fast"]
                if not run(command, 10 * self.seconds[test] + 10):
                    return test
            return ""
        finally:
            path.write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--only", action="append", default=[], help="a path, such as src/log/record.cc")
    arguments = parser.parse_args()
    prepare()
    tests_of = {path.relative_to(TREE).as_posix(): tests
                for pattern, tests in TESTS.items() for path in TREE.glob(pattern)}
    mutants = [mutant for path in sorted(tests_of) if not arguments.only or path in arguments.only
               for mutant in mutants_of(File(TREE, TREE / path))]
    random.Random(arguments.seed).shuffle(mutants)
    print(f"seed {arguments.seed}, {len(mutants)} mutants to draw from", flush=True)
    judge = Judge()
    for tests in {tests_of[mutant.path] for mutant in mutants}:
        judge.learn(tests)
    tried = killed = 0
    for mutant in mutants:
        if tried == arguments.count:
            break
        line = File(TREE, TREE / mutant.path).lines[mutant.line - 1].strip()
        verdict = judge.verdict(mutant, tests_of[mutant.path])
        if verdict is None:
            continue
        tried += 1
        killed += verdict != ""
        change = f"'{mutant.replacement}'" if mutant.replacement else "nothing"
        print(f"{verdict or 'SURVIVED'}: {mutant.path}:{mutant.line}: {change} in: {line}", flush=True)
    print(f"{tried} mutants, {killed} of them killed")
    return 0 if killed >= KILLED_SHARE_MIN * tried else 1


if __name__ == "__main__":
    sys.exit(main())
