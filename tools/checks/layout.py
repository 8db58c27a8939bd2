"""Layout: how headers begin, how long lines are, how many files share a folder, what tests are called."""

import collections
import re

from checks.tree import Files, Finding, Findings, cxx_files

WIDE_SUFFIXES = {".md", ".json", ".in", ".toml", ".svg"}  # Not bound to the line length.
LINE_CHARACTERS_MAX = 120
FOLDER_FILES_MAX = 30
TEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*(?P<suite>\w+),\s*(?P<name>\w+)\s*\)")
TEST_NAME_CHARACTERS_MAX = 50
HEADLESS_NAME = re.compile(r"(?:DISABLED_)?(Wh(?:at|o|ere|atever|oever|erever)|Those)(?![a-z])")


def check_headers(files: Files) -> Findings:
    for file in cxx_files(files):
        if file.suffix != ".h":
            continue
        if not file.text.startswith(("// ", "/* ")):
            yield Finding(file.path, 1, "header", "a header opens with a comment that introduces it")
        is_for_c = 'extern "C"' in file.text and "#ifndef KVS_" in file.text
        if "#pragma once" not in file.lines and not is_for_c:
            yield Finding(file.path, 1, "header", "#pragma once is missing")


def check_lines(files: Files) -> Findings:
    for file in files.values():
        is_wide = file.suffix in WIDE_SUFFIXES or file.path == "LICENSE"
        for number, line in enumerate(file.lines, 1):
            if "\t" in line:
                yield Finding(file.path, number, "layout", "a tab: use spaces")
            if len(line) > LINE_CHARACTERS_MAX and not is_wide:
                yield Finding(file.path, number, "layout", f"{len(line)} characters: at most {LINE_CHARACTERS_MAX}")


def check_folders_are_not_crowded(files: Files) -> Findings:
    counts = collections.Counter(file.path.rpartition("/")[0] for file in cxx_files(files, "src"))
    for folder, count in sorted(counts.items()):
        if count > FOLDER_FILES_MAX:
            message = f"{count} files in one folder, at most {FOLDER_FILES_MAX}: divide it into rooms"
            yield Finding(folder, 1, "crowd", message)


def check_test_names(files: Files) -> Findings:
    for file in cxx_files(files, "tests"):
        for match in TEST.finditer(file.code):
            name = match["name"]
            if len(name) > TEST_NAME_CHARACTERS_MAX:
                message = f"{name} has {len(name)} characters: at most {TEST_NAME_CHARACTERS_MAX}"
                yield file.finding(match.start(), "test-name", message)
            if headless := HEADLESS_NAME.match(name):
                message = f"{name} begins with {headless.group(1)}: begin with a noun that names the thing"
                yield file.finding(match.start(), "test-name", message)


CHECKS = (check_headers, check_lines, check_folders_are_not_crowded, check_test_names)
