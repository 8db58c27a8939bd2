"""Dead files: a source is built, a header included, a unit test belongs to a source, a tool is called."""

import ast
import re
from collections.abc import Iterator

from checks.tree import File, Files, Finding, Findings, cxx_files

ALL_OF_THE_API = "include/kvs/kvs.h"


def check_sources_are_built(files: Files) -> Findings:
    for file in cxx_files(files):
        if file.suffix == ".cc" and not is_named_by_cmake(files, file):
            yield Finding(file.path, 1, "dead-file", "no CMakeLists.txt above it names it")


def is_named_by_cmake(files: Files, file: File) -> bool:
    fuzzer = re.escape(file.parts[-1].removesuffix("_fuzz.cc"))
    for depth in range(1, len(file.parts)):
        lists = files.get("/".join(file.parts[:depth]) + "/CMakeLists.txt")
        name = re.escape("/".join(file.parts[depth:]))
        if lists and re.search(rf"(?<![\w/]){name}(?!\w)|\bkvs_fuzz\({fuzzer}\b", lists.text):
            return True
    return False


def check_headers_are_included(files: Files) -> Findings:
    included = {name for file in cxx_files(files) for _, name in file.includes()}
    for file in cxx_files(files):
        if file.suffix == ".h" and file.path != ALL_OF_THE_API:
            if not {"/".join(file.parts[1:]), file.path, file.parts[-1]} & included:
                yield Finding(file.path, 1, "dead-file", "nobody includes it")


def check_kvs_h_is_all_of_the_api(files: Files) -> Findings:
    for file in cxx_files(files, "include"):
        if file.path != ALL_OF_THE_API and f'"kvs/{file.parts[-1]}"' not in files[ALL_OF_THE_API].text:
            yield Finding(file.path, 1, "dead-file", "kvs.h, which is all of the API, does not include it")


def check_unit_tests_have_a_source(files: Files) -> Findings:
    for file in cxx_files(files, "tests"):
        if not file.path.startswith("tests/unit/") or not file.path.endswith("_test.cc"):
            continue
        folder, name = "/".join(file.parts[2:-1]), file.parts[-1].removesuffix("_test.cc")
        source = re.compile(rf"(src/{folder}/(.*/)?|include/kvs/)(?P<name>\w+)\.(h|cc)")
        sources = {match.group("name") for path in files if (match := source.fullmatch(path))}
        if not any(name == source or name.startswith(source + "_") for source in sources):
            message = f"neither src/{folder} nor include/kvs has a source that {name} could test"
            yield Finding(file.path, 1, "dead-file", message)


def check_tools_are_called(files: Files) -> Findings:
    tools = {file.path: file for file in files.values() if file.parts[0] == "tools" and file.suffix in (".py", ".sh")}
    callers = [file for file in files.values() if file.path == "dev" or file.parts[-1] == "CMakeLists.txt"]
    waiting = [path for path in tools if any(path.rpartition("/")[2] in caller.text for caller in callers)]
    used = set()
    while waiting:
        used.add(path := waiting.pop())
        waiting += [module for module in modules_imported_by(tools[path]) if module in tools.keys() - used]
    for path in tools.keys() - used:
        yield Finding(path, 1, "dead-file", "neither ./dev nor a CMakeLists.txt calls it, and no tool imports it")


def modules_imported_by(file: File) -> Iterator[str]:
    """The paths that a tool's imports may mean: `from checks import floors` may be of a name or of a module."""
    for node in ast.walk(ast.parse(file.text)) if file.suffix == ".py" else ():
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module] + [f"{node.module}.{name}" for name in names]
        for name in names:
            yield from (f"tools/{name.replace('.', '/')}{end}" for end in (".py", "/__init__.py"))


CHECKS = (
    check_sources_are_built,
    check_headers_are_included,
    check_kvs_h_is_all_of_the_api,
    check_unit_tests_have_a_source,
    check_tools_are_called,
)
