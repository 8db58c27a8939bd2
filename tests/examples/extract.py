#!/usr/bin/env python3
"""Makes a test of the example at the head of each public header, so that the examples compile and are true.

The example is the second paragraph of a header's first comment: lines that begin with "//     ". It becomes the body of
a test. A line `CALL;  // == VALUE` becomes EXPECT_EQ(CALL, VALUE).

Usage: extract.py OUTPUT HEADER...    A header without an example is an error.
"""

import pathlib
import re
import sys

INDENT = "//     "
EXPECTED = re.compile(r"^(?P<space> *)(?P<call>.*\S);\s+// == (?P<value>.*)$")

HEAD = "// Made from the public headers by tests/examples/extract.py.\n"


def example_of(text):
    comment = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        comment.append(line)
    paragraphs = [[]]
    for line in comment:
        if line == "//":
            paragraphs.append([])
        else:
            paragraphs[-1].append(line)
    second = paragraphs[1] if len(paragraphs) > 1 else []
    return [line[len(INDENT) :] for line in second] if all(line.startswith(INDENT) for line in second) else []


def statement_of(line):
    match = EXPECTED.match(line)
    return f"{match['space']}EXPECT_EQ(({match['call']}), ({match['value']}));" if match else line


def test_of(header, lines):
    name = "".join(word.capitalize() for word in header.stem.split("_"))
    body = "\n".join("  " + statement_of(line) for line in lines)
    return f"\nTEST_F(HeaderExample, {name}) {{\n{body}\n}}\n"


def main(arguments):
    output, headers = pathlib.Path(arguments[0]), [pathlib.Path(argument) for argument in arguments[1:]]
    text = HEAD
    for header in sorted(headers):
        lines = example_of(header.read_text(encoding="utf-8"))
        if not lines:
            print(f"{header}: there is no example behind the first paragraph of its comment", file=sys.stderr)
            return 1
        text += test_of(header, lines)
    output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
