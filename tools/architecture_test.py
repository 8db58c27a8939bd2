#!/usr/bin/env python3
"""Promise: tidy finds what ARCHITECTURE.md says of functions, threads and locks, and is not so.

The tests give the small clean tree a page that tells the truth, spoil one thing, and expect that one finding.
"""

import unittest

from checks.functions import functions_of
from checks.tree import blank_comments_and_literals
from small_tree import CLEAN, TreeTest, findings_of

PATH = """
## Lock order

1. `sync/lock.cc`

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


class ThreadsAndLocksTest(TreeTest):
    PAGE = """
## Threads of a running server

| thread | started in | how many |
|---|---|---|
| main | - | 1 |
| worker | `store/store.cc` | many, see `io/file.cc` |

## Lock order

1. the store (`store/store.h`)
2. leaves (`sync/lock.cc`)
"""
    HEADER = CLEAN["src/store/store.h"] + "struct Store { sync::Mutex mutex_; };\n"
    SOURCE = CLEAN["src/store/store.cc"] + "auto Run() { return sync::StartThread(Work); }\n"

    def tree(self, *, page: str = PAGE, header: str = HEADER, source: str = SOURCE) -> dict[str, str]:
        page = CLEAN["ARCHITECTURE.md"] + page
        return {"ARCHITECTURE.md": page, "src/store/store.h": header, "src/store/store.cc": source}

    def test_a_page_that_names_all_of_them_has_no_finding(self):
        self.assertEqual(findings_of({**CLEAN, **self.tree()}), [])

    def test_a_file_that_starts_a_thread_and_has_no_row_is_found(self):
        for header, code in (
            ("", "auto Run() { return sync::StartThread(Work); }"),
            ("", "void Run() { std::thread other(Work); }"),
            ("", "void Run() { thread_ = std::thread([] {}); }"),
            ("", "void Run() { std::vector<std::thread> all; all.emplace_back(Work); }"),
            ("std::thread thread_;", "Runner::Runner() : thread_([] {}) {}"),
        ):
            with self.subTest(code):
                tree = {"src/io/file.cc": CLEAN["src/io/file.cc"] + '#include "io/file.h"\n' + code + "\n"}
                tree["src/io/file.h"] = f"// File.\n#pragma once\n{header}\n"
                self.expect("thread", "ARCHITECTURE.md", "src/io/file.cc", tree={**self.tree(), **tree})

    def test_a_file_that_only_handles_threads_has_no_row(self):
        code = "void Join(std::thread& t, std::vector<std::thread>) { t.join(); std::thread::hardware_concurrency(); }"
        self.assertEqual(findings_of({**CLEAN, **self.tree(source=self.SOURCE + code)}), [])

    def test_a_row_of_a_file_that_starts_no_thread_is_found(self):
        source = CLEAN["src/store/store.cc"] + "// StartThread(Work)\n"
        self.expect("thread", "ARCHITECTURE.md", "names store/store.cc", tree=self.tree(source=source))

    def test_a_lock_that_the_order_lacks_is_found(self):
        for code in ("sync::Mutex a;", "mutable Mutex a KVS_X;", "sync::Gate g;", "std::array<sync::Mutex, 2> a;"):
            with self.subTest(code):
                source = f"{self.SOURCE}struct S {{ {code} }};\n"
                self.expect("lock", "ARCHITECTURE.md", "src/store/store.cc", tree=self.tree(source=source))

    def test_what_only_uses_a_lock_need_not_be_in_the_order(self):
        code = "void F(sync::Mutex& mutex, sync::Gate* gate) { const sync::MutexLock lock(mutex); }\n"
        self.assertEqual(findings_of({**CLEAN, **self.tree(source=self.SOURCE + code)}), [])

    def test_a_file_in_the_order_without_a_lock_is_found(self):
        self.expect("lock", "ARCHITECTURE.md", "names store/store.h", tree=self.tree(header=CLEAN["src/store/store.h"]))

    def test_a_page_without_the_order_is_found(self):
        page = self.PAGE.replace("## Lock order", "## Order of locks")
        found = findings_of({**CLEAN, **self.tree(page=page)})
        self.assertEqual([one.rule for one in found], ["lock", "lock"])


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
