"""Nothing leaves this machine: `.ci/run` has all tests run so, and here the guard itself is tried."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parent / "plugins"


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("socket.create_connection(('192.0.2.1', 80), 1)", True),
        ("socket.create_connection(('2001:db8::1', 80), 1)", True),
        ("socket.getaddrinfo('example.org', 80)", True),
        ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))", True),
        ("urllib.request.urlopen('http://example.org/')", True),
        ("socket.getaddrinfo('localhost', 80)", False),
        ("server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname())", False),
    ],
)
def test_only_this_machine_is_reached(code: str, refused: bool) -> None:
    script = f"import socket, sys, urllib.request; sys.path.insert(0, {str(PLUGINS)!r}); import loopback_only; {code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ("the tests may not" in done.stderr) is refused
    assert (done.returncode != 0) is refused
