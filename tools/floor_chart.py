#!/usr/bin/env python3
"""Draws docs/architecture.svg from the floor table in ARCHITECTURE.md. Usage: floor_chart.py [ROOT]

Each floor of the table is a band, the highest at the top, and each folder is a box in its band. A nested folder, such
as `store/tail`, is a room inside the box of its parent. tools/tidy.py fails if the committed picture is an older one.
"""

import html
import pathlib
import re
import sys
from typing import NamedTuple

from charts import document

TABLE = "ARCHITECTURE.md"
PICTURE = "docs/architecture.svg"
HEADINGS = ("floor", "folder", "what it is")

WIDTH, MARGIN, GAP = 960, 24, 12
FLOOR_WIDTH = 44  # The column of the floors' names, left of the boxes.
TITLE_HEIGHT = 66
PADDING = 12
NAME_HEIGHT, WORDS_HEIGHT, ROOM_HEIGHT = 20, 15, 26
ROOM_GAP = 6
WORDS_LETTER_WIDTH, ROOM_LETTER_WIDTH = 6.6, 7.0  # About the width of a character, in the small size and in a room.
WORDS_LINES_MAX = 4

# The panel has a colour of its own, so the words are legible on a page of any colour.
STYLE = """<style>
svg > rect:first-of-type { fill: #f8fafc; rx: 12px; }
.folder { fill: #ffffff; stroke: #cbd5e1; }
.room { fill: #eef2ff; stroke: #c7d2fe; }
text { font-family: system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #475569; }
.title { font-size: 17px; font-weight: 600; fill: #0f172a; }
.name { font-size: 15px; font-weight: 600; fill: #1e293b; }
.words { font-size: 12px; }
.roomname { font-size: 12.5px; font-weight: 500; fill: #3730a3; }
.floor { font-size: 15px; font-weight: 600; fill: #94a3b8; }
@media (prefers-color-scheme: dark) {
  svg > rect:first-of-type { fill: #0f172a; }
  .folder { fill: #1e293b; stroke: #475569; }
  .room { fill: #312e81; stroke: #4f46e5; }
  text { fill: #cbd5e1; }
  .title, .name { fill: #f8fafc; }
  .roomname { fill: #e0e7ff; }
  .floor { fill: #94a3b8; }
}
</style>"""


class Folder(NamedTuple):
    """A row of the table, or the parent of nested rows that has no row of its own."""

    path: str
    floor: str
    words: str
    rooms: list  # Of Folder, nested in this one; a room has none.


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []


def read_rows(page):
    """The rows of the floor table, as (path, floor, what it is)."""
    columns, rows = None, []
    for line in page.splitlines():
        cells = cells_of(line)
        if columns is None:
            if all(heading in cells for heading in HEADINGS):
                columns = [cells.index(heading) for heading in HEADINGS]
        elif not cells:
            break
        elif len(cells) > max(columns) and re.fullmatch(r"\d+[a-z]?", cells[columns[0]]):
            floor, path, words = (cells[column] for column in columns)
            rows.append((path.strip("`/"), floor, words.replace("`", "")))
    return rows


def height_of_floor(floor):
    """Sorts 3b above 3a, and 3a above 3: a letter is a storey within its floor."""
    number, letter = re.fullmatch(r"(\d+)([a-z]?)", floor).groups()
    return int(number), letter


def read_folders(page):
    """The folders in the order of the table, each with its rooms."""
    rows = read_rows(page)
    tops = {path: Folder(path, floor, words, []) for path, floor, words in rows if "/" not in path}
    for path, floor, words in rows:
        parent, _, room = path.partition("/")
        if room:
            highest = max((one[1] for one in rows if one[0].startswith(parent + "/")), key=height_of_floor)
            tops.setdefault(parent, Folder(parent, highest, "", [])).rooms.append(Folder(room, floor, words, []))
    return list(tops.values())


def wrap(words, width):
    """The first clause of `words`, in lines of at most `width`; a longer one ends in an ellipsis."""
    characters_max = max(8, int(width / WORDS_LETTER_WIDTH))
    lines = [""]
    for word in words.split("; ")[0].split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= characters_max or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > WORDS_LINES_MAX:
        lines = lines[:WORDS_LINES_MAX]
        lines[-1] = lines[-1].rstrip(",")[: characters_max - 2] + " …"
    return [line for line in lines if line]


def shelve(rooms, width):
    """Rows of (room, width) for the rooms of a folder, the highest floor first; a new floor begins a new row."""
    shelves, left, floor = [], 0.0, None
    for room in sorted(rooms, key=lambda room: height_of_floor(room.floor), reverse=True):
        taken = len(room.path) * ROOM_LETTER_WIDTH + 2 * PADDING
        if room.floor != floor or left < taken:
            shelves.append([])
            left, floor = width, room.floor
        shelves[-1].append((room, taken))
        left -= taken + ROOM_GAP
    return shelves


def words_at(kind, x, y, words, anchor="start"):
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(words)}</text>'


def box_at(kind, x, y, width, height, radius):
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}"/>'


def folder_height(folder, width):
    inside = width - 2 * PADDING
    shelves = len(shelve(folder.rooms, inside)) * (ROOM_HEIGHT + ROOM_GAP)
    words = len(wrap(folder.words, inside)) * WORDS_HEIGHT
    return PADDING + NAME_HEIGHT + words + (4 + shelves if shelves else 0) + PADDING / 2


def draw_folder(folder, x, y, width, height):
    yield box_at("folder", x, y, width, height, 8)
    yield words_at("name", x + PADDING, y + PADDING + 10, folder.path)
    at = y + PADDING + NAME_HEIGHT
    for line in wrap(folder.words, width - 2 * PADDING):
        yield words_at("words", x + PADDING, at + 10, line)
        at += WORDS_HEIGHT
    at += 4
    for shelf in shelve(folder.rooms, width - 2 * PADDING):
        left = x + PADDING
        for room, taken in shelf:
            yield box_at("room", left, at, taken, ROOM_HEIGHT, 6)
            yield words_at("roomname", left + taken / 2, at + 17, room.path, "middle")
            left += taken + ROOM_GAP
        at += ROOM_HEIGHT + ROOM_GAP


def draw(page):
    """The picture of the floor table in `page`, or None if there is no such table."""
    folders = read_folders(page)
    if not folders:
        return None
    body = [STYLE, words_at("title", MARGIN, 32, "The floors of kvs")]
    body.append(words_at("words", MARGIN, 52, "A folder includes only what is on a floor below its own."))
    y = TITLE_HEIGHT
    for floor in sorted({folder.floor for folder in folders}, key=height_of_floor, reverse=True):
        band = [folder for folder in folders if folder.floor == floor]
        left = MARGIN + FLOOR_WIDTH
        width = (WIDTH - MARGIN - left - GAP * (len(band) - 1)) / len(band)
        height = max(folder_height(folder, width) for folder in band)
        body.append(words_at("floor", MARGIN, y + PADDING + 10, floor))
        for index, folder in enumerate(band):
            body += draw_folder(folder, left + index * (width + GAP), y, width, height)
        y += height + GAP
    return document(WIDTH, round(y - GAP + MARGIN), body)


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent).resolve()
    picture = draw((root / TABLE).read_text(encoding="utf-8"))
    if picture is None:
        print(f"{TABLE} has no floor table", file=sys.stderr)
        return 1
    (root / PICTURE).write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
