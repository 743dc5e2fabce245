"""The files beside a track: its words in time as LRC and WebVTT, its chapters as JSON. Pure."""

from __future__ import annotations

import json

from ...formats import LyricLine
from ...formats.lrc import lrc_text
from ...model import Chapter, Sentence
from .catalogue import Catalogue, CatalogueTrack
from .spoken import Spoken

CHAPTERS_VERSION = "1.2.0"  # of https://github.com/Podcastindex-org/podcast-namespace, docs/examples/chapters


def lyrics_file(catalogue: Catalogue, track: CatalogueTrack, spoken: Spoken) -> str:
    """The words in time for music players: LRC, with title, album and length before them."""
    minutes, seconds = divmod(track.duration_ms // 1_000, 60)
    head = [
        f"[ti:{_tag_text(track.title)}]",
        f"[al:{_tag_text(catalogue.title)}]",
        f"[length:{minutes:02}:{seconds:02}]",
    ]
    lines = [LyricLine(sentence.start_ms, sentence.text) for sentence in spoken.sentences]
    return "\n".join([*head, lrc_text(lines), ""])


def captions_file(spoken: Spoken) -> str:
    """The words in time for podcast apps and web pages: https://www.w3.org/TR/webvtt1/."""
    cues = [f"{_clock(each.start_ms)} --> {_clock(each.end_ms)}\n{_escaped(each.text)}\n" for each in spoken.sentences]
    return "\n".join(["WEBVTT\n", *cues])


def chapters_file(track: CatalogueTrack, spoken: Spoken) -> str:
    """The chapters for podcast apps: JSON chapters of the podcast namespace, times in seconds."""
    chapters = [
        {"startTime": each.start_ms / 1_000, "endTime": each.end_ms / 1_000, "title": each.title}
        for each in spoken.chapters
    ]
    facts = {"version": CHAPTERS_VERSION, "title": track.title, "chapters": chapters}
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"


def spoken_from(captions: str, chapters: str) -> Spoken:
    """What a track says, from its `captions_file` and `chapters_file`: many times quicker than from its tags."""
    sentences = []
    for cue in captions.split("\n\n")[1:]:
        times, text = cue.rstrip("\n").split("\n")
        start, end = times.split(" --> ")
        sentences.append(Sentence(_ms(start), _ms(end), _plain(text)))
    tiles = []
    for each in json.loads(chapters)["chapters"]:
        start_ms, end_ms = round(each["startTime"] * 1_000), round(each["endTime"] * 1_000)
        tiles.append(Chapter(each["title"], start_ms, end_ms))
    return Spoken(tuple(sentences), tuple(tiles))


def _tag_text(text: str) -> str:
    """A text for LRC's head, in which a bracket would end it."""
    return " ".join(text.split()).replace("[", "(").replace("]", ")")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(ms: int) -> str:
    minutes, rest = divmod(ms, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1_000:02}.{rest % 1_000:03}"


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _ms(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + int(seconds.replace(".", ""))
