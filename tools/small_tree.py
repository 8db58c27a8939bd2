"""A small clean tree for the tests of tidy's checks, and what they expect of it once something is spoiled."""

import pathlib
import tempfile
import unittest

import floor_chart
import tidy
from checks.tree import Finding, load

CLEAN = {
    "ARCHITECTURE.md": """
| floor | folder | may include | public headers | links besides | what it is |
|---|---|---|---|---|---|
| 2 | store | io base | engine.h | - | the store |
| 1 | io | base | - | - | files |
| 1 | sync | base | - | - | locks |
| 0 | base | - | - | - | the ground |
""",
    "dev": "tidy\n",
    "include/kvs/kvs.h": '// All.\n#pragma once\n#include "kvs/engine.h"\n#include "kvs/result.h"\n',
    "include/kvs/engine.h": '// Engine.\n#pragma once\n#include "kvs/result.h"\n',
    "include/kvs/result.h": "// Result.\n#pragma once\n",
    "src/base/CMakeLists.txt": "kvs_folder(base SOURCES text.cc)\n",
    "src/base/text.h": "// Text.\n#pragma once\nint Text();\n",
    "src/base/text.cc": '#include "base/text.h"\nint Text() { return 1; }\n',
    "src/sync/CMakeLists.txt": "kvs_folder(sync SOURCES lock.cc LINKS kvs::base)\n",
    "src/sync/lock.cc": "#include <mutex>\nstd::mutex lock;\n",
    "src/io/CMakeLists.txt": "kvs_folder(io SOURCES file.cc LINKS kvs::base Threads::Threads)\n",
    "src/io/file.cc": '#include "base/text.h"\nUniqueFd Open() { return UniqueFd(::open("a", 0)); }\n',
    "src/store/CMakeLists.txt": "kvs_folder(store\n  SOURCES store.cc\n  LINKS kvs::io kvs::base)\n",
    "src/store/store.h": '// Store.\n#pragma once\n#include "kvs/engine.h"\n#include "kvs/result.h"\n',
    "src/store/store.cc": '#include "store/store.h"\n#include "base/text.h"\n// assert(this) is only talk.\n',
    "tests/unit/store/CMakeLists.txt": "kvs_test(unit_store SOURCES store_test.cc)\n",
    "tests/unit/store/store_test.cc": '#include "store/store.h"\n',
}


def findings_of(tree: dict[str, str]) -> list[Finding]:
    """The findings in `tree`, whose picture is that of its own floor table unless `tree` has another one."""
    tree = {floor_chart.PICTURE: floor_chart.draw(tree["ARCHITECTURE.md"]), **tree}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        for path, text in tree.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return list(tidy.findings(load(root)))


class TreeTest(unittest.TestCase):
    def expect(self, rule, path, fragment="", *, tree):
        """Expects exactly one finding, of `rule` in `path`, once the files of `tree` replace those of the clean one."""
        found = findings_of({**CLEAN, **tree})
        self.assertEqual([(one.rule, one.path) for one in found], [(rule, path)], "\n".join(map(str, found)))
        self.assertIn(fragment, found[0].message)

    def expect_in_code(self, rule, code, fragment="", path="src/store/store.cc"):
        self.expect(rule, path, fragment, tree={path: CLEAN[path] + code + "\n"})

    def expect_clean(self, code, path="src/store/store.cc"):
        self.assertEqual(findings_of({**CLEAN, path: CLEAN[path] + code + "\n"}), [])
