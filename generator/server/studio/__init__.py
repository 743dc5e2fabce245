"""The studio: a page to make tonight's track without the command line, and what it asks the server for.

`jobs.py` is the queue, `making.py` makes tracks, previews and samples, `routes.py` answers the page, `page.py` is that
page. What may be wished, and what is answered to it, says `app.studio`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...storage.cache import Cache, default_folder
from ...storage.leftovers import remove_abandoned_folders
from .making import Maker
from .routes import PATH, studio_routes

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

__all__ = ["HOME", "open_studio"]

HOME = f"{PATH}/"
"""The address of its page."""


@dataclass(frozen=True, slots=True)
class Studio:
    """What answers the studio's page. Once `ending` is set, answers without an end do end."""

    routes: BaseRoute
    ending: threading.Event


@contextmanager
def open_studio(folder: Path) -> Iterator[Studio]:
    """A studio whose tracks go into `folder`. All that is still being made ends with it.

    Raises InputError if another library lies in `folder`.
    """
    remove_abandoned_folders()
    cache, ending = Cache(default_folder()), threading.Event()
    with closing(Maker(folder, cache, f"{PATH}/sounds")) as maker:
        yield Studio(studio_routes(cache, maker, ending), ending)
