#!/usr/bin/env python3
"""Promise: tidy finds what is too long, and sizes.py tells how long things are.

The tests give the small clean tree something that is just as long as it may be, and then a line more.
"""

import pathlib
import tempfile
import unittest

from checks.sizes import FUNCTION_LINES_MAX, report
from checks.tree import load
from small_tree import CLEAN, TreeTest, findings_of

PATH = "src/store/store.cc"


def function_of(lines: int) -> str:
    return "void Store::Set() {\n" + "  Do();\n" * (lines - 2) + "}\n"


class SizesTest(TreeTest):
    def test_a_long_file_is_found(self):
        for path in ("src/store/store.h", "tests/unit/store/store_test.cc", "dev"):
            with self.subTest(path):
                lines = CLEAN[path].count("\n")
                self.assertEqual(findings_of({**CLEAN, path: CLEAN[path] + "\n" * (500 - lines)}), [])
                longer = {**CLEAN, path: CLEAN[path] + "\n" * (501 - lines)}
                found = [(one.rule, one.path) for one in findings_of(longer)]
                self.assertEqual(found, [] if path == "dev" else [("size", path)])

    def test_a_long_function_is_found(self):
        self.expect_clean(function_of(FUNCTION_LINES_MAX))
        self.expect_in_code("size", function_of(FUNCTION_LINES_MAX + 1), "Store::Set has 46 lines")

    def test_a_folder_with_more_than_its_share_is_found(self):
        files = {"base/text.cc": 220, "io/file.cc": 220, "sync/lock.cc": 220, "store/store.cc": 400}
        tree = {f"src/{path}": CLEAN[f"src/{path}"] + "\n" * lines for path, lines in files.items()}
        self.expect("size", "src/store", "38% of src", tree=tree)
        smaller = {**tree, "src/store/store.cc": CLEAN["src/store/store.cc"] + "\n" * 280}
        self.assertEqual(findings_of({**CLEAN, **smaller}), [], "of so few lines any folder may have many")

    def test_the_report_has_medians_and_the_longest(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            (root / "src/a").mkdir(parents=True)
            (root / "src/a/a.cc").write_text("int F() { return 1; }\n\n" + function_of(7))
            (root / "src/a/b.cc").write_text("int G() {\n  return 1;\n}\n")
            functions, files, whole, share = report(load(root))
        self.assertEqual(functions, "functions: 3, median 3 lines, p90 7, longest 7: Store::Set (src/a/a.cc:3)")
        self.assertEqual(files, "files: 2, median 9 lines, p90 9, longest 9: src/a/a.cc")
        self.assertEqual((whole, share.split()), ("src: 12 lines", ["100.0%", "12", "src/a"]))


if __name__ == "__main__":
    unittest.main()
