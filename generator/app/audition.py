"""Writes a page to choose a voice or a background by ear: a button for each, and one sound at a time.

The sounds lie in a folder beside the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from ..errors import InputError
from ..pages import Page
from ..storage.cache import whole_file
from ..voices import quoted, short_label
from .samples import VOICE_SENTENCES

OTHER_FOLDER = "choose another folder with -o"

_FILES = Path(__file__).with_name("audition_files")
RANKING = (
    "The default comes first: it is natural, and always here. Then come your own, and models that are installed. "
    "The last are made by rule: the light one, then the softest that are understood over every background, then others."
)
_SAID = f"“{' '.join(VOICE_SENTENCES)}”"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of a page. `flag` is what to type. `sound` is the file's name; None if there is none, and `note` says why.

    One that isn't in the `shortlist` is folded away.
    """

    name: str
    note: str
    flag: str
    sound: str | None
    shortlist: bool = True


@dataclass(frozen=True, slots=True)
class Texts:
    """What stands around the rows of a page. `why` gives the reasons for their order, if there are any."""

    title: str
    about: str
    heading: str
    why: str = ""


def voice_candidate(listed_as: str, note: str, sound: Path | None, *, shortlist: bool) -> Candidate:
    """The row of a voice, by its id in the list of voices."""
    name = short_label(listed_as)
    return Candidate(name, note, f"--voice {quoted(name)}", None if sound is None else sound.name, shortlist)


def write_voices_page(candidates: Sequence[Candidate], folder: Path, *, ranked: bool) -> Path:
    """``folder/voices.html``, whose sounds lie in ``folder/voices``. Raises InputError if it can't be written.

    `ranked` says that the candidates stand in the order of the list of voices, and the page tells the reasons for it.
    """
    about = f"Each says: {_SAID} A voice of recordings says two sentences that it has."
    texts = Texts("Voices by ear", about, "To try first" if ranked else "Voices", RANKING if ranked else "")
    return _written(folder, "voices", audition_page("voices", texts, candidates))


def write_backgrounds_page(candidates: Sequence[Candidate], folder: Path) -> Path:
    """``folder/backgrounds.html``, whose sounds lie in ``folder/backgrounds``. Raises InputError like the other."""
    texts = Texts("Backgrounds by ear", f"Over each of them: {_SAID}", "Backgrounds")
    return _written(folder, "backgrounds", audition_page("backgrounds", texts, candidates))


def audition_page(kind: str, texts: Texts, candidates: Sequence[Candidate]) -> str:
    """The page's text. The sounds lie in the folder `kind` beside it. Pure."""

    def rows(*, shortlist: bool) -> list[dict[str, str]]:
        return [_row(kind, each) for each in candidates if each.shortlist is shortlist]

    return _page().render(
        texts.title,
        about=texts.about,
        heading=texts.heading,
        why=texts.why,
        shortlist=rows(shortlist=True),
        others=rows(shortlist=False),
    )


def _row(kind: str, candidate: Candidate) -> dict[str, str]:
    """A candidate as the template reads it; without a sound, its address is empty."""
    address = "" if candidate.sound is None else quote(f"{kind}/{candidate.sound}")
    return {"name": candidate.name, "note": candidate.note, "flag": candidate.flag, "sound": address}


@cache
def _page() -> Page:
    return Page.from_files(_FILES, "audition", ("audition.js",))


def _written(folder: Path, kind: str, page: str) -> Path:
    path = folder / f"{kind}.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(page.encode())
    except OSError as error:
        raise InputError(f"the page can't be written: {error}", where=str(path), hint=OTHER_FOLDER) from error
    return path
