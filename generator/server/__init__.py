"""Serves a library to a phone in the same network: its page and its tracks, and nothing else of the machine.

`access.py` says who may read, `guard.py` asks each request for it, `web.py` answers with files, `network.py` opens the
socket, `running.py` runs all that until it is stopped. starlette, uvicorn and segno are an extra, `sleepward[serve]`.
"""

from .running import Served, serve

__all__ = ["Served", "serve"]
