#!/usr/bin/env python3
"""Promise: each rule of tidy.py finds what it is for, and nothing in a clean tree.

The tests build a small clean tree, spoil one thing, and expect that one finding: a check that cannot fail is no check.
"""

import re
import unittest

import floor_chart
from small_tree import CLEAN, TreeTest, findings_of

# The clean tree with a floor more, and two rooms in src/store.
WITH_ROOMS = {
    **CLEAN,
    "ARCHITECTURE.md": """
| floor | folder | may include | public headers | links besides | what it is |
|---|---|---|---|---|---|
| 4 | top | store base | - | - | above the store |
| 3 | store | store/tail store/scan base | engine.h | - | the store |
| 3b | store/scan | store/tail base | - | - | scans |
| 3a | store/tail | base | - | - | the end of the log |
| 1 | io | base | - | - | files |
| 1 | sync | base | - | - | locks |
| 0 | base | - | - | - | the ground |
""",
    "src/top/CMakeLists.txt": "kvs_folder(top SOURCES top.cc LINKS kvs::store kvs::base)\n",
    "src/top/top.cc": '#include "store/store.h"\n',
    "src/store/CMakeLists.txt": "kvs_folder(store SOURCES store.cc LINKS kvs::store_tail kvs::store_scan kvs::base)\n",
    "src/store/store.cc": '#include "store/scan/scan.h"\n#include "store/store.h"\n#include "store/tail/tail.h"\n',
    "src/store/scan/CMakeLists.txt": "kvs_folder(store/scan SOURCES scan.cc LINKS kvs::store_tail kvs::base)\n",
    "src/store/scan/scan.h": '// Scan.\n#pragma once\n#include "base/text.h"\n#include "store/tail/tail.h"\n',
    "src/store/scan/scan.cc": '#include "store/scan/scan.h"\n',
    "src/store/tail/CMakeLists.txt": "kvs_folder(store/tail SOURCES tail.cc LINKS kvs::base)\n",
    "src/store/tail/tail.h": '// Tail.\n#pragma once\n#include "base/text.h"\n',
    "src/store/tail/tail.cc": '#include "store/tail/tail.h"\n',
}


class TidyTest(TreeTest):
    def expect_in_room(self, path, code, fragment):
        self.expect("floors", path, fragment, tree={**WITH_ROOMS, path: WITH_ROOMS[path] + code + "\n"})

    def test_a_clean_tree_has_no_finding(self):
        self.assertEqual(findings_of(CLEAN), [])

    # Floors.

    def test_an_include_upwards_is_found(self):
        self.expect_in_code("floors", '#include "store/store.h"', "io may not include store", "src/io/file.cc")

    def test_an_include_of_the_same_floor_is_found(self):
        self.expect_in_code("floors", '#include "sync/lock.h"', "io may not include sync", "src/io/file.cc")

    def test_a_public_header_outside_the_row_is_found(self):
        self.expect_in_code("floors", '#include "kvs/engine.h"', "public header", "src/io/file.cc")

    def test_an_include_by_a_bare_name_is_found(self):
        self.expect_in_code("floors", '#include "store.h"', "path from src/")

    def test_a_public_header_that_includes_an_internal_one_is_found(self):
        self.expect_in_code("floors", '#include "base/text.h"', "only public", "include/kvs/engine.h")

    def test_links_that_are_not_the_row_are_found(self):
        for links in ("kvs::base", "kvs::io kvs::base kvs::sync"):
            text = f"kvs_folder(store SOURCES store.cc LINKS {links})\n"
            self.expect("floors", "src/store/CMakeLists.txt", "LINKS of store", tree={"src/store/CMakeLists.txt": text})

    def test_a_folder_without_a_row_is_found(self):
        text = CLEAN["ARCHITECTURE.md"].replace("| 1 | sync | base | - | - | locks |\n", "")
        self.expect("floors", "ARCHITECTURE.md", "src/sync", tree={"ARCHITECTURE.md": text})

    def test_a_row_without_a_folder_is_found(self):
        text = CLEAN["ARCHITECTURE.md"] + "| 1 | attic | base | - | - | empty |\n"
        self.expect("floors", "ARCHITECTURE.md", "attic", tree={"ARCHITECTURE.md": text})

    def test_a_row_that_looks_upwards_is_found(self):
        tree = {
            "ARCHITECTURE.md": CLEAN["ARCHITECTURE.md"].replace("| 1 | sync | base |", "| 1 | sync | base io |"),
            "src/sync/CMakeLists.txt": "kvs_folder(sync SOURCES lock.cc LINKS kvs::base kvs::io)\n",
        }
        self.expect("floors", "ARCHITECTURE.md", "downwards", tree=tree)

    # Nested rows.

    def test_a_tree_with_rooms_has_no_finding(self):
        self.assertEqual(findings_of(WITH_ROOMS), [])

    def test_a_room_may_not_include_its_parent(self):
        self.expect_in_room("src/store/tail/tail.h", '#include "store/store.h"', "store/tail may not include store,")

    def test_a_room_may_not_include_one_of_a_higher_letter(self):
        self.expect_in_room("src/store/tail/tail.h", '#include "store/scan/scan.h"', "may not include store/scan")

    def test_a_room_is_included_only_where_the_row_names_it(self):
        self.expect_in_room("src/top/top.cc", '#include "store/tail/tail.h"', "top may not include store/tail")

    def test_a_row_that_looks_up_within_its_floor_is_found(self):
        for row, upwards, link in (
            ("| 3a | store/tail | base |", "| 3a | store/tail | base store/scan |", "kvs::store_scan"),
            ("| 3a | store/tail | base |", "| 3a | store/tail | base store |", "kvs::store"),
            ("| 3b | store/scan |", "| 3a | store/scan |", ""),
        ):
            with self.subTest(upwards):
                tree = {
                    "ARCHITECTURE.md": WITH_ROOMS["ARCHITECTURE.md"].replace(row, upwards),
                    "src/store/tail/CMakeLists.txt": f"kvs_folder(store/tail SOURCES tail.cc LINKS kvs::base {link})\n",
                }
                self.expect("floors", "ARCHITECTURE.md", "downwards", tree={**WITH_ROOMS, **tree})

    def test_links_of_a_room_that_are_not_its_row_are_found(self):
        path = "src/store/scan/CMakeLists.txt"
        tree = {**WITH_ROOMS, path: "kvs_folder(store/scan SOURCES scan.cc LINKS kvs::base)\n"}
        self.expect("floors", path, "LINKS of store/scan are not its row of the floor table: store_tail", tree=tree)

    def test_a_library_without_a_row_is_found(self):
        row = "| 3b | store/scan | store/tail base | - | - | scans |\n"
        text = WITH_ROOMS["ARCHITECTURE.md"].replace(row, "").replace("store/scan ", "")
        path = "src/store/scan/CMakeLists.txt"
        lists = WITH_ROOMS["src/store/CMakeLists.txt"].replace("kvs::store_scan ", "")
        tree = {**WITH_ROOMS, "ARCHITECTURE.md": text, "src/store/CMakeLists.txt": lists}
        self.expect("floors", path, "store/scan is a library, but has no row", tree=tree)

    def test_a_room_without_a_file_is_found(self):
        text = WITH_ROOMS["ARCHITECTURE.md"] + "| 3a | store/attic | base | - | - | empty |\n"
        self.expect("floors", "ARCHITECTURE.md", "src/store/attic", tree={**WITH_ROOMS, "ARCHITECTURE.md": text})

    def test_a_nested_folder_without_a_row_belongs_to_its_parent(self):
        tree = {
            "src/store/CMakeLists.txt": CLEAN["src/store/CMakeLists.txt"].replace("store.cc", "store.cc deep/deep.cc"),
            "src/store/deep/deep.cc": '#include "store/store.h"\n#include "base/text.h"\n',
        }
        self.assertEqual(findings_of({**CLEAN, **tree}), [])
        path = "src/store/deep/deep.cc"
        self.expect("floors", path, "store may not include sync", tree={**tree, path: '#include "sync/lock.cc"\n'})

    def test_a_unit_test_belongs_to_a_source_of_its_room(self):
        path = "tests/unit/store/tail/scan_test.cc"
        lists = {"tests/unit/store/CMakeLists.txt": "SOURCES store_test.cc tail/tail_test.cc tail/scan_test.cc\n"}
        tree = {**WITH_ROOMS, **lists, "tests/unit/store/tail/tail_test.cc": "int x;\n", path: "int x;\n"}
        self.expect("dead-file", path, "neither src/store/tail", tree=tree)

    # Banned calls.

    def test_banned_calls_are_found_and_their_replacement_is_named(self):
        for rule, code, fragment in (
            ("assert", "void F() { assert(true); }", "KVS_CHECK"),
            ("system-call", 'int f = ::rename("a", "b");', "src/io"),
            ("system-call", "int f = fsync(3);", "src/io"),
            ("system-call", "void* f = mmap(nullptr, 1, 0, 0, 0, 0);", "src/io"),
            ("system-call", "auto f = ::read(0, nullptr, 0);", "src/io"),
            ("system-call", "std::ofstream f;", "src/io"),
            ("system-call", 'bool f = std::filesystem::remove("a");', "src/io"),
            ("mutex", "std::mutex m;", "sync/mutex.h"),
            ("mutex", "std::condition_variable c;", "sync/mutex.h"),
            ("detach", "void F(std::thread& t) { t.detach(); }", "joins"),
            ("random", "int r = rand();", "base/random.h"),
            ("throw", "void F() { throw 1; }", "Error"),
            ("number", 'int n = atoi("1");', "from_chars"),
        ):
            with self.subTest(code):
                self.expect_in_code(rule, code, fragment)

    def test_a_descriptor_without_an_owner_is_found(self):
        for code in ("int f = ::socket(0, 0, 0);", "bool F() { return ::pipe2(ends, 0) == 0; }"):
            with self.subTest(code):
                self.expect_in_code("descriptor", code, "UniqueFd", "src/io/file.cc")
        self.expect_clean("UniqueFd socket(::socket(0, 0, 0));", "src/io/file.cc")

    def test_a_sleeping_test_is_found(self):
        code = "void F() { std::this_thread::sleep_for(x); }"
        self.expect_in_code("sleep", code, "latch", "tests/unit/store/store_test.cc")

    def test_a_header_that_opens_a_namespace_is_found(self):
        self.expect_in_code("using-namespace", "using namespace std;", path="src/store/store.h")

    def test_an_atomic_without_a_memory_order_is_found(self):
        for code in ("int v = a.load();", "void F() { a->store(f(1)); }", "int v = a.fetch_add(\n    1);"):
            with self.subTest(code):
                self.expect_in_code("memory-order", code, "memory order")

    def test_what_only_looks_like_a_banned_call_is_not_found(self):
        for code in (
            "int v = a.load(std::memory_order_relaxed);  // R1",
            "bool b = a.compare_exchange_weak(f(x),\n    y, std::memory_order_acq_rel);",
            'const char* text = "assert(1) std::mutex TO" "DO";',
            'const char* text = R"(throw 1;)";',
            "/* rand() */ static_assert(true);",
            "void F(File& file) { file.open(1); file.rename(2); Sys::read(3); }",
            "void F() { throw std::bad_alloc(); }",
            "char quote = '\"'; int number = 1'000; // '",
        ):
            with self.subTest(code):
                self.expect_clean(code)

    def test_an_allowance_with_a_reason_is_heard_and_one_without_is_not(self):
        self.expect_clean("std::mutex m;  // tidy-allow(mutex): the library's own call-back takes one")
        self.expect_clean("// tidy-allow(mutex): the library's own call-back takes one\nstd::mutex m;")
        self.expect_in_code("mutex", "std::mutex m;  // tidy-allow(mutex):")
        self.expect_in_code("mutex", "std::mutex m;  // tidy-allow(sleep): another rule")

    def test_a_probe_with_the_name_of_another_is_found(self):
        probe = 'void A() { KVS_PROBE("disk is full"); }'
        self.expect_clean(probe)
        self.expect_in_code("probe", f"{probe}\n{probe}", "src/store/store.cc:4")
        self.expect_in_code("probe", f'{probe}\nvoid B() {{ KVS_PROBE_IF(Is(1, "x"), "disk is full"); }}')

    def test_a_probe_whose_name_is_no_plain_literal_is_found(self):
        for name in ("kName", '"Disk is full"', '"a/b"', '"' + "a" * 61 + '"'):
            self.expect_in_code("probe", f"void A() {{ KVS_PROBE({name}); }}", "no literal")
            self.expect_in_code("probe", f"void A() {{ KVS_PROBE_IF(B(1, 2), {name}); }}", "no literal")

    def test_a_loose_end_is_found(self):
        self.expect_in_code("loose-end", "// TO" + "DO: later")
        self.expect("loose-end", "docs/a.md", tree={"docs/a.md": "FIX" + "ME\n"})

    # Dead files.

    def test_a_source_that_nobody_builds_is_found(self):
        self.expect("dead-file", "src/store/lost.cc", "names it", tree={"src/store/lost.cc": "int x;\n"})

    def test_a_source_whose_name_only_ends_like_a_built_one_is_found(self):
        self.expect("dead-file", "src/store/re.cc", tree={"src/store/re.cc": "int x;\n"})

    def test_a_fuzzer_is_built_by_its_short_name(self):
        tree = {"fuzz/CMakeLists.txt": "kvs_fuzz(frames FOLDER io)\n", "fuzz/frames_fuzz.cc": "int x;\n"}
        self.assertEqual(findings_of({**CLEAN, **tree}), [])
        self.expect("dead-file", "fuzz/more_frames_fuzz.cc", tree={**tree, "fuzz/more_frames_fuzz.cc": "int x;\n"})

    def test_a_header_that_nobody_includes_is_found(self):
        self.expect("dead-file", "src/store/lost.h", "includes it", tree={"src/store/lost.h": "// L.\n#pragma once\n"})

    def test_a_public_header_outside_of_kvs_h_is_found(self):
        tree = {
            "include/kvs/lost.h": "// L.\n#pragma once\n",
            "tests/unit/store/store_test.cc": '#include "kvs/lost.h"\n',
        }
        tree["src/store/store.cc"] = '#include "store/store.h"\n'
        self.expect("dead-file", "include/kvs/lost.h", "kvs.h", tree=tree)

    def test_a_unit_test_without_a_source_is_found(self):
        tree = {
            "tests/unit/store/gone_test.cc": "int x;\n",
            "tests/unit/store/store_limits_test.cc": "int x;\n",  # One side of a source: fine.
            "tests/unit/store/CMakeLists.txt": "SOURCES store_test.cc store_limits_test.cc gone_test.cc\n",
        }
        self.expect("dead-file", "tests/unit/store/gone_test.cc", "that gone could test", tree=tree)

    def test_a_tool_that_nobody_calls_is_found(self):
        self.expect("dead-file", "tools/lost.py", "calls it", tree={"tools/lost.py": "pass\n"})

    def test_a_tool_may_be_called_by_another(self):
        tree = {"tools/tidy.py": "from checks import found\n", "tools/checks/found.py": "import deep.deeper\n"}
        tree |= {"tools/deep/deeper.py": "pass\n"}
        lost = {"tools/lost.py": "import alone\n", "tools/alone.py": "import lost\n"}
        lists = {"tools/CMakeLists.txt": "tidy.py\n"}
        self.assertEqual(findings_of({**CLEAN, **lists, **tree}), [])
        found = findings_of({**CLEAN, **lists, **tree, **lost})
        self.assertEqual(sorted(one.path for one in found), ["tools/alone.py", "tools/lost.py"])

    # Layout.

    def test_a_header_without_its_marks_is_found(self):
        path = "src/store/store.h"
        self.expect("header", path, "comment", tree={path: "#pragma once\n"})
        self.expect("header", path, "pragma", tree={path: "// Store.\n"})

    def test_long_lines_and_tabs_are_found(self):
        self.expect_in_code("layout", "// " + "x" * 118, "121 characters")
        self.expect_in_code("layout", "\tint x;", "tab")
        self.expect_clean("// " + "x" * 117)

    def test_a_crowded_folder_is_found(self):
        names = [f"part_{number}" for number in range(15)]
        tree = {f"src/io/{name}.h": "// Part.\n#pragma once\n" for name in names}
        tree |= {f"src/base/{name}.h": "// Part.\n#pragma once\n" for name in names}
        tree |= {f"src/base/{name}.cc": f'#include "base/{name}.h"\n' for name in names}
        sources = "\n".join(f"{name}.cc" for name in names)
        tree["src/base/CMakeLists.txt"] = f"kvs_folder(base SOURCES text.cc\n{sources})\n"
        tree["src/store/store.cc"] = "".join(f'#include "io/{name}.h"\n' for name in names)
        self.expect("crowd", "src/base", "32 files in one folder", tree=tree)
        del tree["src/base/part_0.h"], tree["src/base/part_1.h"]
        tree["src/base/part_0.cc"] = tree["src/base/part_1.cc"] = "int x;\n"
        self.assertEqual(findings_of({**CLEAN, **tree}), [])
    # Documents.

    def test_a_picture_that_is_not_of_the_floor_table_is_found(self):
        path = floor_chart.PICTURE
        self.expect("picture", path, "./dev picture", tree={path: "<svg></svg>\n"})
        other = CLEAN["ARCHITECTURE.md"].replace("| the store |", "| the other store |")
        self.expect("picture", path, tree={path: floor_chart.draw(other)})

    def test_a_picture_shows_each_folder_in_its_band_and_each_room_in_its_folder(self):
        rows = ("| 1b | `store/tail` | base | - | - | the end |", "| 1a | net | base | - | - | bytes |")
        page = CLEAN["ARCHITECTURE.md"] + "\n".join(rows)
        folders = {folder.path: folder for folder in floor_chart.read_folders(page)}
        self.assertEqual(sorted(folders), ["base", "io", "net", "store", "sync"])
        self.assertEqual([room.path for room in folders["store"].rooms], ["tail"])
        self.assertEqual([len(folders[path].rooms) for path in ("base", "io", "net", "sync")], [0, 0, 0, 0])
        words = re.findall(r'class="(floor|name|roomname)"[^>]*>([^<]+)<', floor_chart.draw(page))
        self.assertEqual(
            [word for kind, word in words if kind == "floor"], ["2", "1a", "1", "0"], "a letter is above its number"
        )
        self.assertLess(words.index(("name", "store")), words.index(("roomname", "tail")))
        self.assertLess(words.index(("roomname", "tail")), words.index(("floor", "1a")))

    def test_a_page_without_a_floor_table_has_no_picture(self):
        self.assertIsNone(floor_chart.draw("# A page\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"))

    def test_words_that_are_not_plain_are_found_in_comments_and_documents(self):
        words = ("by turns", "at once", "for ever", "in front of it", "whoever", "it stood", "some 14")
        words += ("stands behind it", "those who write", "in so many words")
        for word in words:
            with self.subTest(word):
                path = "src/io/file.cc"
                self.expect("plain-words", path, "plain words", tree={path: CLEAN[path] + f"// They run {word}.\n"})
                self.expect("plain-words", "docs/a.md", tree={"docs/a.md": f"They run {word}.\n"})
                self.expect("plain-words", "dev", tree={"dev": f"tidy  # They run {word}.\n"})

    def test_words_that_are_not_plain_are_found_across_a_line_break(self):
        path = "src/io/file.cc"
        self.expect("plain-words", path, "at once:", tree={path: CLEAN[path] + "//   at\n//   once\n"})

    def test_plain_words_are_not_asked_of_code(self):
        self.expect_clean('const char* text = "at once";  // It is looked at once, for every one.', "src/io/file.cc")
        page = "```\nat once\n```\n\n<!-- table: begin -->\nat once\n<!-- table: end -->\n"
        self.assertEqual(findings_of({**CLEAN, "docs/a.md": page}), [])

    def test_a_document_that_names_a_test_which_is_not_there_is_found(self):
        code = CLEAN["tests/unit/store/store_test.cc"] + "TEST_F(StoreTest, OpensAgain) {}\n"
        tree = {"tests/unit/store/store_test.cc": code, "docs/a.md": "It opens: `StoreTest.OpensAgain`.\n"}
        self.assertEqual(findings_of({**CLEAN, **tree}), [])
        self.expect("test-names", "docs/a.md", "StoreTest.Gone", tree={**tree, "docs/a.md": "`StoreTest.Gone`\n"})

    # Names of tests.

    def test_a_long_name_of_a_test_is_found(self):
        path = "tests/unit/store/store_test.cc"
        for macro in ("TEST", "TEST_F", "TEST_P", "TYPED_TEST"):
            with self.subTest(macro):
                code = f"{macro}(StoreTest, {{}}) {{{{}}}}"
                self.expect_clean(code.format("A" * 50), path)
                self.expect_in_code("test-name", code.format("A" * 51), "51 characters", path)
        self.expect_in_code("test-name", f"TEST(StoreTest,\n     {'A' * 51}) {{}}", "51 characters", path)

    def test_a_name_of_a_test_that_begins_without_a_noun_is_found(self):
        path = "tests/unit/store/store_test.cc"
        for word in ("What", "Whatever", "Who", "Whoever", "Where", "Wherever", "Those"):
            with self.subTest(word):
                code = f"TEST(StoreTest, {word}IsLentStays) {{}}"
                self.expect_in_code("test-name", code, f"begins with {word}:", path)
        for name in ("WholeFilesStay", "WhenItIsFullItRefuses", "AStoreKnowsWhatItHolds"):
            with self.subTest(name):
                self.expect_clean(f"TEST(StoreTest, {name}) {{}}", path)
        self.expect_clean("// TEST(StoreTest, WhatIsLentStays)", path)


if __name__ == "__main__":
    unittest.main()
