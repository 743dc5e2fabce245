"""The voices that pyttsx3 offers on this machine, and the search for one by its name."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..system import stopping
from . import missing_voice
from ._pyttsx3_link import (
    DEADLINE_S,
    FORKS,
    SpeechServer,
    missing_engine_error,
    raise_if_missing,
    run_once,
    scratch_folder,
    servers,
)

if TYPE_CHECKING:
    from ._pyttsx3_link import Message

_DRIVERS = {"darwin": "nsss", "win32": "sapi5"}


@dataclass(frozen=True, slots=True)
class Inventory:
    """The voices of pyttsx3 on this machine, keyed by the names that users write; `ids` gives pyttsx3's own names."""

    driver: str
    versions: str
    default: str
    voices: Mapping[str, Mapping[str, Any]]
    variants: Mapping[str, str]

    @property
    def ids(self) -> dict[str, str]:
        return {public: voice["id"] for public, voice in self.voices.items()}


wanted = threading.Event()
"""Set while somebody is expected to speak: then the server that listed the voices is kept for it."""

_inventory_lock = threading.Lock()


def load_inventory() -> Inventory:
    """The voices of this machine, queried once per process."""
    with _inventory_lock:
        return _query_inventory()


@functools.cache
def _query_inventory() -> Inventory:
    driver = _DRIVERS.get(sys.platform, "espeak")
    with scratch_folder() as folder:
        setup = {"driver": driver, "folder": str(folder), "deadline_s": DEADLINE_S}
        offer = _query_server(setup) if FORKS else run_once("voices", [setup], 3 * DEADLINE_S)[0]
    if offer.get("status") == "failed":
        raise missing_engine_error(offer["reason"])
    raise_if_missing(offer)
    voices: dict[str, Mapping[str, Any]] = {}
    for voice in offer["voices"]:
        public = voice["id"]
        if driver == "espeak":
            language = voice["languages"][0]
            public = language if language not in voices else voice["id"].rpartition("/")[2]
        voices[public] = voice
    versions = f"pyttsx3 {offer['pyttsx3']}, {offer['library']}"
    return Inventory(driver, versions, offer["default"], voices, offer["variants"])


def _query_server(setup: Message) -> dict[str, Any]:
    """Start a server, get its list of voices, and keep the server. Failures are returned as `run_once` returns them."""
    stopping.check()
    server = SpeechServer()
    with ExitStack() as cleanup:
        cleanup.callback(server.close)
        server.send(setup)
        offer = server.receive(3 * DEADLINE_S)
        if offer is None:
            return {"status": "failed", "reason": f"its process ended{server.last_log_line()}"}
        if "voices" in offer and wanted.is_set():
            cleanup.pop_all()
            servers.put(setup["driver"], server)
        return offer


def find_espeak_voice(inventory: Inventory, name: str, recommended: Sequence[str]) -> str:
    """The public id of `name`: a language, espeak's own id or a voice's name, with any variant. Case is ignored.

    Raises MissingToolError if there is no such voice, with the nearest, or those that are `recommended`.
    """
    base, plus, variant = name.partition("+")
    bases: dict[str, str] = {}
    for public, voice in inventory.voices.items():
        for alias in (public, voice["id"], voice["id"].rpartition("/")[2], voice["name"]):
            bases.setdefault(alias.casefold(), public)
    bases |= {public.casefold(): public for public in inventory.voices}
    variants = {known.casefold(): known for known in inventory.variants}
    found = bases.get(base.casefold())
    if found and not plus:
        return found
    if found and variant.casefold() in variants:
        return f"{found}+{variants[variant.casefold()]}"
    if not plus and base.casefold() in variants:  # a variant goes with a language
        raise missing_voice(f"pyttsx3:{name}", [f"pyttsx3:en-us+{variants[base.casefold()]}"])
    # any base goes with any variant, so suggest names for the part that is wrong
    known = [f"{found or 'en-us'}+{v}" for v in inventory.variants]
    if not found:
        known = [p + plus + variant for p in inventory.voices] + ([] if plus else known)
    raise missing_voice(f"pyttsx3:{name}", [f"pyttsx3:{k}" for k in known], recommended)
