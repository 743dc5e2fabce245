"""The plan in a finished track: what should sound when, over what kind of background."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..beds import Texture, texture_of
from ..build.plan_json import PLAN_DAMAGES, PLAN_VERSION, timeline_of
from ..dsp.contours import from_text
from ..dsp.short_time import HOP_MS
from ..durations import MAX_TRACK_MS
from ..errors import InputError, SettingError
from ..formats import CONTAINERS, Container
from ..mix.envelope import FADE_IN_MS, FADE_OUT_MS
from ..mix.mixing import glide_db
from ..model import Event, Timeline
from ..settings import PARSERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..dsp.contours import Contour

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # no line break; halves of surrogate pairs

QUIET_BEFORE_MS = 100  # a clip's quiet start, and the pre-echo of a lossy format
QUIET_AFTER_MS = 200  # a clip's quiet end, and the tolerance of a phrase's end


@dataclass(frozen=True)
class TrackPlan:
    """A parsed plan. `texture` is the kind of background; of several layers the liveliest counts."""

    plan: Mapping[str, Any]
    timeline: Timeline

    @property
    def settings(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.plan["settings"]
        return found

    @cached_property
    def texture(self) -> Texture:
        return texture_of(str(self.settings["background"]))

    @cached_property
    def contours(self) -> Mapping[str, Contour]:
        """The contour of each sentence; empty in a plan from before they existed."""
        return {text: from_text(stored) for text, stored in self.plan.get("contours", {}).items()}

    @property
    def ear(self) -> str:
        return str(self.settings.get("ear", "both"))

    @property
    def container(self) -> Container:
        """The file's container; mp3 if the plan doesn't name one."""
        return CONTAINERS.get(str(self.settings.get("format")), CONTAINERS["mp3"])

    @property
    def fade_out_ms(self) -> int:
        return min(self.timeline.tail_ms, FADE_OUT_MS)

    @property
    def body_ms(self) -> tuple[int, int]:
        """(start, end) of the part between the fades."""
        last_ms = self.timeline.duration_ms - self.fade_out_ms
        return min(FADE_IN_MS, last_ms), last_ms

    @cached_property
    def speech(self) -> tuple[Event, ...]:
        return tuple(event for event in self.timeline.events if event.kind == "speech")

    @cached_property
    def glide_db(self) -> tuple[int, ...]:
        """The voice's planned gain in each of `speech`, 0 to -3 dB."""
        if self.settings["glide"] != "on":
            return (0,) * len(self.speech)
        steps = glide_db(self.timeline)
        return tuple(steps[event.chapter, event.pose] for event in self.speech)

    def background_alone(self, hops: int) -> NDArray[np.bool_]:
        """(hops,): True where only the background sounds."""
        import numpy as np

        alone = np.ones(hops, bool)
        for event in self.timeline.events:
            if event.sounds:
                first = max(event.start_ms - QUIET_BEFORE_MS, 0) // HOP_MS
                alone[first : -(-(event.end_ms + QUIET_AFTER_MS) // HOP_MS)] = False
        return alone


def read_plan(plan_json: str, where: str) -> TrackPlan:
    """The plan inside a track. Raises InputError if this version doesn't know the plan's version or its background."""
    try:
        plan = json.loads(plan_json)
        if plan["version"] != PLAN_VERSION:
            raise InputError(
                f"its plan is of version {plan['version']}, and this sleepward reads version {PLAN_VERSION}",
                where=where,
                hint="update sleepward, or build the track again",
            )
        planned = TrackPlan(plan, timeline_of(plan))
        _ = (
            plan["routine"],
            planned.glide_db,
            float(planned.settings["loudness"]),
            float(planned.settings["background_level"]),
        )
        _check_texts(planned)
        _check_ends(planned)
        _ = planned.texture, planned.contours
        PARSERS["ear"](planned.ear)
    except SettingError as error:
        raise InputError(
            f"its plan can't be judged: {error.what}",
            where=where,
            hint="a newer sleepward may have it: update, or build the track again over another background",
        ) from error
    except PLAN_DAMAGES as error:
        raise InputError(
            f"the plan inside it can't be read: {error!r}", where=where, hint="build the track again"
        ) from error
    return planned


def _check_texts(planned: TrackPlan) -> None:
    timeline = planned.timeline
    titles = [planned.plan["title"], *(chapter.title for chapter in timeline.chapters)]
    if any(_CONTROL.search(text) for text in (*titles, *(event.text for event in timeline.events))):
        raise ValueError("a text in it has control characters")  # a terminal would obey them


def _check_ends(planned: TrackPlan) -> None:
    timeline = planned.timeline
    ends_ms = {timeline.events[-1].end_ms, timeline.chapters[-1].end_ms, planned.plan["duration_ms"]}
    if ends_ms != {timeline.duration_ms}:
        raise ValueError("its parts don't end together")
    last_ms = 0
    for event in timeline.events:
        least_ms = HOP_MS if event.kind == "speech" else 0  # less of it can't be measured
        is_inside = last_ms <= event.start_ms and event.end_ms <= timeline.duration_ms
        if not is_inside or event.end_ms < event.start_ms + least_ms:
            raise ValueError("an event in it lies outside of the track, or before the one before it")
        last_ms = event.start_ms
    if timeline.duration_ms > MAX_TRACK_MS:
        raise ValueError("it lasts more than a day")
