#!/usr/bin/env python3
"""Promise: tidy finds what ARCHITECTURE.md says of functions and is not so.

The tests give the small clean tree a page that tells the truth, spoil one thing, and expect that one finding.
"""

import unittest

from checks.functions import functions_of
from checks.tree import blank_comments_and_literals
from small_tree import CLEAN, TreeTest, findings_of

PATH = """
## The path of a SET

Text names `Store::Get` and the type `Store`.

| function | file | what happens |
|---|---|---|
| `Store::Set`, `Store::Put` | `store/store.cc` | it begins |
| `Append` | `store/store.cc` | it ends |

## More

`Nothing::Here` is no part of a path.
"""
STORE = """#include "store/store.h"
#include "base/text.h"
namespace kvs {
void Append() {}
void Store::Set() { Put(1); }
void Store::Put(int) { Append(); }
void Store::Get() {}
}
"""


class PathsTest(TreeTest):
    def tree(self, *, page: str = PATH, store: str = STORE) -> dict[str, str]:
        return {"ARCHITECTURE.md": CLEAN["ARCHITECTURE.md"] + page, "src/store/store.cc": store}

    def test_a_path_that_the_code_takes_has_no_finding(self):
        self.assertEqual(findings_of({**CLEAN, **self.tree()}), [])

    def test_a_function_that_its_file_does_not_define_is_found(self):
        for row in ("| `Prepend` | `store/store.cc`", "| `Append` | `io/file.cc`"):
            page = PATH.replace("| `Append` | `store/store.cc`", row)
            self.expect("path", "ARCHITECTURE.md", "does not define", tree=self.tree(page=page))

    def test_a_function_that_is_only_called_or_declared_is_found(self):
        store = STORE.replace("void Store::Get() {}", "void Get(); void F() { Store::Get(); }")
        self.expect("path", "ARCHITECTURE.md", "src defines no function Store::Get", tree=self.tree(store=store))

    def test_a_function_that_none_above_it_calls_is_found(self):
        for store in (STORE.replace("{ Append(); }", "{}"), STORE.replace("{ Append(); }", "{ // Append();\n}")):
            self.expect("path", "ARCHITECTURE.md", "no function above Append", tree=self.tree(store=store))


class FakeFile:
    def __init__(self, text: str) -> None:
        self.path = "src/a/a.cc"
        self.text = text
        self.code = blank_comments_and_literals(text)

    def line_at(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1


class FunctionsTest(unittest.TestCase):
    def names(self, text: str) -> list[str]:
        return [function.name for function in functions_of(FakeFile(text))]

    def test_functions_are_found_with_their_classes(self):
        text = """
        namespace kvs::a { namespace {
        template <class T = int> class KVS_CAPABILITY("mutex") Outer final : public Base<int()> {
         public:
          explicit Outer(int a) : a_{a}, b_(std::move(a)), c_{} {}
          ~Outer() override { if (a_) { Call(); } }
          int a() const noexcept { return a_; }
          bool operator==(const Outer&) const { return true; }
          void operator()(int) KVS_REQUIRES(mutex_) {}
          struct Inner { [[nodiscard]] static auto Make(int x = {}) -> Inner { return {}; } };
         private:
          int a_{1};
          std::size_t d_ KVS_GUARDED_BY(mutex_){0};
        };
        } }
        Result<std::map<int, int>> Outer::Find(const X& x) && { return [] { return 1; }(); }
        """
        names = ["Outer", "~Outer", "a", "operator_", "operator()", "Inner::Make"]
        self.assertEqual(self.names(text), [f"Outer::{name}" for name in names] + ["Outer::Find"])

    def test_what_is_no_function_is_passed_over(self):
        text = """
        #define BODY(x) void F() { \\
          x; }
        enum class Kind : std::uint8_t { kA, kB };
        constexpr std::array<int, 2> kNumbers = {1, 2};
        const auto kCall = [](int a) { return a; };
        extern "C" { void G() { /* } */ char c = '}'; } }
        void H();
        """
        self.assertEqual(self.names(text), ["G"])

    def test_lines_are_counted_from_the_signature_to_the_brace(self):
        function = functions_of(FakeFile("// Why.\nint F(int a,\n      int b) {\n  return a;\n}\n"))[0]
        self.assertEqual((function.line, function.lines), (2, 4))


if __name__ == "__main__":
    unittest.main()
