#!/usr/bin/env python3
"""Records the replies of a real redis-server to the commands of a session file, or compares a server with it.

    record.py FILE PORT            writes the replies of the server at PORT into FILE
    record.py --check FILE PORT    compares; prints each difference, exit code 1 if there was one

FILE is read by session_test.cc as well. Its lines:

    == name       a session: a new connection, on an empty database
    > SET a 1     a command: words, "quoted \\x00" where needed; sent as an array of bulks
    >> *1\\r\\n...   raw bytes to send, escaped
    < +OK\\r\\n     the reply, escaped; written by this script
    <any          behind a command: its reply is read, and not compared
    <end          behind raw bytes: the replies up to the end of the connection, written by this script
"""

import re
import socket
import sys

ESCAPES = {"\\": b"\\", "n": b"\n", "r": b"\r", "t": b"\t", '"': b'"', "a": b"\a", "b": b"\b"}


def unescape(text):
    out = bytearray()
    for match in re.finditer(r"\\x([0-9a-fA-F]{2})|\\(.)|([^\\])", text, re.DOTALL):
        if match.group(1):
            out.append(int(match.group(1), 16))
        elif match.group(2):
            out += ESCAPES[match.group(2)]
        else:
            out += match.group(3).encode()
    return bytes(out)


def escape(data):
    special = {0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}
    return "".join(special.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in data)


def words(line):
    found = []
    for match in re.finditer(r'"((?:\\.|[^"\\])*)"|(\S+)', line):
        quoted, plain = match.groups()
        found.append(unescape(quoted) if quoted is not None else plain.encode())
    return found


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def reply(self):
        line = self.file.readline()
        if not line:
            return b""
        kind, count = line[:1], line[1:-2]
        if kind in b"$=" and count != b"-1":
            return line + self.file.read(int(count) + 2)
        if kind in b"*~>%":
            elements = max(0, int(count)) * (2 if kind == b"%" else 1)
            return line + b"".join(self.reply() for _ in range(elements))
        return line

    def rest(self):
        return self.file.read()


def command(arguments):
    return b"*%d\r\n" % len(arguments) + b"".join(b"$%d\r\n%s\r\n" % (len(a), a) for a in arguments)


def main(arguments):
    is_check = arguments[0] == "--check"
    path, port = arguments[-2], int(arguments[-1])
    out, differences, connection, session = [], 0, None, ""
    lines = open(path, encoding="utf-8").read().splitlines()
    for i, line in enumerate(lines):
        after = lines[i + 1] if i + 1 < len(lines) else ""
        if line.startswith("== "):
            session = line
            cleaner = Connection(port)
            cleaner.send(command([b"FLUSHALL"]))
            cleaner.reply()
            connection = Connection(port)
        if line.startswith("< ") or (line.startswith("<end") and i > 0 and lines[i - 1].startswith(">>")):
            continue
        out.append(line)
        if not line.startswith(">"):
            continue
        is_raw = line.startswith(">> ")
        connection.send(unescape(line[3:]) if is_raw else command(words(line[2:])))
        if after == "<any":
            connection.reply()
        elif is_raw and after.startswith("<end"):
            got = "<end " + escape(connection.rest())
            differences += is_check and report(session, line, after, got)
            out.append(got)
        elif is_raw and not after.startswith("<"):
            continue
        elif after != "<none":
            got = "< " + escape(connection.reply())
            differences += is_check and after.startswith("<") and report(session, line, after, got)
            out.append(got)
    if not is_check:
        open(path, "w", encoding="utf-8").write("\n".join(out) + "\n")
    print(f"{len(out)} lines, {differences} differences")
    return 1 if differences else 0


def report(session, line, wanted, got):
    if wanted == got:
        return 0
    print(f"{session}\n  {line}\n  wanted {wanted[:300]}\n  got    {got[:300]}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
