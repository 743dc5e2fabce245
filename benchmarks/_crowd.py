"""Guests of a server: readers, slow ones, those who never finish asking, and those who order tracks at the studio."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class Guest:
    """A browser that was let in."""

    host: str
    port: int
    cookie: str

    def request(self, path: str, *headers: str) -> bytes:
        lines = [f"GET {quote(path)} HTTP/1.1", f"Host: {self.host}:{self.port}", f"Cookie: {self.cookie}", *headers]
        return "\r\n".join([*lines, "", ""]).encode()

    def post(self, what: str, value: Any) -> Any:
        """Ask as the studio's page does. Raises RuntimeError if it refuses."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        own = f"http://{self.host}:{self.port}"
        headers = {"Cookie": self.cookie, "Content-Type": "application/json", "Origin": own}
        connection.request("POST", f"/~studio/{what}", json.dumps(value).encode(), headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{what}: {response.status} {answer.decode()}")
        return json.loads(answer)

    def queue(self) -> Generator[dict[int, dict[str, Any]]]:
        """The studio's jobs by their numbers, after each change."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        connection.request("GET", "/~studio/queue", headers={"Cookie": self.cookie})
        response = connection.getresponse()
        try:
            for line in response:
                if line.startswith(b"data: "):
                    yield {job["number"]: job for job in json.loads(line.removeprefix(b"data: "))}
        finally:
            response.close()
            connection.close()


def enter(address: str) -> Guest:
    """Exchange the address that works once for a cookie."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or 80
    connection = http.client.HTTPConnection(host, port, timeout=30)
    connection.request("GET", parts.path)
    response = connection.getresponse()
    response.read()
    connection.close()
    return Guest(host, port, (response.headers["Set-Cookie"] or "").partition(";")[0])


@dataclass(slots=True)
class Tally:
    """What guests met. `unfinished_s` says how long the server waited for the end of a request."""

    answers_s: list[float] = field(default_factory=list)
    pages_s: list[float] = field(default_factory=list)
    unfinished_s: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    slow: int = 0


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many guests of each kind at once. `tracks` are the bytes by the files' names."""

    guest: Guest
    tracks: Mapping[str, bytes]
    readers: int
    slow: int
    unfinished: int
    seed: int
    most_bytes: int = 256_000

    async def visit(self, seconds: float) -> Tally:
        tally, until_s = Tally(), time.perf_counter() + seconds
        slow = [self._keep_on(self._dawdle, number, until_s, tally) for number in range(self.slow)]
        unfinished = [self._keep_on(self._trail_off, number, until_s, tally) for number in range(self.unfinished)]
        readers = [self._keep_on(self._read, number, until_s, tally) for number in range(self.readers)]
        await asyncio.gather(*slow, *unfinished, *readers, self._keep_on(self._open_page, 0, until_s, tally))
        return tally

    async def _keep_on(self, behave: Callable[..., Any], number: int, until_s: float, tally: Tally) -> None:
        chance = random.Random(f"{self.seed} {behave.__name__} {number}")
        while time.perf_counter() < until_s:
            try:
                await behave(chance, until_s, tally)
            except (OSError, EOFError, ValueError) as error:
                tally.errors.append(f"{behave.__name__}: {error!r}")
                await asyncio.sleep(0.2)

    async def _read(self, chance: random.Random, until_s: float, tally: Tally) -> None:
        """Ask for ranges, one after another, over one connection."""
        async with self._connected() as (reader, writer):
            while time.perf_counter() < until_s:
                name = chance.choice([*self.tracks])
                start = chance.randrange(len(self.tracks[name]))
                right = self.tracks[name][start : start + chance.randint(1, self.most_bytes)]
                began = time.perf_counter()
                writer.write(self.guest.request(f"/{name}", f"Range: bytes={start}-{start + len(right) - 1}"))
                status, body = await _answer(reader)
                tally.answers_s.append(time.perf_counter() - began)
                if status != 206:
                    raise ValueError(f"a range was answered with {status}")
                if body != right:
                    tally.wrong.append(f"{name} from {start} on, {len(right)} bytes")

    async def _open_page(self, _chance: random.Random, until_s: float, tally: Tally) -> None:
        while time.perf_counter() < until_s:
            began = time.perf_counter()
            async with self._connected() as (reader, writer):
                writer.write(self.guest.request("/", "Accept-Encoding: gzip", "Connection: close"))
                status, body = await _answer(reader)
            if status != 200 or not body:
                raise ValueError(f"the page was answered with {status}")
            tally.pages_s.append(time.perf_counter() - began)
            await asyncio.sleep(0.5)

    async def _dawdle(self, chance: random.Random, until_s: float, tally: Tally) -> None:
        """Ask for a whole track, and read four bytes a second."""
        loop = asyncio.get_running_loop()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.setblocking(False)
            await loop.sock_connect(connection, (self.guest.host, self.guest.port))
            await loop.sock_sendall(connection, self.guest.request(f"/{chance.choice([*self.tracks])}"))
            read = b""
            while time.perf_counter() < until_s:
                async with asyncio.timeout(60):
                    got = await loop.sock_recv(connection, 4)
                read += got
                if not got or not (b"HTTP/1.1 200 OK".startswith(read[:15])):
                    raise ValueError(f"a whole track was answered with {read[:15]!r}")
                await asyncio.sleep(min(1.0, max(until_s - time.perf_counter(), 0)))
        tally.slow += 1

    async def _trail_off(self, chance: random.Random, until_s: float, tally: Tally) -> None:
        """Begin a request and never finish it: a connection's first, or its second, or in the middle of a body."""
        async with self._connected() as (reader, writer):
            way = chance.choice(("first", "second", "body"))
            if way == "second":
                writer.write(b"GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
                await _answer(reader)
            writer.write(b"GET / HTTP/1.1\r\nHost: nobody")
            writer.write(b"\r\nContent-Length: 900\r\n\r\n" if way == "body" else b"")
            began = time.perf_counter()
            with suppress(ConnectionError):  # the server closes it while a byte is on its way
                while (left_s := until_s - time.perf_counter()) > 0 and not reader.at_eof():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(min(left_s, 1.0)):
                            await reader.read(1_000)
                    writer.write(b"a")  # so that something comes all the time
            tally.unfinished_s.append(time.perf_counter() - began)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(self.guest.host, self.guest.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    async with asyncio.timeout(60):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.partition("\r\ncontent-length: ")[2].partition("\r\n")[0])
        return int(head.split(" ", 2)[1]), await reader.readexactly(size)


# --- at the studio ---------------------------------------------------------------------------------

ROUTINE = """\
title: A quiet minute
summary: Knees to the chest, then rest.
setting: bed
eyes: closed
steps:
  - {pose: knee-hugs, hold: 20-400 s, keep: last}
  - {pose: rest, hold: 30+ s}
"""
"""A hold that stretches, so that each of a hundred wishes has a length of its own; the tests' short routine doesn't."""


def write_studio(folder: Path) -> None:
    (folder / "routines").mkdir()
    (folder / "routines" / "quiet.yaml").write_text(ROUTINE, encoding="utf-8")
    (folder / "sleepward.toml").write_text('voice = "tone"\nbitrate = "64"\n', encoding="utf-8")


def order(guest: Guest, seconds: Sequence[int]) -> dict[int, int]:
    """Ask for tracks of so many seconds, all at once. Gives the lengths by the jobs' numbers."""
    wishes = [{"routine": "quiet", "length": f"{length}s", "tail": "10s"} for length in seconds]
    with ThreadPoolExecutor(20) as lanes:
        jobs = lanes.map(lambda wish: guest.post("build", wish)["number"], wishes)
        return dict(zip(jobs, seconds, strict=True))


def follow(
    guest: Guest, lengths: Mapping[int, int], *, cancels: bool = False
) -> tuple[dict[int, dict[str, Any]], set[int]]:
    """Wait until all have ended. `cancels` what is being made when a third is done, and a tenth of what waits."""
    cancelled: set[int] = set()
    with closing(guest.queue()) as changes:
        for jobs in changes:
            by_state: dict[str, list[int]] = {"waiting": [], "working": []}
            for number in lengths:
                by_state.setdefault(jobs[number]["state"], []).append(number)
            if cancels and not cancelled and by_state["working"] and 3 * len(by_state.get("done", [])) >= len(lengths):
                cancelled = {*by_state["working"], *by_state["waiting"][::10]}
                for number in cancelled:
                    guest.post("cancel", number)
            if not by_state["waiting"] and not by_state["working"] and not by_state.get("ending"):
                return jobs, cancelled
    raise RuntimeError("the queue broke off")
