"""What `tonight` asked last time, and what was answered: kept beside the history."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..definition.bodies import avoidable_words, canonical
from ..durations import MAX_GUIDED_MINUTES
from ..errors import SURE, InputError, nearest
from ..settings import SETTINGS
from ..workspace.settings_layers import SettingsLayer, as_written
from .tonight import Where

if TYPE_CHECKING:
    from ..workspace import Workspace

NOTHING = ("", "nothing", "no", "none", "-")


@dataclass(frozen=True, slots=True)
class NightAnswers:
    """The answers, as the flags have them. A `voice` or `background` of None is that of the settings."""

    minutes: int = 20
    avoid: str = ""
    where: Where = "bed"
    voice: str | None = None
    background: str | None = None


def read_answers(path: Path) -> NightAnswers:
    """The last answers; the usual ones without a file. Raises InputError for a file that is no such answers."""
    try:
        found = _answers_of(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return NightAnswers()
    except (OSError, ValueError, TypeError, RecursionError) as error:
        hint = "delete it: only what `tonight` proposes depends on it"
        raise InputError("the last answers can't be read", where=str(path), hint=hint) from error
    return found


def _answers_of(found: dict[str, Any]) -> NightAnswers:
    """The answers in a JSON object. Raises ValueError or TypeError for anything else."""
    answers = NightAnswers(**found)
    optional = (answers.voice, answers.background)
    if type(answers.minutes) is not int or not 1 <= answers.minutes <= MAX_GUIDED_MINUTES:
        raise ValueError("minutes")
    if type(answers.avoid) is not str or answers.where not in get_args(Where):
        raise ValueError("avoid, where")
    if not all(each is None or type(each) is str for each in optional):
        raise ValueError("voice, background")
    return answers


def keep_answers(path: Path, answers: NightAnswers) -> None:
    """Raises InputError where they can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(answers), ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        what = f"the answers can't be kept: {error.strerror or error}"
        raise InputError(what, where=str(path), hint="name another folder in $SLEEPWARD_DATA_DIR") from error


def parse_hurts(text: str, workspace: Workspace) -> str:
    """What hurts, as people write it, as a value of `avoid`; empty for nothing. Raises InputError for unknown words."""
    words = [re.sub(r"\s+", "-", word.strip().lower()) for word in re.split(r",|\band\b", text)]
    named = [word for word in words if word not in NOTHING]
    try:
        avoid = SETTINGS["avoid"].kind.parse(",".join(named)) if named else ()
    except ValueError as error:
        raise InputError(str(error)) from error
    known = avoidable_words([workspace.read_pose(pose) for pose in workspace.pose_ids()]) if avoid else ()
    for word in avoid:
        if word not in known:
            near = nearest(word, known, alike=SURE)
            hint = f"did you mean {canonical(near[0])}?" if near else "write words like knees, lower-back, neck"
            raise InputError(f"no pose is known to be bad for {word!r}", hint=hint)
    return ",".join(named)


def usual_settings(names: Iterable[str], layers: Sequence[SettingsLayer]) -> dict[str, str]:
    """What holds for settings, as it is written. One without a default is empty, but for the voice.

    A voice of the user's own has its own name here: it is more than the voice that it is made from.
    """

    def text(name: str) -> str:
        info = SETTINGS[name]
        return as_written(name, layers) or (info.otherwise if name == "voice" else info.default_text)

    return {name: text(name) for name in names}
