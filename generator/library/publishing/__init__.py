"""What players and podcast apps need beside the tracks: playlists, words, chapters, covers, feeds, a page to listen.

`catalogue.py` is what a library holds, as one value; `spoken.py` what one of its tracks says. `texts.py`,
`playlists.py`, `feed.py` and `page.py` make texts of them, `covers.py` pictures, and touch no file. `wanted.py` says
which belong to a catalogue. `publish.py` writes those that changed and removes those of tracks that are gone;
`record.py` is its memory. `shown.py` says which files of a folder a server may show.
"""

from .page_source import NAME as PAGE_NAME
from .page_source import policy as page_policy
from .publish import Published, publish
from .shown import ShownFiles

__all__ = ["PAGE_NAME", "Published", "ShownFiles", "page_policy", "publish"]
