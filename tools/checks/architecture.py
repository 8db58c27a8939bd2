"""ARCHITECTURE.md is true: the paths of a SET and a GET name functions that exist, and that call each other."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from checks.functions import Function, all_functions
from checks.tree import File, Files, Finding, Findings

PAGE = "ARCHITECTURE.md"
HEADING = re.compile(r"^## ")
PATHS = "The path of"
CODE = re.compile(r"`([^`]+)`")
FUNCTION = re.compile(r"(?:\w+::)*~?[A-Z]\w*")
SOURCE = re.compile(r"(?:\w+/)+\w+\.(?:h|cc)")


class Line(NamedTuple):
    number: int
    text: str

    @property
    def cells(self) -> list[str]:
        """Those of a row of a table, without its heading; a line of prose has none."""
        is_row = self.text.startswith("| ") and not self.text.startswith("| function |")
        return [cell.strip() for cell in self.text.strip("|").split("|")] if is_row else []

    def codes(self, pattern: re.Pattern) -> list[str]:
        return [code for code in CODE.findall(self.text) if pattern.fullmatch(code)]


def sections(page: File) -> Iterator[tuple[str, list[Line]]]:
    """The headings of the page, each with its lines."""
    starts = [number for number, line in enumerate(page.lines) if HEADING.match(line)] + [len(page.lines)]
    for start, end in zip(starts, starts[1:]):
        lines = [Line(number + 1, page.lines[number]) for number in range(start + 1, end)]
        yield page.lines[start].removeprefix("## "), lines


def section(files: Files, heading: str) -> list[Line] | None:
    """None: it is no page with headings. A page that lacks this one has no lines under it."""
    found = list(sections(files[PAGE])) if PAGE in files else []
    return dict(found).get(heading, []) if found else None


def defined_as(name: str, functions: list[Function]) -> list[Function]:
    return [function for function in functions if f"::{function.name}".endswith(f"::{name}")]


def check_paths(files: Files) -> Findings:
    paths = [lines for heading, lines in sections(files[PAGE]) if heading.startswith(PATHS)] if PAGE in files else []
    functions = all_functions(files, "src") if paths else []
    for lines in paths:
        for line in (line for line in lines if not line.cells):
            yield from check_named_functions(line, functions)
        yield from check_rows([line for line in lines if line.cells], functions)


def check_named_functions(line: Line, functions: list[Function]) -> Findings:
    for name in line.codes(FUNCTION):
        if "::" in name and not defined_as(name, functions):
            yield Finding(PAGE, line.number, "path", f"src defines no function {name}")


def check_rows(rows: list[Line], functions: list[Function]) -> Findings:
    """Each row names functions and their file. All but the first are called by one above."""
    above = []
    for row in rows:
        names, folder, *_ = row.cells
        for name in CODE.findall(names):
            here = [one for one in defined_as(name, functions) if one.path.startswith(f"src/{folder.strip('`')}")]
            call = re.compile(rf"\b{name.rpartition('::')[2]}\s*\(")
            if not here:
                yield Finding(PAGE, row.number, "path", f"{folder} does not define {name}")
            elif above and not any(call.search(function.body) for function in above):
                yield Finding(PAGE, row.number, "path", f"no function above {name} in this path calls it")
            above += here


CHECKS = (check_paths,)
