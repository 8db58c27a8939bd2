#!/usr/bin/env python3
"""Promise: mutants.py changes one thing at a time, and only in code."""

import pathlib
import tempfile
import unittest

from checks.tree import File
from mutants import mutants_of

CODE = '''#include "log/record.h"
// A comment: a < b, true, 7.
static_assert(1 + 1 == 2);
bool IsSmall(int a) {
  if (!IsKnown(a)) return false;
  Note("a < b");
  return a < 7 && a + 2 != 4;
}
'''


class MutantsTest(unittest.TestCase):
    def setUp(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "src/record.cc"
            path.parent.mkdir()
            path.write_text(CODE, encoding="utf-8")
            self.mutants = mutants_of(File(pathlib.Path(folder), path))

    def test_each_change_is_found(self):
        changed = {mutant.apply(CODE).splitlines()[mutant.line - 1].strip() for mutant in self.mutants}
        self.assertEqual(changed, {
            "if (IsKnown(a)) return false;",
            "if (!IsKnown(a)) return true;",
            "",
            "return a <= 7 && a + 2 != 4;",
            "return a < 8 && a + 2 != 4;",
            "return a < 7 || a + 2 != 4;",
            "return a < 7 && a - 2 != 4;",
            "return a < 7 && a + 3 != 4;",
            "return a < 7 && a + 2 == 4;",
            "return a < 7 && a + 2 != 5;",
        })

    def test_the_rest_stays(self):
        for mutant in self.mutants:
            lines = mutant.apply(CODE).splitlines()
            self.assertEqual(sum(one != other for one, other in zip(lines, CODE.splitlines())), 1)


if __name__ == "__main__":
    unittest.main()
