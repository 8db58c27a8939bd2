"""Documents and comments: the picture is that of the floor table, words are plain, and named tests are there."""

import re

import floor_chart
from checks.layout import TEST
from checks.tree import CXX_TOKEN, File, Files, Finding, Findings, blank

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
NAMED_TEST = re.compile(r"`([A-Z][a-z]\w*\.[A-Z]\w+)`")
QUOTED = re.compile(r"^ *```.*?^ *```|<!-- table: begin -->.*?<!-- table: end -->", re.DOTALL | re.MULTILINE)


def check_picture(files: Files) -> Findings:
    table, picture = files.get(floor_chart.TABLE), files.get(floor_chart.PICTURE)
    drawn = floor_chart.draw(table.text) if table else None
    if drawn is not None and (picture is None or picture.text != drawn):
        yield Finding(floor_chart.PICTURE, 1, "picture", "not what the floor table draws: run ./dev picture")


def prose_of(file: File) -> str:
    """The file's comments, or a document without its code and measured tables; the rest is blanked out."""
    if file.suffix == ".md":
        return QUOTED.sub(lambda match: blank(match.group()), file.text)
    prose = list(blank(file.text))
    for match in comments_of(file):
        prose[match.start() : match.end()] = match.group()
    return "".join(prose)


def comments_of(file: File) -> list[re.Match]:
    if file.is_cxx:
        return [match for match in CXX_TOKEN.finditer(file.text) if match.group("comment")]
    return list((SLASH_COMMENT if file.suffix == ".rs" else SCRIPT_COMMENT).finditer(file.text))


def check_plain_words(files: Files) -> Findings:
    for file in files.values():
        prose = prose_of(file) if file.suffix not in (".svg", ".json") else ""
        for words, instead in PLAIN_WORDS:
            pattern = r"\b" + words.replace(" ", r"[\s/#*]+") + (r"\b" if words[-1].isalpha() else "")
            for match in re.finditer(pattern, prose, re.IGNORECASE):
                found = re.sub(r"[\s/#*]+", " ", match.group())
                yield file.finding(match.start(), "plain-words", f"{found}: in plain words: {instead}")


def check_named_tests(files: Files) -> Findings:
    """A document that names a test as `Suite.Name` names one that is there."""
    tests = {
        f"{match['suite']}.{match['name']}"
        for file in files.values()
        if file.is_cxx and file.parts[0] == "tests"
        for match in TEST.finditer(file.code)
    }
    for file in files.values():
        if file.suffix == ".md":
            for match in NAMED_TEST.finditer(file.text):
                if match.group(1) not in tests:
                    yield file.finding(match.start(), "test-names", f"no test is named {match.group(1)}")


CHECKS = (check_picture, check_plain_words, check_named_tests)
