"""The words that `avoid` takes: positions, what a pose asks of the body, and what people say hurts.

A word leaves out more rather than less: whoever names it lies in the dark, and nobody sees them. It is the care that a
teacher takes, and no medical advice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ..model import POSITIONS, Pose

LOADS: Mapping[str, str] = {
    "deep-flexion": "a thigh comes close to the belly",
    "knee-flexion": "a knee is bent as far as it goes, pulled in or sat upon",
    "kneeling-weight": "a knee carries weight",
    "ankle-flexion": "the top of a foot is pressed flat",
    "hip-opening": "a hip is turned out, or the legs are apart, as far as they go",
    "internal-rotation": "a hip is turned in",
    "twists": "the spine is turned",
    "backbend": "the spine is arched",
    "neck-range": "the head is turned, tilted or nodded",
    "shoulder-range": "an arm is opened, crossed or raised far",
    "wrist-weight": "a hand carries weight, with its wrist bent",
    "arm-weight": "hands or forearms carry weight",
    "belly-pressure": "something presses on the belly",
    "head-low": "the head is lower than the heart",
    "inversion": "the legs are higher than the heart",
    "balance": "one can fall",
}
"""What a pose can ask of the body, as its `involves` says; the position says the rest."""

POSITION_ASKS: Mapping[str, tuple[str, ...]] = {
    "all-fours": ("kneeling", "kneeling-weight", "wrist-weight", "arm-weight"),
    "kneeling": ("kneeling-weight",),
    "prone": ("belly-pressure",),
    "standing": ("balance",),
    "edge": ("balance",),
    "legs-raised": ("inversion",),
}
LOAD_ASKS: Mapping[str, tuple[str, ...]] = {"wrist-weight": ("arm-weight",)}


@dataclass(frozen=True, slots=True)
class BodyWord:
    """What people say hurts, or what they have: other names for it, and the positions and loads that it avoids."""

    aliases: tuple[str, ...] = ()
    avoids: tuple[str, ...] = ()


_HEAD_DOWN = ("head-low", "inversion")
_FALLING = ("balance", "standing", "edge")
WORDS: Mapping[str, BodyWord] = {
    "knees": BodyWord(("knee", "knee-pain", "kneecaps", "meniscus"), ("knee-flexion", "kneeling-weight")),
    "hips": BodyWord(("hip", "hip-pain", "groin"), ("deep-flexion", "hip-opening", "internal-rotation")),
    "hip-replacement": BodyWord(("new-hip", "hip-surgery"), ("deep-flexion", "internal-rotation", "twists")),
    "lower-back": BodyWord(("back", "low-back", "back-pain", "lumbar", "spine", "disc", "sciatica"), ("backbend",)),
    "sacroiliac": BodyWord(("si-joint", "pelvis", "pelvic-pain")),
    "neck": BodyWord(
        ("stiff-neck", "neck-pain", "whiplash", "neck-surgery", "rheumatoid-neck"),
        ("neck-range", "prone"),  # on the belly the head lies turned
    ),
    "shoulders": BodyWord(("shoulder", "frozen-shoulder", "rotator-cuff"), ("arm-weight", "shoulder-range")),
    "elbows": BodyWord(("elbow", "tennis-elbow"), ("arm-weight",)),
    "wrists": BodyWord(("wrist", "hands", "hand", "carpal-tunnel"), ("wrist-weight",)),
    "ankles": BodyWord(("ankle", "feet", "foot"), ("ankle-flexion",)),
    "pregnancy": BodyWord(("pregnant", "late-pregnancy"), ("prone", "inversion")),
    "osteoporosis": BodyWord(("osteopenia", "brittle-bones"), ("twists",)),
    "reflux": BodyWord(("heartburn", "acid-reflux", "gerd", "hiatal-hernia"), (*_HEAD_DOWN, "belly-pressure")),
    "glaucoma": BodyWord(("eyes", "eye-pressure", "eye-surgery", "retina"), (*_HEAD_DOWN, "prone")),
    "blood-pressure": BodyWord(
        ("high-blood-pressure", "uncontrolled-blood-pressure", "hypertension", "heart-failure", "heart"), _HEAD_DOWN
    ),
    "dizziness": BodyWord(("dizzy", "light-headed", "faint", "low-blood-pressure"), (*_FALLING, *_HEAD_DOWN)),
    "vertigo": BodyWord(("bppv",), (*_FALLING, *_HEAD_DOWN, "neck-range")),
    "sedatives": BodyWord(("sleeping-pills", "alcohol", "wine"), _FALLING),
}
"""What people say. A pose names in `leave_out_for` what its position and loads don't tell already."""

PLAIN_NAMES: Mapping[str, str] = {
    "on-the-back": "supine",
    "flat-on-the-back": "supine",
    "on-the-belly": "prone",
    "on-the-side": "side",
    "sitting": "seated",
    "hands-and-knees": "all-fours",
    "falls": "balance",
    "weight-on-wrists": "wrist-weight",
    "head-down": "head-low",
    "legs-up": "inversion",
    "twist": "twists",
    "rotation": "twists",
}
"""Other names of positions and loads."""

CONDITIONS = (
    *WORDS, "back", "late-pregnancy", "whiplash", "neck-surgery", "rheumatoid-neck", "eye-surgery",
    "uncontrolled-blood-pressure", "heart-failure", "alcohol",
)  # fmt: skip
"""What `leave_out_for` may name, besides words of the writer's own."""

_OF_ALIAS = {alias: word for word, entry in WORDS.items() for alias in entry.aliases} | dict(PLAIN_NAMES)


def canonical(word: str) -> str:
    """The word that `word` is an alias of, or itself."""
    return _OF_ALIAS.get(word, word)


def is_about(word: str, name: str) -> bool:
    """Whether `word`, as typed, is `name` or another word for it."""
    return canonical(word) == name


def pose_asks(pose: Pose) -> set[str]:
    """The positions and loads of `pose`, and the conditions that it names."""
    asks = {pose.position, pose.ends, *pose.involves, *pose.leave_out_for}
    asks |= {load for position in (pose.position, pose.ends) for load in POSITION_ASKS.get(position, ())}
    return asks | {load for each in pose.involves for load in LOAD_ASKS.get(each, ())}


def avoided_in(pose: Pose, avoid: Iterable[str]) -> list[str]:
    """Which words of `avoid`, as typed, speak against `pose` as it is."""
    asks = pose_asks(pose)
    return [word for word in avoid if _covers(word) & asks]


def avoidable_words(poses: Iterable[Pose]) -> list[str]:
    """Every word that `avoid` takes if `poses` are all the poses, aliases included; the likeliest to be meant first."""
    own = sorted({word for pose in poses for word in pose.leave_out_for})
    return list(dict.fromkeys((*WORDS, *POSITIONS, *LOADS, *own, *_OF_ALIAS)))


def words_in_short(known: Collection[str]) -> str:
    """The words worth naming in an error: what people say, and where they don't want to be."""
    return ", ".join(word for word in (*WORDS, *POSITIONS, "twists", "backbend") if word in known)


def _covers(word: str) -> set[str]:
    name = canonical(word)
    entry = WORDS.get(name, BodyWord())
    return {name, word, *entry.aliases, *entry.avoids}
