"""Waits for slow devices, but not for ever, as uvicorn does for a request and for what isn't read."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

FIRST_REQUEST_S = 10.0
CLOSING_S = 1.0  # for the files of answers that were cut off


class PatientProtocol(H11Protocol):
    """HTTP as uvicorn speaks it. Whoever connects and asks for nothing is cut off."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.loop.call_later(FIRST_REQUEST_S, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None:
            self.transport.close()


class EndingServer(uvicorn.Server):
    """A server that leaves no connection and no file open when it ends."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in [*self.server_state.connections]:
            connection.transport.abort()
        await asyncio.wait([*self.server_state.tasks, asyncio.create_task(asyncio.sleep(0))], timeout=CLOSING_S)
