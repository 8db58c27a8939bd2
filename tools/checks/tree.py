"""The files of the tree, as the checks see them, and what a check answers."""

import pathlib
import re
from collections.abc import Iterator
from typing import NamedTuple

CODE_FOLDERS = ("include", "src", "tests", "bench", "fuzz")
OTHER_FOLDERS = ("cmake", "docs", "packaging", "tools", ".ci")
TEXT_SUFFIXES = {".h", ".cc", ".py", ".sh", ".cmake", ".in", ".md", ".txt", ".rs", ".toml", ".json", ".svg", ""}
SKIPPED_FOLDERS = {"target", "__pycache__", "corpus", "data"}

CXX_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9a-zA-Z])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE,
)


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


class File:
    """A text file of the tree; `code` is its text with comments and literals blanked out, same length and lines."""

    def __init__(self, root: pathlib.Path, path: pathlib.Path) -> None:
        self.path = path.relative_to(root).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.parts = self.path.split("/")
        self.suffix = path.suffix
        self.is_cxx = path.suffix in (".h", ".cc") and self.parts[0] in CODE_FOLDERS
        self.code = blank_comments_and_literals(self.text) if self.is_cxx else self.text

    def line_at(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def finding(self, offset: int, rule: str, message: str) -> Finding:
        return Finding(self.path, self.line_at(offset), rule, message)

    def allows(self, rule: str, line: int) -> bool:
        """Whether the line, or a comment of its own just above, carries tidy-allow(rule) and a reason."""
        allowance = re.compile(rf"tidy-allow\({rule}\): \S")
        return any(allowance.search(self.lines[at - 1]) for at in (line, line - 1) if 1 <= at <= len(self.lines))

    def includes(self) -> Iterator[tuple[int, str]]:
        for match in re.finditer(r'^\s*#\s*include\s+"([^"]+)"', self.text, re.MULTILINE):
            yield self.line_at(match.start()), match.group(1)


Files = dict[str, File]
Findings = Iterator[Finding]


def blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def blank_comments_and_literals(text: str) -> str:
    return CXX_TOKEN.sub(lambda match: blank(match.group()), text)


def closing_parenthesis(code: str, at: int) -> int:
    """Where the parenthesis closes that was opened just before `at`."""
    depth = 1
    while at < len(code) and depth > 0:
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        at += 1
    return at - 1


def load(root: pathlib.Path) -> Files:
    paths = [path for path in root.iterdir() if path.is_file() and not path.name.startswith(".git")]
    for folder in CODE_FOLDERS + OTHER_FOLDERS:
        paths += [path for path in (root / folder).rglob("*") if path.is_file()]
    texts = [path for path in paths if path.suffix in TEXT_SUFFIXES]
    kept = [path for path in texts if not SKIPPED_FOLDERS & set(path.relative_to(root).parts)]
    return {file.path: file for file in (File(root, path) for path in sorted(kept))}


def cxx_files(files: Files, *folders: str) -> list[File]:
    """The C++ files of these folders, or of all."""
    return [file for file in files.values() if file.is_cxx and (not folders or file.parts[0] in folders)]
