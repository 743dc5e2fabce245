"""Runs the server in a thread of its own until it is stopped."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MissingToolError
from .network import THIS_MACHINE, host_names, lan_address, listening_socket

if TYPE_CHECKING:
    from .access import Access

MOST_CONNECTIONS = 400  # a page that plays has six at most, and a device that is far away leaves some behind
_OTHER_DESCRIPTORS = 56  # of this process, beside two for each connection: its own, and that of the file it reads
LAST_ANSWERS_S = 1  # for answers that are still being sent when the server stops


@dataclass(frozen=True, slots=True)
class Served:
    """A library that is being served. `ended` is done when the server is."""

    host: str
    port: int
    ended: Future[None]
    _access: Access

    @property
    def address(self) -> str:
        """The address that lets one more device in, once."""
        from .guard import ENTRY

        return f"http://{self.host}:{self.port}{ENTRY}{self._access.key}"

    def code(self) -> str:
        """The address as a QR code for a terminal, light on dark whatever its colors are."""
        import segno

        out = io.StringIO()
        segno.make(self.address, error="m", micro=False).terminal(out, border=2, compact=True)
        return "\n".join(f"\x1b[97;40m{line}\x1b[0m" for line in out.getvalue().splitlines())


@contextmanager
def serve(
    folder: Path,
    *,
    port: int,
    lan: bool = False,
    studio: bool = False,
    entered: Callable[[str], None] = lambda device: None,
) -> Iterator[Served]:
    """Serve the library in `folder` as long as the context lasts; `port` 0 takes a free one.

    With a `studio`, tracks can be made into that folder. `entered` is called in another thread, with the address of the
    device that was let in. Raises InputError where nothing can be served, and MissingToolError without the packages.
    """
    try:
        import uvicorn
        from starlette.middleware import Middleware

        from .access import Access
        from .guard import Guard
        from .patience import EndingServer, PatientProtocol
        from .studio import HOME, open_studio
        from .web import web
    except ImportError as error:
        what = f"a server needs packages that aren't installed ({error})"
        raise MissingToolError(what, hint="pip install 'sleepward[serve]'") from error
    host = lan_address() if lan else THIS_MACHINE
    with (
        open_studio(folder) if studio else nullcontext() as opened,
        listening_socket(host, port) as listener,
        ThreadPoolExecutor(1, "server") as thread,
    ):
        own_port: int = listener.getsockname()[1]
        access = Access(own_port)
        names, home = host_names(host, own_port), HOME if studio else "/"
        guard = Middleware(Guard, access=access, hosts=names, entered=entered, home=home)
        config = uvicorn.Config(
            web(folder, guard, opened.routes if opened else None),
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_most_connections(),
            timeout_graceful_shutdown=LAST_ANSWERS_S,
        )
        server = EndingServer(config)
        ended = thread.submit(server.run, [listener])
        try:
            yield Served(host, own_port, ended, access)
        finally:
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # cut-off answers are no errors now
            if opened:
                opened.ending.set()
            server.should_exit = True


def _most_connections() -> int:
    """As many as are sensible, and as this process may have descriptors for."""
    if sys.platform == "win32":
        return MOST_CONNECTIONS
    import resource

    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, (allowed - _OTHER_DESCRIPTORS) // 2))
