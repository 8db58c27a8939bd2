"""Floors: the table in ARCHITECTURE.md says which folder may include and link which, and the code obeys it."""

import re
from typing import NamedTuple

from checks.tree import File, Files, Finding, Findings, cxx_files

TABLE = "ARCHITECTURE.md"
ROW = re.compile(r"^\| (\d)([a-z]?) \| ([\w/]+) \| ([\w/ -]+) \| ([\w. -]+) \| ([\w/ -]+) \| [^|]+ \|$")
ABOVE_LETTERS = "~"  # A plain floor is above those of its number that have a letter.


class Room(NamedTuple):
    """A row of the floor table. Its folder may be nested: "store/tail"."""

    floor: tuple[int, str]
    includes: frozenset[str]
    public_headers: frozenset[str]
    links: frozenset[str]


Rooms = dict[str, Room]


def read_floors(files: Files) -> Rooms:
    rooms = {}
    for line in files[TABLE].lines if TABLE in files else ():
        if match := ROW.match(line):
            number, letter, folder, *cells = match.groups()
            words = [frozenset(cell.replace("-", " ").split()) for cell in cells]
            rooms[folder] = Room((int(number), letter or ABOVE_LETTERS), *words)
    return rooms


def room_of(path: str, rooms: Rooms) -> str | None:
    """The row that a file belongs to: the longest that its path, from src/ on, matches. None if no row matches."""
    parts = path.split("/")[:-1]
    folders = ("/".join(parts[:depth]) for depth in range(len(parts), 0, -1))
    return next((folder for folder in folders if folder in rooms), None)


def check_floor_table(files: Files) -> Findings:
    rooms = read_floors(files)
    paths = ["/".join(file.parts[1:]) for file in files.values() if file.parts[0] == "src" and len(file.parts) > 2]
    for folder in sorted({path.rpartition("/")[0] for path in paths if room_of(path, rooms) is None}):
        yield Finding(TABLE, 1, "floors", f"src/{folder} has no row in the floor table")
    for folder in sorted(rooms.keys() - {room_of(path, rooms) for path in paths}):
        yield Finding(TABLE, 1, "floors", f"the floor table has a row for {folder}, but there is no src/{folder}")
    for folder, room in sorted(rooms.items()):
        for below in sorted(room.includes):
            if below not in rooms or rooms[below].floor >= room.floor:
                yield Finding(TABLE, 1, "floors", f"{folder} may not include {below}: includes go downwards only")


def check_includes(files: Files) -> Findings:
    rooms = read_floors(files)
    for file in cxx_files(files, "src", "include"):
        for line, name in file.includes():
            if refusal := refuse_include(file, name, rooms):
                yield Finding(file.path, line, "floors", f'"{name}": {refusal}')


def refuse_include(file: File, name: str, rooms: Rooms) -> str | None:
    if file.parts[0] == "include":
        return None if name.startswith("kvs/") else "a public header includes only public headers"
    folder, target = room_of("/".join(file.parts[1:]), rooms), room_of(name, rooms)
    if folder is None or target == folder:
        return None
    top, _, rest = name.partition("/")
    if top == "kvs":
        return refuse_public_header(folder, rest, rooms[folder])
    if target is None:
        return "internal headers are included by their path from src/"
    is_below = target in rooms[folder].includes
    return None if is_below else f"{folder} may not include {target}, by its row of the floor table"


def refuse_public_header(folder: str, header: str, room: Room) -> str | None:
    if header == "result.h" or header in room.public_headers or "all" in room.public_headers:
        return None
    return f"{folder} may not include this public header, by its row of the floor table"


def check_links(files: Files) -> Findings:
    rooms = read_floors(files)
    for file in files.values():
        if file.parts[0] != "src" or file.parts[-1] != "CMakeLists.txt":
            continue
        for match in re.finditer(r"kvs_folder\(([\w/]+)([^)]*)\)", file.text):
            folder, arguments = match.groups()
            if refusal := refuse_links(folder, set(re.findall(r"\bkvs::(\w+)", arguments)), rooms):
                yield file.finding(match.start(), "floors", refusal)


def refuse_links(folder: str, links: set[str], rooms: Rooms) -> str | None:
    owner = room_of(f"{folder}/", rooms)
    if owner is None:
        return None  # check_floor_table() has found it.
    if owner != folder:
        return f"{folder} is a library, but has no row in the floor table: it belongs to {owner}"
    wanted = {below.replace("/", "_") for below in rooms[folder].includes | rooms[folder].links}  # kvs::store_tail
    differing = " ".join(sorted(links ^ wanted))
    return f"LINKS of {folder} are not its row of the floor table: {differing}" if differing else None


CHECKS = (check_floor_table, check_includes, check_links)
