"""Waits for slow devices, but not for ever, as uvicorn does for a request and for what isn't read."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

REQUEST_S = 10.0  # from the connection, or from the last answer, to the end of a request's head
CLOSING_S = 1.0  # for the files of answers that were cut off


class PatientProtocol(H11Protocol):
    """HTTP as uvicorn speaks it. Whoever connects and asks for nothing is cut off, and whoever doesn't finish asking.

    uvicorn itself waits for ever once a single byte of a request has come, or of a body that nobody reads. Where there
    are as many connections as there may be, the one that has been silent for longest makes room for a new one.
    """

    _patience: asyncio.TimerHandle | None = None
    _answered: RequestResponseCycle | None = None
    """The last request when the waiting for the next one began."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._await_request(None)
        self._make_room()

    def on_response_complete(self) -> None:
        answered = self.cycle
        super().on_response_complete()  # which begins the next, if it has come already
        self._await_request(answered)

    def _await_request(self, answered: RequestResponseCycle | None) -> None:
        """Give up in a while, if `answered` is still the last request then."""
        if self._patience is not None:
            self._patience.cancel()
        self._answered = answered
        self._patience = self.loop.call_later(REQUEST_S, self._give_up)

    def _give_up(self) -> None:
        if self.silent_until_s is not None:
            self.transport.close()

    @property
    def silent_until_s(self) -> float | None:
        """When it is given up, by the loop's clock. None once a request has come, or where it was given up."""
        is_silent = self.cycle is self._answered and not self.transport.is_closing()
        return self._patience.when() if self._patience is not None and is_silent else None

    def _make_room(self) -> None:
        """Give up whoever has been silent for longest. uvicorn refuses every request while the connections are full."""
        if self.limit_concurrency is None or len(self.connections) < self.limit_concurrency:
            return
        silent = {
            each: until_s
            for each in self.connections
            if isinstance(each, PatientProtocol) and each is not self and (until_s := each.silent_until_s) is not None
        }
        if silent:
            min(silent, key=silent.__getitem__).transport.abort()


class EndingServer(uvicorn.Server):
    """A server that leaves no connection and no file open when it ends."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in [*self.server_state.connections]:
            connection.transport.abort()
        await asyncio.wait([*self.server_state.tasks, asyncio.create_task(asyncio.sleep(0))], timeout=CLOSING_S)
