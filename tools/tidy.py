#!/usr/bin/env python3
"""Checks what no compiler does: floors, banned calls, probes, dead files, layout, test names. Usage: tidy.py [ROOT]

The floors are the table in ARCHITECTURE.md. A line that must break a rule says so, with its reason:
    ... // tidy-allow(rule): reason
Exit code 1 if anything was found. tools/tidy_test.py proves that each rule can fail.
"""

import collections
import pathlib
import re
import sys
from typing import NamedTuple

import floor_chart
import probes

CODE_FOLDERS = ("include", "src", "tests", "bench", "fuzz")
OTHER_FOLDERS = ("cmake", "docs", "packaging", "tools", ".ci")
TEXT_SUFFIXES = {".h", ".cc", ".py", ".sh", ".cmake", ".in", ".md", ".txt", ".rs", ".toml", ".json", ".svg", ""}
WIDE_SUFFIXES = {".md", ".json", ".in", ".toml", ".svg"}  # Not bound to the line length.
LINE_CHARACTERS_MAX = 120
FILE_LINES_MAX = 500
FOLDER_FILES_MAX = 30


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


class File:
    """A text file of the tree; `code` is its text with comments and literals blanked out, same length and lines."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.parts = self.path.split("/")
        self.suffix = path.suffix
        self.is_cxx = path.suffix in (".h", ".cc") and self.parts[0] in CODE_FOLDERS
        self.code = blank_comments_and_literals(self.text) if self.is_cxx else self.text

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def allows(self, rule, line):
        """Whether the line, or a comment of its own just above, carries tidy-allow(rule) and a reason."""
        return any(re.search(rf"tidy-allow\({rule}\): \S", self.lines[at - 1]) for at in (line, line - 1) if at >= 1)

    def includes(self):
        for match in re.finditer(r'^\s*#\s*include\s+"([^"]+)"', self.text, re.MULTILINE):
            yield self.line_at(match.start()), match.group(1)


CXX_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9a-zA-Z])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE,
)


def blank_comments_and_literals(text):
    return CXX_TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def load(root):
    paths = [path for path in root.iterdir() if path.is_file() and not path.name.startswith(".git")]
    for folder in CODE_FOLDERS + OTHER_FOLDERS:
        paths += [path for path in (root / folder).rglob("*") if path.is_file()]
    skipped = {"target", "__pycache__", "corpus", "data"}
    paths = [path for path in paths if path.suffix in TEXT_SUFFIXES and not skipped & set(path.relative_to(root).parts)]
    return {file.path: file for file in (File(root, path) for path in sorted(paths))}


# ------------------------------------------------------------------------------------------------------------ floors


class Room(NamedTuple):
    """A row of the floor table. Its folder may be nested: "store/tail"."""

    floor: tuple
    includes: frozenset
    public_headers: frozenset
    links: frozenset


ROW = re.compile(r"^\| (\d)([a-z]?) \| ([\w/]+) \| ([\w/ -]+) \| ([\w. -]+) \| ([\w/ -]+) \| [^|]+ \|$")
ABOVE_LETTERS = "~"  # A plain floor is above those of its number that have a letter.


def read_floors(files):
    rooms = {}
    for line in files["ARCHITECTURE.md"].lines if "ARCHITECTURE.md" in files else ():
        if match := ROW.match(line):
            number, letter, folder, *cells = match.groups()
            words = [frozenset(cell.replace("-", " ").split()) for cell in cells]
            rooms[folder] = Room((int(number), letter or ABOVE_LETTERS), *words)
    return rooms


def room_of(path, rooms):
    """The row that a file belongs to: the longest that its path, from src/ on, matches. None if no row matches."""
    parts = path.split("/")[:-1]
    folders = ("/".join(parts[:depth]) for depth in range(len(parts), 0, -1))
    return next((folder for folder in folders if folder in rooms), None)


def check_floor_table(files, rooms):
    table = "ARCHITECTURE.md"
    paths = ["/".join(file.parts[1:]) for file in files.values() if file.parts[0] == "src" and len(file.parts) > 2]
    for folder in sorted({path.rpartition("/")[0] for path in paths if room_of(path, rooms) is None}):
        yield Finding(table, 1, "floors", f"src/{folder} has no row in the floor table")
    for folder in sorted(rooms.keys() - {room_of(path, rooms) for path in paths}):
        yield Finding(table, 1, "floors", f"the floor table has a row for {folder}, but there is no src/{folder}")
    for folder, room in sorted(rooms.items()):
        for below in sorted(room.includes):
            if below not in rooms or rooms[below].floor >= room.floor:
                yield Finding(table, 1, "floors", f"{folder} may not include {below}: includes go downwards only")


def check_includes(files, rooms):
    for file in files.values():
        if not file.is_cxx or file.parts[0] not in ("src", "include"):
            continue
        for line, name in file.includes():
            if file.parts[0] == "include":
                refusal = None if name.startswith("kvs/") else "a public header includes only public headers"
            else:
                refusal = refuse_include(room_of("/".join(file.parts[1:]), rooms), name, rooms)
            if refusal:
                yield Finding(file.path, line, "floors", f'"{name}": {refusal}')


def refuse_include(folder, name, rooms):
    room = rooms.get(folder)
    target = room_of(name, rooms)
    if room is None or target == folder:
        return None
    top, _, rest = name.partition("/")
    if top == "kvs":
        is_open = rest == "result.h" or rest in room.public_headers or "all" in room.public_headers
        return None if is_open else f"{folder} may not include this public header, by its row of the floor table"
    if target is None:
        return "internal headers are included by their path from src/"
    return None if target in room.includes else f"{folder} may not include {target}, by its row of the floor table"


def check_links(files, rooms):
    for file in files.values():
        if file.parts[0] != "src" or file.parts[-1] != "CMakeLists.txt":
            continue
        for match in re.finditer(r"kvs_folder\(([\w/]+)([^)]*)\)", file.text):
            folder, arguments = match.groups()
            refusal = refuse_links(folder, set(re.findall(r"\bkvs::(\w+)", arguments)), rooms)
            if refusal:
                yield Finding(file.path, file.line_at(match.start()), "floors", refusal)


def refuse_links(folder, links, rooms):
    owner = room_of(f"{folder}/", rooms)
    if owner is None:
        return None  # check_floor_table() has found it.
    if owner != folder:
        return f"{folder} is a library, but has no row in the floor table: it belongs to {owner}"
    wanted = {below.replace("/", "_") for below in rooms[folder].includes | rooms[folder].links}  # kvs::store_tail
    differing = " ".join(sorted(links ^ wanted))
    return f"LINKS of {folder} are not its row of the floor table: {differing}" if differing else None


# ------------------------------------------------------------------------------------------------------ banned calls


class Ban(NamedTuple):
    rule: str
    pattern: str
    where: str  # A regular expression that the file's path matches.
    instead: str


FILE_CALLS = (
    "open|openat|creat|rename|unlink|fsync|fdatasync|sync_file_range|ftruncate|fallocate|posix_fallocate|"
    "mmap|munmap|msync|flock|pread|preadv|pwrite|pwritev"
)
SHORT_CALLS = "read|write|close|send|recv|connect|bind|listen|accept4?|poll|stat|remove"
# dup2() and dup3() put theirs at a number that the caller has.
DESCRIPTOR_CALLS = (
    "open|openat2?|creat|socket|socketpair|accept4?|epoll_create1?|eventfd|timerfd_create|signalfd|inotify_init1?|"
    "memfd_create|pipe2?|dup"
)
OUTSIDE_IO = r"src/(?!io/)"
CXX = r"(include|src|tests|bench|fuzz)/"

BANS = [
    Ban("assert", r"\bassert\s*\(", CXX, "KVS_CHECK (base/check.h), which stays on in release builds"),
    Ban("system-call", rf"(?<![\w.>:])(?:std\s*::\s*|::\s*)?(?:{FILE_CALLS})\s*\(", OUTSIDE_IO, "what src/io offers"),
    Ban("system-call", rf"(?<![\w>:])::\s*(?:{SHORT_CALLS})\s*\(", OUTSIDE_IO, "what src/io offers"),
    Ban("system-call", r"\bstd::(?:i|o)?fstream\b|\bfopen\s*\(", OUTSIDE_IO, "what src/io offers"),
    Ban(
        "descriptor",
        rf"(?m)^(?!.*\bUniqueFd\b).*::\s*(?:{DESCRIPTOR_CALLS})\s*\(",
        r"src/io/",
        "UniqueFd on the same line: it keeps away from the standard streams",
    ),
    Ban(
        "system-call",
        r"\bfilesystem::(?:rename|remove|remove_all|create_director\w+|resize_file|copy\w*)\s*\(",
        OUTSIDE_IO,
        "what src/io offers",
    ),
    Ban(
        "mutex",
        r"\bstd::(?:\w*mutex|lock_guard|unique_lock|scoped_lock|shared_lock|condition_variable\w*)\b",
        r"(include|bench|src/(?!sync/))",
        "sync/mutex.h, whose locking clang proves",
    ),
    Ban("sleep", r"\b(?:u|nano)?sleep(?:_for|_until)?\s*\(", r"(src|tests)/", "a latch: wait for the thing itself"),
    Ban("detach", r"(?:\.|->)detach\s*\(", CXX, "a thread that somebody joins"),
    Ban("random", r"\bs?rand\s*\(|\bdrand48\s*\(", CXX, "base/random.h with a seed"),
    Ban("throw", r"\bthrow\b(?!;|\s+(std::bad_alloc|(base::)?MemoryRefused))", r"(include|src)/", "return Error{...}"),
    Ban("number", r"\b(?:ato(?:i|l|ll|f)|sto(?:i|l|ul|ll|ull|d))\s*\(", r"(include|src)/", "std::from_chars"),
    Ban("using-namespace", r"\busing\s+namespace\b", r".*\.h$", "the names themselves: a header opens no namespace"),
]

ATOMIC_CALL = re.compile(r"(?:\.|->)(load|store|exchange|fetch_\w+|compare_exchange_\w+|test_and_set)\s*\(")
LOOSE_END = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")


def check_bans(files):
    for file in files.values():
        if not file.is_cxx:
            continue
        for ban in BANS:
            if re.match(ban.where, file.path):
                for match in re.finditer(ban.pattern, file.code):
                    message = f"{match.group().strip(' (')}: use {ban.instead}"
                    yield Finding(file.path, file.line_at(match.start()), ban.rule, message)


def check_memory_orders(files):
    for file in files.values():
        for match in ATOMIC_CALL.finditer(file.code) if file.is_cxx else ():
            arguments = file.code[match.end() : closing_parenthesis(file.code, match.end())]
            if "memory_order" not in arguments:
                message = f"{match.group(1)}() without a memory order: name it, with the tag of its pair"
                yield Finding(file.path, file.line_at(match.start()), "memory-order", message)


def closing_parenthesis(code, at):
    depth = 1
    while at < len(code) and depth > 0:
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        at += 1
    return at - 1


def check_loose_ends(files):
    for file in files.values():
        for number, line in enumerate(file.lines, 1):
            if match := LOOSE_END.search(line):
                yield Finding(file.path, number, "loose-end", f"{match.group()}: do it, or say why it is so")


def probes_of(files):
    sources = [file for file in files.values() if file.is_cxx]
    return [probe for file in sources for probe in probes.probes_in(file.path, file.text, file.code)]


def check_probes(files):
    first = {}
    for probe in probes_of(files):
        if probe.name is None:
            message = "the name is no literal of the form that base/probe.h asks for"
            yield Finding(probe.path, probe.line, "probe", message)
        elif probe.name in first:
            message = f'"{probe.name}" names another path already, in {first[probe.name]}'
            yield Finding(probe.path, probe.line, "probe", message)
        first.setdefault(probe.name, f"{probe.path}:{probe.line}")


# -------------------------------------------------------------------------------------------------------- dead files


def check_sources_are_built(files):
    for file in files.values():
        if file.is_cxx and file.suffix == ".cc" and not is_named_by_cmake(files, file):
            yield Finding(file.path, 1, "dead-file", "no CMakeLists.txt above it names it")


def is_named_by_cmake(files, file):
    for depth in range(1, len(file.parts)):
        folder = "/".join(file.parts[:depth])
        lists = files.get(f"{folder}/CMakeLists.txt")
        name = re.escape("/".join(file.parts[depth:]))
        fuzzer = re.escape(file.parts[-1].removesuffix("_fuzz.cc"))
        if lists and re.search(rf"(?<![\w/]){name}(?!\w)|\bkvs_fuzz\({fuzzer}\b", lists.text):
            return True
    return False


def check_headers_are_included(files):
    included = {name for file in files.values() if file.is_cxx for _, name in file.includes()}
    for file in files.values():
        if not file.is_cxx or file.suffix != ".h" or file.path == "include/kvs/kvs.h":
            continue
        names = {"/".join(file.parts[1:]), file.path, file.parts[-1]}
        if not names & included:
            yield Finding(file.path, 1, "dead-file", "nobody includes it")
        if file.parts[0] == "include" and f'"kvs/{file.parts[-1]}"' not in files["include/kvs/kvs.h"].text:
            yield Finding(file.path, 1, "dead-file", "kvs.h, which is all of the API, does not include it")


def check_unit_tests_have_a_source(files):
    for file in files.values():
        if not file.path.startswith("tests/unit/") or not file.path.endswith("_test.cc"):
            continue
        folder, name = "/".join(file.parts[2:-1]), file.parts[-1][: -len("_test.cc")]
        source = re.compile(rf"(src/{folder}/(.*/)?|include/kvs/)(?P<name>\w+)\.(h|cc)")
        sources = {match.group("name") for path in files if (match := source.fullmatch(path))}
        if not any(name == source or name.startswith(source + "_") for source in sources):
            message = f"neither src/{folder} nor include/kvs has a source that {name} could test"
            yield Finding(file.path, 1, "dead-file", message)


def check_tools_are_called(files):
    callers = [file for file in files.values() if file.path == "dev" or file.parts[-1] == "CMakeLists.txt"]
    for file in files.values():
        if file.parts[0] == "tools" and file.suffix in (".py", ".sh"):
            if not any(file.parts[-1] in caller.text for caller in callers):
                yield Finding(file.path, 1, "dead-file", "neither ./dev nor a CMakeLists.txt calls it")


# ------------------------------------------------------------------------------------------------------------ layout


def check_headers(files):
    for file in files.values():
        if file.is_cxx and file.suffix == ".h":
            if not file.text.startswith(("// ", "/* ")):
                yield Finding(file.path, 1, "header", "a header opens with a comment that introduces it")
            is_for_c = 'extern "C"' in file.text and "#ifndef KVS_" in file.text
            if "#pragma once" not in file.lines and not is_for_c:
                yield Finding(file.path, 1, "header", "#pragma once is missing")


def check_layout(files):
    for file in files.values():
        for number, line in enumerate(file.lines, 1):
            if "\t" in line:
                yield Finding(file.path, number, "layout", "a tab: use spaces")
            if len(line) > LINE_CHARACTERS_MAX and file.suffix not in WIDE_SUFFIXES and file.path != "LICENSE":
                yield Finding(file.path, number, "layout", f"{len(line)} characters: at most {LINE_CHARACTERS_MAX}")


def check_folders_are_not_crowded(files):
    counts = collections.Counter(file.path.rpartition("/")[0] for file in files.values() if file.is_cxx)
    for folder, count in sorted(counts.items()):
        if folder.startswith("src/") and count > FOLDER_FILES_MAX:
            message = f"{count} files in one folder, at most {FOLDER_FILES_MAX}: divide it into rooms"
            yield Finding(folder, 1, "crowd", message)
# --------------------------------------------------------------------------------------------------------- documents


def check_picture(files):
    table, picture = files.get(floor_chart.TABLE), files.get(floor_chart.PICTURE)
    drawn = floor_chart.draw(table.text) if table else None
    if drawn is not None and (picture is None or picture.text != drawn):
        yield Finding(floor_chart.PICTURE, 1, "picture", "not what the floor table draws: run ./dev picture")


# What is never right in a comment or a document, and the plain words for it. A space matches a line break too.
PLAIN_WORDS = [
    ("by turns", "interleaved, or alternate"),
    ("(?<!look.)(?<!looked.)at once", "immediately, or together"),
    ("for ever", "forever, or for good"),
    ("in front", "before"),
    ("in so many words", "say so"),
    ("(?:stand|stands) (?:behind|before|in|at|on|above|below|beside|there|alone|still)", "is, was"),
    ("stood", "was"),
    ("whoever", "the one that: name it"),
    ("(?:those|him|he|one|nobody|everybody|somebody) who", "that: name the client, the writer, the thread"),
    (r"some (?=\d)", "about"),
]
SCRIPT_COMMENT = re.compile(r'""".*?"""|(?<!\S)#[^\n]*', re.DOTALL)
SLASH_COMMENT = re.compile(r"//[^\n]*")
QUOTED = re.compile(r"^ *```.*?^ *```|<!-- table: begin -->.*?<!-- table: end -->", re.DOTALL | re.MULTILINE)


def prose_of(file):
    """The file's comments, or a document without its code and measured tables; the rest is blanked out."""
    if file.suffix == ".md":
        return QUOTED.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), file.text)
    if file.is_cxx:
        comments = [match for match in CXX_TOKEN.finditer(file.text) if match.group("comment")]
    elif file.suffix == ".rs":
        comments = SLASH_COMMENT.finditer(file.text)
    else:
        comments = SCRIPT_COMMENT.finditer(file.text)
    prose = list(re.sub(r"[^\n]", " ", file.text))
    for match in comments:
        prose[match.start() : match.end()] = match.group()
    return "".join(prose)


def check_plain_words(files):
    for file in files.values():
        if file.suffix in (".svg", ".json"):
            continue
        prose = prose_of(file)
        for words, instead in PLAIN_WORDS:
            pattern = r"\b" + words.replace(" ", r"[\s/#*]+") + (r"\b" if words[-1].isalpha() else "")
            for match in re.finditer(pattern, prose, re.IGNORECASE):
                found = re.sub(r"[\s/#*]+", " ", match.group())
                message = f"{found}: in plain words: {instead}"
                yield Finding(file.path, file.line_at(match.start()), "plain-words", message)


TEST_NAME = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*\w+,\s*(\w+)\s*\)")
TEST_NAME_CHARACTERS_MAX = 50
HEADLESS_NAME = re.compile(r"(?:DISABLED_)?(Wh(?:at|o|ere|atever|oever|erever)|Those)(?![a-z])")


def check_test_names(files):
    for file in files.values():
        if not file.is_cxx or file.parts[0] != "tests":
            continue
        for match in TEST_NAME.finditer(file.code):
            name, line = match.group(1), file.line_at(match.start())
            if len(name) > TEST_NAME_CHARACTERS_MAX:
                message = f"{name} has {len(name)} characters: at most {TEST_NAME_CHARACTERS_MAX}"
                yield Finding(file.path, line, "test-name", message)
            if headless := HEADLESS_NAME.match(name):
                message = f"{name} begins with {headless.group(1)}: begin with a noun that names the thing"
                yield Finding(file.path, line, "test-name", message)


def notes(files):
    for file in files.values():
        if file.parts[0] in CODE_FOLDERS + ("tools",) and len(file.lines) > FILE_LINES_MAX:
            yield f"{file.path}: {len(file.lines)} lines: is a room missing?"


def findings(files):
    rooms = read_floors(files)
    checks = [
        check_floor_table(files, rooms),
        check_includes(files, rooms),
        check_links(files, rooms),
        check_bans(files),
        check_memory_orders(files),
        check_loose_ends(files),
        check_probes(files),
        check_sources_are_built(files),
        check_headers_are_included(files),
        check_unit_tests_have_a_source(files),
        check_tools_are_called(files),
        check_headers(files),
        check_layout(files),
        check_folders_are_not_crowded(files),
        check_picture(files),
        check_plain_words(files),
        check_test_names(files),
    ]
    for check in checks:
        for finding in check:
            file = files.get(finding.path)
            if not file or not file.allows(finding.rule, finding.line):
                yield finding


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent).resolve()
    files = load(root)
    for note in notes(files):
        print(f"note: {note}")
    found = list(findings(files))
    for finding in found:
        print(finding)
    print(f"tidy: {len(files)} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
