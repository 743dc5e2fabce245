"""Asks every request whether it may be answered, and says in every answer what a browser may do with it.

A page on the internet can let a browser ask any address of the home's network. So the host of a request has to be our
own (DNS rebinding), its origin too, and the cookie is sent by our own pages alone (SameSite=Strict).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from .access import COOKIE_AGE_S, Access

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENTRY = "/~enter/"  # no track's name begins with that sign

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
# A redirect would count as begun by the page that the link stood in, and the cookie, being strict, wouldn't be sent.
_ENTERED = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="dark"><meta http-equiv="refresh" content="0; url={home}">
<title>sleepward</title><p><a href="{home}">Go on</a></p></html>
"""
_NO_KEY = (
    "This address works once, and it was used or is wrong.\n"
    "Open the address that sleepward serve shows now, or scan its code.\n"
)
_NO_HOST = "This server doesn't answer for that host.\n"
_NO_ADDRESS = "An address has letters, digits and signs of ASCII alone; others are written as %C3%A9.\n"
_NO_ORIGIN = "Another page asked for this. Open the page of the library itself.\n"


class Guard:
    """Lets requests through to `app` that name one of `hosts` (host:port) and carry the cookie.

    `entered` is called with the address of the device that has used the key. It goes on at `home`.
    """

    def __init__(
        self, app: ASGIApp, access: Access, hosts: Collection[str], entered: Callable[[str], None], home: str
    ) -> None:
        self._app, self._access, self._hosts, self._entered = app, access, frozenset(hosts), entered
        self._home = home

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # no websockets here

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._own_answer(Request(scope)) or self._app
        await answer(scope, receive, send_guarded)

    def _own_answer(self, request: Request) -> Response | None:
        """The answer of the guard itself; None where the request may go on."""
        host = request.headers.get("host", "")
        if host not in self._hosts or len(request.headers.getlist("host")) > 1:
            return PlainTextResponse(_NO_HOST, 421)
        origin = request.headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return PlainTextResponse(_NO_ORIGIN, 403)
        if not request.scope["query_string"].isascii():  # whatever reads it would fail
            return PlainTextResponse(_NO_ADDRESS, 400)
        known = self._access.knows(request.cookies.get(self._access.cookie, ""))
        path = request.scope["path"]
        if path.startswith(ENTRY):
            return RedirectResponse(self._home, 303) if known else self._entry(request, path.removeprefix(ENTRY))
        return None if known else PlainTextResponse(_NO_KEY, 403)

    def _entry(self, request: Request, key: str) -> Response:
        """Exchanges the key for the cookie. A HEAD, by which messengers look at links, leaves the key as it is."""
        session = self._access.exchange(key) if request.method == "GET" else None
        if session is None:
            return PlainTextResponse(_NO_KEY, 403)
        self._entered(request.client.host if request.client else "")
        response = HTMLResponse(_ENTERED.format(home=self._home), headers={"Cache-Control": "no-store"})
        response.set_cookie(
            self._access.cookie, session, max_age=COOKIE_AGE_S, path="/", httponly=True, samesite="strict"
        )
        return response
