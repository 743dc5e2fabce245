"""Answers requests with the files of a library: its page at /, the others at their names; and with a studio's."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from ..library.publishing import PAGE_NAME, ShownFiles, page_policy

if TYPE_CHECKING:
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.routing import BaseRoute

_GONE = "There is no such file in this library.\n"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".lrc": "text/plain; charset=utf-8",
    ".m3u8": "audio/x-mpegurl; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".xml": "application/rss+xml; charset=utf-8",
}


def web(folder: Path, guard: Middleware, studio: BaseRoute | None = None) -> Starlette:
    """The application that serves the library in `folder` and maybe a studio, behind its `guard`."""
    files = ShownFiles(folder)
    page = _Page(files)
    return Starlette(
        routes=[
            Route("/", page.answer),
            Route("/favicon.ico", lambda request: Response(status_code=204)),  # browsers ask for one
            *([] if studio is None else [studio]),
            Route("/{name:path}", _FileAnswers(files).answer),
        ],
        middleware=[guard],
    )


class _FileAnswers:
    """Tracks and what lies beside them, whole or in ranges of bytes, by which a phone jumps."""

    def __init__(self, files: ShownFiles) -> None:
        self._files = files

    def answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        found = self._files.find(name)
        if found is None or name == PAGE_NAME:
            return PlainTextResponse(_GONE, 404)
        kind = found.mime_type or _TYPES[Path(name).suffix]
        return FileResponse(found.path, media_type=kind, stat_result=found.stat)


class _Page:
    """The page, packed once for each state that it has: of 2,000 tracks it has some megabytes."""

    def __init__(self, files: ShownFiles) -> None:
        self._files = files
        self._stamp: tuple[int, int] | None = None
        self._plain = self._packed = b""

    def answer(self, request: Request) -> Response:
        found = self._files.find(PAGE_NAME)
        if found is None:
            return PlainTextResponse(_GONE, 404)
        self._read(found.path, found.stat)
        headers = {
            "Content-Security-Policy": page_policy(),
            "Vary": "Accept-Encoding",
        }
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self._plain, headers=headers, media_type=_TYPES[".html"])
        return Response(self._packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=_TYPES[".html"])

    def _read(self, path: Path, stat: os.stat_result) -> None:
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp != self._stamp:
            self._plain = path.read_bytes()
            self._packed = gzip.compress(self._plain, 6, mtime=0)
            self._stamp = stamp
