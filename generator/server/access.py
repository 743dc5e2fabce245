"""Who may read: whoever came once with the key of the moment, and has the cookie that it was exchanged for since."""

from __future__ import annotations

import secrets

KEY_BYTES = 16  # 128 bits can't be guessed, and their QR code is still small
SESSION_BYTES = 32
COOKIE_AGE_S = 30 * 24 * 3_600  # a browser forgets it then; the server does when it stops


class Access:
    """The key that works once, and the secret in the cookies of those who had one. Both live as long as the server."""

    def __init__(self, port: int) -> None:
        self.cookie = f"sleepward-{port}"  # browsers give one host's cookies to all of its ports
        self._key = secrets.token_urlsafe(KEY_BYTES)
        self._session = secrets.token_urlsafe(SESSION_BYTES)

    @property
    def key(self) -> str:
        """The key that works next."""
        return self._key

    def exchange(self, key: str) -> str | None:
        """The cookie's value for the right key, which is worth nothing from then on; None for any other."""
        if not _same(key, self._key):
            return None
        self._key = secrets.token_urlsafe(KEY_BYTES)
        return self._session

    def knows(self, session: str) -> bool:
        """Whether this is the value of a cookie that was given."""
        return _same(session, self._session)


def _same(given: str, right: str) -> bool:
    """Compared in a time that says nothing about how much of it is right."""
    return secrets.compare_digest(given.encode(errors="replace"), right.encode())
