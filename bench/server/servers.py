"""The servers under test: how each is started, spoken to, looked at and ended. Only own processes are ever ended."""

import ctypes
import mmap
import os
import pathlib
import shutil
import socket
import subprocess
import time
from typing import Callable, NamedTuple, Optional

START_SECONDS_MAX = 20
STOP_SECONDS_MAX = 30
REST_SECONDS_MAX = 5
REST_STEP_SECONDS = 0.05
REST_CORES = 0.02  # A server that takes less is at rest.
CONNECTIONS_MAX = 10_000
CPU_CLOCK_OF_PROCESS = 2
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Place(NamedTuple):
    """The parts of a server's command line."""

    binaries: pathlib.Path
    directory: pathlib.Path
    port: int


class Kind(NamedTuple):
    """A server and its settings, by the name it has in every table."""

    name: str
    command: Callable[[Place], list]
    protocol: str = "resp"
    stores: bool = True  # False: answers without storing, so its values cannot be checked.
    threads: int = 1
    has_log: bool = False  # Keeps a log that can be rewritten by BGREWRITEAOF.
    needs: Optional[str] = None  # A program that must be installed.


# ---------------------------------------------------------------------------------------------------------- the kinds


def kvs(threads, sync="interval"):
    return lambda at: [
        *(at.binaries / "kvs-server", "--addr", f"127.0.0.1:{at.port}", "--dir", at.directory),
        *("--threads", threads, "--sync", sync),
    ]


def redis(program, *log):
    """As its manual has it for a cache, or for a log that is synced every second; a rewrite starts only when asked for,
    so that none falls into a measurement by chance."""
    return lambda at: [
        *(program, "--bind", "127.0.0.1", "--port", at.port, "--dir", at.directory, "--daemonize", "no"),
        *("--save", "", "--io-threads", 1, "--maxclients", CONNECTIONS_MAX + 100, "--loglevel", "warning"),
        *(log or ("--appendonly", "no")),
    ]


def memcached(threads):
    return lambda at: [
        *("memcached", "-l", "127.0.0.1", "-p", at.port, "-U", 0, "-t", threads, "-m", 2048, "-u", "root"),
        *("-c", CONNECTIONS_MAX + 100),
    ]


def empty(threads):
    return lambda at: [at.binaries / "empty_server", "--port", at.port, "--threads", threads]


EVERYSEC = ("--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", 0)
ALWAYS = ("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", 0)

KINDS = [
    Kind("kvs", kvs(1), has_log=True),
    Kind("kvs-2t", kvs(2), has_log=True, threads=2),
    Kind("redis-aof", redis("redis-server", *EVERYSEC), has_log=True, needs="redis-server"),
    Kind("redis", redis("redis-server"), needs="redis-server"),
    Kind("valkey-aof", redis("valkey-server", *EVERYSEC), has_log=True, needs="valkey-server"),
    Kind("memcached", memcached(1), protocol="memcached", needs="memcached"),
    Kind("memcached-2t", memcached(2), protocol="memcached", threads=2, needs="memcached"),
    Kind("empty", empty(1), stores=False),
    Kind("empty-2t", empty(2), stores=False, threads=2),
]

# Every answer waits for the disk: a comparison of its own.
ALWAYS_KINDS = [
    Kind("kvs", kvs(1, sync="always")),
    Kind("redis-aof", redis("redis-server", *ALWAYS), needs="redis-server"),
    Kind("valkey-aof", redis("valkey-server", *ALWAYS), needs="valkey-server"),
]


def installed(kinds):
    return [kind for kind in kinds if kind.needs is None or shutil.which(kind.needs)]


def versions():
    """The compared programs, with the versions that they print."""
    found = {}
    for program, option in (("redis-server", "--version"), ("valkey-server", "--version"), ("memcached", "--version")):
        if shutil.which(program):
            lines = subprocess.run([program, option], capture_output=True, text=True, check=True).stdout.splitlines()
            found[program] = lines[0].split(" sha=")[0]
    return found


# ------------------------------------------------------------------------------------------------------------ running


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One running server, in a directory of its own. A context manager: it has ended when the block has."""

    def __init__(self, kind, binaries, scratch):
        self.kind = kind
        self.directory = pathlib.Path(scratch) / kind.name
        self.directory.mkdir(parents=True)
        self.log = self.directory.parent / f"{kind.name}.log"
        self.port = free_port()
        self.command = [str(word) for word in kind.command(Place(binaries, self.directory, self.port))]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.await_start()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.stop()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def await_start(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"{self.kind.name} did not start: {self.log.read_text(errors='replace')[-2000:]}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def cpu_seconds(self):
        """utime + stime of the process, all its threads, by its CPU clock, that of clock_getcpuclockid()."""
        return time.clock_gettime(~self.process.pid << 3 | CPU_CLOCK_OF_PROCESS)

    def cpu_seconds_until_rest(self):
        """What work in the background still takes after a load, so that it lends nothing from the next server."""
        begin = last = self.cpu_seconds()
        deadline = time.monotonic() + REST_SECONDS_MAX
        while time.monotonic() < deadline:
            time.sleep(REST_STEP_SECONDS)
            now = self.cpu_seconds()
            if now - last < REST_STEP_SECONDS * REST_CORES:
                return now - begin
            last = now
        return last - begin

    def private_bytes(self):
        """Memory of the process that is no file's: anonymous and shared."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii", errors="replace")
        sizes = dict(line.split(":", 1) for line in status.splitlines())
        return sum(int(sizes[name].split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))

    def cached_bytes(self):
        """The bytes of the server's files in the page cache, mapped or not, with prepared room."""
        return sum(resident_bytes(path) for path in self.directory.rglob("*") if path.is_file())

    def ask(self, *words):
        """One RESP command on a connection of its own; the first line of the answer."""
        command = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(command.encode())
            return connection.makefile("rb").readline().decode(errors="replace").strip()


def resident_bytes(path):
    size = path.stat().st_size
    if size == 0:
        return 0
    private = (mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)  # Writable only that ctypes may take its address.
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, *private) as view:
        pages = (size + PAGE_BYTES - 1) // PAGE_BYTES
        residency = (ctypes.c_ubyte * pages)()
        anchor = ctypes.c_char.from_buffer(view)
        result = LIBC.mincore(ctypes.c_void_p(ctypes.addressof(anchor)), ctypes.c_size_t(size), residency)
        del anchor
        if result != 0:
            raise OSError(ctypes.get_errno(), "mincore")
        return sum(page & 1 for page in bytes(residency)) * PAGE_BYTES


LIBC = ctypes.CDLL(None, use_errno=True)
