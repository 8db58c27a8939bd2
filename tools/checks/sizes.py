"""Sizes: how long functions and files of src are, and what share of it each folder has."""

import collections

from checks.functions import Function, all_functions
from checks.tree import CODE_FOLDERS, File, Files, Finding, Findings, cxx_files

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 45
FOLDER_SHARE_MAX = 0.25
WHOLE_LINES_MIN = 1_000  # A smaller tree has no folders that could be too large.


def lines_of_folders(files: Files) -> dict[str, int]:
    """The folders of src, with what their rooms hold, the largest first."""
    lines = collections.Counter()
    for file in cxx_files(files, "src"):
        lines["/".join(file.parts[:2])] += len(file.lines)
    return dict(lines.most_common())


def check_files(files: Files) -> Findings:
    for file in files.values():
        if file.parts[0] in CODE_FOLDERS + ("tools",) and len(file.lines) > FILE_LINES_MAX:
            message = f"{len(file.lines)} lines: at most {FILE_LINES_MAX}, so divide it by theme"
            yield Finding(file.path, 1, "size", message)


def check_functions(files: Files) -> Findings:
    for function in all_functions(files, "src"):
        if function.lines > FUNCTION_LINES_MAX:
            message = f"{function.name} has {function.lines} lines: at most {FUNCTION_LINES_MAX}"
            yield Finding(function.path, function.line, "size", message)


def check_folders(files: Files) -> Findings:
    folders = lines_of_folders(files)
    whole = sum(folders.values())
    for folder, lines in folders.items():
        if whole > WHOLE_LINES_MIN and lines > whole * FOLDER_SHARE_MAX:
            message = f"{lines / whole:.0%} of src: at most {FOLDER_SHARE_MAX:.0%}, so divide it"
            yield Finding(folder, 1, "size", message)


def summary(sizes: dict[str, int]) -> str:
    """Of things with their lines: median, p90, and the longest."""
    ordered = sorted(sizes.values())
    longest = max(sizes, key=sizes.get)
    median, p90 = ordered[len(ordered) // 2], ordered[len(ordered) * 9 // 10]
    return f"{len(ordered)}, median {median} lines, p90 {p90}, longest {sizes[longest]}: {longest}"


def report(files: Files) -> list[str]:
    functions: list[Function] = all_functions(files, "src")
    sources: list[File] = cxx_files(files, "src")
    folders = lines_of_folders(files)
    whole = sum(folders.values())
    lines = [
        "functions: " + summary({f"{one.name} ({one.path}:{one.line})": one.lines for one in functions}),
        "files: " + summary({file.path: len(file.lines) for file in sources}),
        f"src: {whole} lines",
    ]
    return lines + [f"  {count / whole:5.1%} {count:6} {folder}" for folder, count in folders.items()]


CHECKS = (check_files, check_functions, check_folders)
