"""Answers what the studio's page asks, as JSON: choices, lengths, sketches, sounds, and the queue as it changes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Any, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from ...app.studio import Wishes, lengths, offer, parse_wishes, sketch
from ...errors import InputError, SleepwardError
from ...formats import container_named
from ...storage.cache import Cache
from ...system.stopping import StoppedError
from ...workspace import Workspace
from .jobs import Job
from .making import TITLE, Maker
from .page import policy, studio_page

PATH = "/~studio"  # no track's name begins with that sign
MOST_BYTES = 20_000  # of a request
REQUEST_S = 10.0  # for all of its bytes
LOOK_S = 0.2  # between two looks at the queue
STILL_S = 15.0  # between two signs of life to a page, by which a lost one is noticed

Answer: TypeAlias = Callable[[Request], Awaitable[Response]]


def studio_routes(cache: Cache, maker: Maker, ending: threading.Event) -> Mount:
    """The studio's page and everything it asks for, below `PATH`. The queue is told until `ending` is set."""
    answers = _Answers(cache, maker)

    async def queue(_: Request) -> Response:
        return StreamingResponse(_changes(maker, ending), media_type="text/event-stream")

    return Mount(
        PATH,
        routes=[
            Route("/", answers.page),
            Route("/usual", _asked(answers.usual), methods=["POST"]),
            Route("/lengths", _asked(answers.lengths), methods=["POST"]),
            Route("/sketch", _asked(answers.sketch), methods=["POST"]),
            Route("/build", _asked(answers.build), methods=["POST"]),
            Route("/cancel", _asked(answers.cancel), methods=["POST"]),
            Route("/preview", _sounding(answers.preview), methods=["POST"]),
            Route("/voice", _sounding(answers.voice), methods=["POST"]),
            Route("/background", _sounding(answers.background), methods=["POST"]),
            Route("/queue", queue),
            Route("/sounds/{name}", answers.sound),
        ],
    )


class _Answers:
    """What the page gets. `asked` is the JSON of its request: wishes, where nothing else is said."""

    def __init__(self, cache: Cache, maker: Maker) -> None:
        self._cache, self._maker = cache, maker
        self._planning = threading.Lock()  # of one sketch at a time: a page that drags a slider asks for many

    def page(self, _: Request) -> Response:
        try:
            text = studio_page({**offer(Workspace.here()), "has_tracks": self._maker.has_tracks}, TITLE)
        except SleepwardError as error:
            return PlainTextResponse(f"{error}\n", 500)
        except StoppedError:
            return PlainTextResponse("The studio is ending.\n", 503)
        return Response(text, media_type="text/html", headers={"Content-Security-Policy": policy()})

    def usual(self, asked: Any) -> Any:
        return {**self._wishes(asked).usual}

    def lengths(self, asked: Any) -> Any:
        with self._planning:
            return asdict(lengths(self._wishes(asked)))

    def sketch(self, asked: Any) -> Any:
        with self._planning:
            return sketch(self._wishes(asked))

    def build(self, asked: Any) -> Any:
        return {"number": self._maker.build(self._wishes(asked)).view.number}

    def cancel(self, asked: Any) -> Any:
        """`asked` is the number of a job."""
        if type(asked) is not int:
            raise InputError("a track is cancelled by its number")
        self._maker.tracks.cancel(asked)
        return {}

    def preview(self, asked: Any) -> Job:
        return self._maker.preview(self._wishes(asked))

    def voice(self, asked: Any) -> Job:
        return self._maker.sample(self._wishes(asked), with_background=False)

    def background(self, asked: Any) -> Job:
        return self._maker.sample(self._wishes(asked), with_background=True)

    def sound(self, request: Request) -> Response:
        name = request.path_params["name"]
        path, container = self._maker.sound_at(name), container_named(name)
        if path is None or container is None or not path.is_file():
            return PlainTextResponse("This sound is no longer there: make it again.\n", 404)
        return FileResponse(path, media_type=container.mime_type)

    def _wishes(self, asked: Any) -> Wishes:
        """What is wished, with the files of the working folder as they are now."""
        return parse_wishes(asked, Workspace.here(), self._cache)


def _asked(answer: Callable[[Any], Any]) -> Answer:
    """An endpoint that takes JSON and returns what `answer` makes of it, in a thread."""

    async def answered(request: Request) -> Any:
        return await run_in_threadpool(answer, await _read(request))

    return _told(answered)


def _sounding(begin: Callable[[Any], Job]) -> Answer:
    """An endpoint that takes wishes, and returns the address of a sound once it is made."""

    async def made(request: Request) -> Any:
        job = await run_in_threadpool(begin, await _read(request))
        sound = await asyncio.shield(asyncio.wrap_future(job.ended))  # the job is no part of the request
        return {"address": sound.address}

    return _told(made)


def _told(answer: Callable[[Request], Awaitable[Any]]) -> Answer:
    """An endpoint that returns an answer as JSON, or why there is none."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await answer(request))
        except SleepwardError as error:
            return _refusal(error)
        except StoppedError:  # the program ends
            return _refusal(InputError("the studio is ending"))

    return endpoint


async def _read(request: Request) -> Any:
    """The JSON of a request. Raises InputError for anything else."""
    if request.headers.get("content-type") != "application/json":  # another page can't send this without being asked
        raise InputError("a request to the studio is JSON")
    body = bytearray()
    try:
        async with asyncio.timeout(REQUEST_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise InputError(f"a request to the studio has at most {MOST_BYTES:,} bytes")
    except (ClientDisconnect, TimeoutError) as error:
        raise InputError("the request broke off") from error
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no JSON: {error}") from error


def _refusal(error: SleepwardError) -> Response:
    """The same words as at the command line."""
    return Response(
        json.dumps({"error": str(error)}), 422, media_type="application/json"
    )  # in ASCII, whatever was sent


async def _changes(maker: Maker, ending: threading.Event) -> AsyncIterator[str]:
    """The queue as server-sent events: now, and after each change. https://html.spec.whatwg.org/#server-sent-events"""
    told, still_s = -1, 0.0
    while not ending.is_set():
        if (version := maker.tracks.version) != told:
            told, still_s = version, 0.0
            yield f"data: {json.dumps(maker.tracks.seen(), ensure_ascii=False)}\n\n"
        elif still_s >= STILL_S:
            still_s = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(LOOK_S)
        still_s += LOOK_S
