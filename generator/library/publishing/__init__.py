"""What players and podcast apps need beside the tracks: playlists, words in time, chapters, covers, feeds.

`catalogue.py` is what a library holds, as one value; `spoken.py` what one of its tracks says. `texts.py`,
`playlists.py` and `feed.py` make texts of them, `covers.py` pictures, and touch no file. `wanted.py` says which belong
to a catalogue. `publish.py` writes those that changed and removes those of tracks that are gone; `record.py` is its
memory.
"""

from .publish import Published, publish

__all__ = ["Published", "publish"]
