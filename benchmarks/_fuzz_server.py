"""A server of one page and one file, asked in this process: no socket, and a studio that makes nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from generator.errors import InputError
from generator.storage.cache import Cache

HOST = b"127.0.0.1:80"


def ask(head: bytes, body: bytes = b"") -> bytes:
    """A request of the one who knows the cookie."""
    return head + b"\nhost: " + HOST + b"\ncookie: sleepward-80=KNOWN\n\n" + body


def asking(folder: Path) -> Callable[[bytes], None]:
    """A function that asks a server of one page and one file, with a studio that makes nothing."""
    from starlette.middleware import Middleware

    from generator.library.publishing import record
    from generator.server.access import Access
    from generator.server.guard import Guard
    from generator.server.studio.jobs import Job
    from generator.server.studio.making import Maker
    from generator.server.studio.routes import studio_routes
    from generator.server.web import web

    class Idle(Maker):
        def __init__(self) -> None:
            super().__init__(folder / "studio", cache, "/~studio/sounds")
            self.close()

        def build(self, wishes: Any) -> Job:
            raise InputError(str(self._path(wishes, wishes.spec())))

        def preview(self, wishes: Any) -> Job:
            raise InputError(wishes.line)

        def sample(self, wishes: Any, *, with_background: bool) -> Job:
            raise InputError(wishes.value("background"))

    made = {name: record.MadeFile("1", "2", 3) for name in ("a.lrc", "index.html")}
    for name in made:
        (folder / name).write_text("[00:01.00]Lie down.\n" * 9, encoding="utf-8")
    (folder / record.FILE_NAME).write_bytes(record.dump_record(record.Record("1", "", {}, made)))
    cache, access, ending = Cache(folder / "cache"), Access(80), threading.Event()
    ending.set()  # else the queue would be told without end
    session = str(access.exchange(access.key)).encode()
    routes = studio_routes(cache, Idle(), ending)
    guard = Middleware(Guard, access=access, hosts=[HOST.decode()], entered=lambda device: None, home="/")
    app = web(folder, guard, routes)

    def run(data: bytes) -> None:
        head, _, body = data.replace(b"KNOWN", session).partition(b"\n\n")
        first, *lines = head.split(b"\n")
        method, _, path = first.partition(b" ")
        parts = [line.partition(b":") for line in lines]
        headers = [(name.strip().lower(), value.strip()) for name, _, value in parts]
        asyncio.run(_answered(app, method.decode("latin-1").upper(), path, headers, body))

    return run


async def _answered(app: Any, method: str, path: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """One request to an application, as uvicorn asks it. Raises RuntimeError for an answer that blames the server."""
    raw, _, query = path.partition(b"?")
    plain = unquote(raw.decode("ascii", "ignore"))
    scope = {"type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": plain, "raw_path": raw}
    scope |= {"root_path": "", "query_string": query, "headers": headers, "client": ("127.0.0.1", 5_000)}
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message.get("status", 0) >= 500:
            raise RuntimeError(f"the server answers {message['status']}")

    await app(scope, receive, send)
