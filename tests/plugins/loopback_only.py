"""Refuses to connect or send to other machines, in every Python process that imports it.

`.ci/run` installs it with a `.pth` file, so that all tests, and all commands that they start, run without a network. A UDP
socket may be connected, which sends nothing: that is how a program learns its own address.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

LOCAL_NAMES = (None, "", "localhost", socket.gethostname())


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        connection, address = arguments[0], arguments[1]
        leaves = connection.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0])
        if leaves and (event == "socket.sendto" or connection.type == socket.SOCK_STREAM):
            raise PermissionError(f"the tests may not leave this machine: {address}")
    elif event == "socket.getaddrinfo" and not is_local(arguments[0]):
        raise PermissionError(f"the tests may not look up {arguments[0]}")


def is_local(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in LOCAL_NAMES:
        return True
    try:
        found = ipaddress.ip_address(str(name))
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified


sys.addaudithook(refuse)
