"""The socket that a library is served from: of this machine alone, or of its address in the home's network."""

from __future__ import annotations

import ipaddress
import socket

from ..errors import InputError

THIS_MACHINE = "127.0.0.1"
_ANYWHERE = ("192.0.2.1", 9)  # nobody's (RFC 5737); nothing is sent there, it only makes the system choose an interface


def lan_address() -> str:
    """This machine's address in its network. Raises InputError if there is none, or the whole internet reaches it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)
        except OSError as error:
            raise InputError("this computer is in no network", where="--lan", hint="connect it first") from error
        address = str(probe.getsockname()[0])
    if ipaddress.ip_address(address).is_global:
        hint = "serve it without --lan, and reach it through a tunnel of your own"
        raise InputError(f"{address} is reached from the whole internet", where="--lan", hint=hint)
    return address


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket bound to `host`; port 0 takes a free one. Raises InputError if another program has the port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows lets two programs share a port otherwise
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # whoever comes before the server runs waits for it
    except OSError as error:
        listener.close()
        what = f"nothing can be served at {host}:{port}: {error.strerror or error}"
        hint = "give another --port, or end the program that has this one"
        raise InputError(what, where="--port", hint=hint) from error
    return listener


def host_names(host: str, port: int) -> frozenset[str]:
    """What a browser may call the server bound to `host` and `port`."""
    names = {host, "localhost"} if host == THIS_MACHINE else {host}
    return frozenset({f"{name}:{port}" for name in names} | (names if port == 80 else set()))
