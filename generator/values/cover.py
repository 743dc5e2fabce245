"""The picture that players show: drawn for the track, none, or the user's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .kinds import HERE, SettingKind, any_text_schema, some

_AUTO, _NONE = "auto", "none"


@dataclass(frozen=True)
class Cover:
    """A picture drawn for the track, the picture in `file` (relative to the working folder), or none."""

    drawn: bool = False
    file: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        return () if self.file is None else (self.file,)

    def __str__(self) -> str:
        """The text for this value. A file called `auto` or `none` gets `./` before it."""
        if self.file is None:
            return _AUTO if self.drawn else _NONE
        return f"./{self.file}" if str(self.file) in (_AUTO, _NONE) else str(self.file)


AUTO_COVER = Cover(drawn=True)


class CoverKind(SettingKind[Cover]):
    @property
    def expected(self) -> str:
        return "auto, none, or a picture's file"

    def parse(self, text: str, folder: Path = HERE) -> Cover:
        text = some(text)
        if text in (_AUTO, _NONE):
            return Cover(drawn=text == _AUTO)
        return Cover(file=Path(os.path.relpath(folder / text)))

    def check(self, text: str) -> object:
        return some(text)

    def as_json(self, value: Cover | None) -> Any:
        return None if value is None else self.write(value)

    def schema(self) -> dict[str, Any]:
        return any_text_schema()
