"""The functions that a C++ file defines, found by counting braces: no compiler is needed, only our own layout.

What a brace opens is told by the words before it: a namespace or a class, whose functions are looked at; a function; or
a list of values, which is passed over, as is what a function contains. Lines of the preprocessor are not looked at.
"""

import re
from typing import NamedTuple

from checks.tree import File, Files, blank, cxx_files

DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
LABEL = re.compile(r"(?:\s|(?:public|private|protected)\s*:)*")
NAMESPACE = re.compile(r"(?:inline\s+)?namespace\b|extern\s*$")
CLASS = re.compile(
    r"(?:class|struct|union)\s+(?:(?:\w+\(\)|\[\[.*?\]\])\s*)*(?P<name>\w+(?:::\w+)*)(?:\s+final)?\s*(?::(?!:)|$)"
)
VALUE = re.compile(r"(?<![=<>!])=(?!=)")
MEMBERS_OF_CONSTRUCTOR = re.compile(r"\(\)[^:]*(?<!:):(?!:).*[\w>]$", re.DOTALL)
OPERATOR = r"operator\s*(?:\(\)|\[\]|[^\s\w(]+|\w[\w:]*)"
NAME = re.compile(rf"(?P<name>(?:\w+::)*(?:{OPERATOR}|~?\w+))\s*\(\)")
NO_NAMES = re.compile(r"KVS_\w+|decltype|alignas|noexcept|requires|__attribute__")
PAIRS = {"(": ")", "{": "}", "<": ">"}


class Function(NamedTuple):
    name: str  # With those of its classes, without namespaces: "Store::Set".
    path: str
    line: int  # Of its first line.
    lines: int
    body: str  # Without comments and literals.


def closing(code: str, at: int) -> int:
    """The offset after the bracket that closes the one at `at`, or the end of the code."""
    opened, closed, depth = code[at], PAIRS[code[at]], 0
    for end in range(at, len(code)):
        depth += {opened: 1, closed: -1}.get(code[end], 0)
        if depth == 0:
            return end + 1
    return len(code)


def without(code: str, bracket: str) -> str:
    """The code with nothing between brackets of this kind; those of templates go themselves."""
    parts, at = [], 0
    while (opened := code.find(bracket, at)) >= 0:
        parts.append(code[at:opened] + ("" if bracket == "<" else bracket + PAIRS[bracket]))
        at = closing(code, opened)
    return "".join(parts) + code[at:]


def outline(head: str) -> str:
    """The words before a brace, without what is between parentheses, in braces or given to templates."""
    bare = re.sub(r"\[\[.*?\]\]", "", without(without(head, "("), "{"))
    if "operator" in bare:
        bare = re.sub(r"operator\s*[<>=!-]+", "operator_", bare)
    return re.sub(r"^template\s*(?=\w)", "", without(bare, "<")).strip()


def name_of_function(bare: str) -> str | None:
    """None: what follows are values, or a member that a constructor initialises."""
    if VALUE.search(bare) or MEMBERS_OF_CONSTRUCTOR.search(bare):
        return None
    names = (match.group("name") for match in NAME.finditer(bare))
    return next((name for name in names if not NO_NAMES.fullmatch(name)), None)


class Scanner:
    """Goes over the code of one file, from bracket to bracket."""

    TOKEN = re.compile(r"[{}();]")

    def __init__(self, file: File) -> None:
        self.file = file
        self.code = DIRECTIVE.sub(lambda match: blank(match.group()), file.code)
        self.begin = 0  # Where the words begin that tell what the next brace opens.
        self.scopes: list[str] = []  # The namespaces and classes around; a namespace is "".
        self.found: list[Function] = []

    def scan(self) -> list[Function]:
        at = 0
        while match := self.TOKEN.search(self.code, at):
            at = match.end()
            if match.group() == "(":
                at = closing(self.code, match.start())
            elif match.group() == "{":
                at = self.enter(match.start())
            elif match.group() in ";}":
                self.scopes = self.scopes[:-1] if match.group() == "}" else self.scopes
                self.begin = at
        return self.found

    def enter(self, brace: int) -> int:
        """Where to go on after the brace: within a namespace or class, else after what the brace opens."""
        self.begin = LABEL.match(self.code, self.begin).end()
        bare = outline(self.code[self.begin : brace])
        scope = CLASS.match(bare)
        if scope or NAMESPACE.match(bare):
            self.scopes = self.scopes + [scope.group("name") if scope else ""]
            self.begin = brace + 1
            return self.begin
        end = closing(self.code, brace)
        if name := name_of_function(bare):
            self.add(name, brace, end)
            self.begin = end
        return end

    def add(self, name: str, brace: int, end: int) -> None:
        qualified = "::".join(filter(None, [*self.scopes, name]))
        first, last = self.file.line_at(self.begin), self.file.line_at(end)
        self.found.append(Function(qualified, self.file.path, first, last - first + 1, self.code[brace:end]))


def functions_of(file: File) -> list[Function]:
    return Scanner(file).scan()


def all_functions(files: Files, *folders: str) -> list[Function]:
    return [function for file in cxx_files(files, *folders) for function in functions_of(file)]
