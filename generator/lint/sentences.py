"""Rules for one sentence by itself: its length, its beginning, its words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

MAX_WORDS = 20
MAX_CHARACTERS = 160
# Flesch, "A new readability yardstick", 1948: 60 to 70 is plain English, 70 to 80 fairly easy, 80 to 90 easy. A reader
# can go back, and a listener half asleep can't. The hardest of our own texts has 85; their average is 97.
MIN_READING_EASE = 80.0
MIN_WORDS = 30  # for a text to be judged: in fewer, one long word decides
HARD_SYLLABLES = 4
FAMILIAR = frozenset(
    {
        *("comfortable", "comfortably", "counterclockwise", "deliberate", "deliberately", "exhalation"),
        *("everything", "everywhere"),
    }
)

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
_SIDE_FIRST = re.compile(r"\W*(right|left)\b", re.IGNORECASE)
_NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty)"
_NEVER: Mapping[str, Sequence[str]] = {
    "time that is left keeps people awake: say what comes next, or nothing": (
        rf"(?:{_NUMBER}|a few|few|some) (?:more )?(?:minutes?|seconds?|breaths?) (?:left|more|longer|remain\w*|to go)",
        rf"{_NUMBER} more (?:minutes?|seconds?)",
        rf"(?!one\b){_NUMBER} more breaths?",
        r"time (?:is )?(?:left|remaining|up)",
        r"half ?way (?:there|through)",
        r"(?:almost|nearly) (?:there|done|over|finished)",
    ),
    "a number of breaths makes people count: say 'breathe at your own pace'": (
        rf"(?:for|take|stay|hold) (?:\w+ )?(?!one\b){_NUMBER} (?:\w+ )?breaths",
    ),
    "sleep and rest don't come on demand: say 'let sleep come if it comes'": (
        r"try(?:ing)? (?:to|and) (?:sleep|fall asleep|relax|rest|drift|doze)",
        r"go to sleep now",
        r"you (?:must|should|have to|need to) (?:sleep|relax|fall asleep)",
    ),
    "who hears of being awake wakes up: leave it out": (
        r"still awake",
        r"(?:are|if) you(?:['’]re| are)? awake",
        r"not (?:yet )?asleep",
        r"(?:can['’]t|cannot|can not) (?:sleep|fall)",
    ),
    "'deeper' asks for more: say 'as far as is easy', or let it be": (r"deeper(?! breath| exhale| inhale)",),
    "no pose does anything about toxins: say what is felt": (
        r"toxins?|toxic|detox\w*|purif(?:y|ies|ied|ying)|cleans(?:e|es|ed|ing)",
    ),
    "nobody should be told of stored trauma in the dark: 'feelings may come; let them pass' is enough": (
        r"trauma\w*",
        r"(?:stored|old|stuck|trapped) (?:emotions?|tensions?|stress|pain|feelings?)",
    ),
    "a pose promises no cure: say what is felt": (
        r"cur(?:e|es|ed|ing)|heal(?:s|ed|ing)?|remed(?:y|ies)|therap(?:y|ies|eutic)|fix(?:es|ed|ing)?",
    ),
    "praise means being looked at: leave it out": (
        r"well done",
        r"(?:good|great|nice|wonderful|amazing|fantastic) (?:job|work)",
        r"excellent|perfect|awesome|beautifully|bravo",
        r"you(?:['’]re| are) doing (?:so |very |really )?(?:well|great|fine)",
        r"proud of you",
        r"that['’]s (?:it|great|right|perfect|good)",
    ),
    "words for a screen make people open their eyes: say what is felt, or where it is": (
        r"watch(?:es|ing)?|look(?:ing)? (?:at|how|here)",
        r"as shown|shown (?:here|above|below)|as you (?:can )?see|see (?:how|here|below)",
        r"pictures?|pictured|images?|photos?|videos?|screens?",
        r"click(?:s|ing)?|scroll|swipe",
    ),
    "safety can't be promised: say 'you can stop at any time'": (r"you(?:['’]re| are) safe",),
}
_NEVER_SAY = {
    advice: re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE) for advice, patterns in _NEVER.items()
}
_BODY = (
    "head|face|forehead|brow|eyes?|eyelids?|jaw|tongue|throat|mouth|nose|chin|cheeks?|ears?|neck|shoulders?|arms?|elbows?|"
    "wrists?|hands?|palms?|fingers?|forearms?|chest|ribs?|heart|back|spine|belly|waist|hips?|pelvis|tail|tailbone|legs?|"
    "thighs?|knees?|shins?|calf|calves|ankles?|heels?|foot|feet|soles?|toes?|body|skin|breath"
)
_WHICH = r"(?:(?:right|left|lower|upper|inner|outer|low|whole|long|bent|straight) )"
# "the back of your neck", "the leg on top", "the hip that turns" and "the foot of the bed" are as people say them
_THE_BODY = re.compile(
    rf"\bthe {_WHICH}?({_BODY})\b(?! (?:of|on|that|which|end|below|above|across|underneath)\b|[’'-])", re.IGNORECASE
)
_STATE = (
    "flat|level|long|heavy|loose|soft|open|wide|down|up|apart|together|still|bent|low|high|straight|relaxed|crossed|closed|"
    "quiet|easy|free|resting|hanging|sinking|lying|facing|lifting|on|over|under|beside|behind|above|at|in|out|as"
)
_TRAILING = re.compile(
    rf", (?:the|your|both|all|its|one|each) {_WHICH}?(?:{_BODY}|weight) (?:{_STATE})\b[^,]*$", re.IGNORECASE
)
_VERBLESS = re.compile(
    r"\W*(?:feet|knees|hips|hands|arms|legs|eyes|palms|soles|shoulders|elbows|jaw|pillows?|covers|hip bones)\b"
    r"|\W*(?:back|down|up|over) (?:to|on|onto|into|again|sideways|aside)\b[^,]*$",
    re.IGNORECASE,
)
_PLAIN: Mapping[str, Sequence[str]] = {
    "people don't say it so: find plainer words": (
        r"complain(?:s|ed|ing)?",
        r"as far as is easy",
        r"has gone",
        r"putt?(?:ing)? out (?:the|each|every)",
        r"the end of this",
        r"let (?:the )?(?:quiet|silence|night) have you",
        r"something else begins",
        r"let no",
        r"this part is complete",
        r"welcome to",
        r"comes to its end",
    ),
    "an American voice says 'around'": (
        r"(?:way|turn|turns|turned|go|goes|come|comes) round",
        r"round (?:the|both|its)(?! back| spine)",
    ),
    "an inverted auxiliary sounds written: say 'if …', or 'you only have to …'": (
        r"need(?:n['’]t| only| not| know)",
        r"for I(?:['’]\w+)?",
        r"on we go|here begins|now comes",
    ),
}
_PLAIN_WORDS = {
    advice: re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE) for advice, patterns in _PLAIN.items()
}
_INVERTED = re.compile(r"\W*(?:should|were|had) (?:you|it|something|anything|there|the|your)\b", re.IGNORECASE)
_LIMBS = "hand|arm|elbow|shoulder|wrist|palm|knee|leg|foot|ankle|hip|thigh|shin|heel|calf"
_THAT_LIMB = re.compile(rf"\bthat ({_LIMBS})\b", re.IGNORECASE)
_SIDE_NAMED = re.compile(r"\b(right|left)\b", re.IGNORECASE)
_A_LIMB = re.compile(rf"\b(?:{_LIMBS}|toes|fingers)\b", re.IGNORECASE)
_THEM = re.compile(r"\b(?:them|they)\b", re.IGNORECASE)
_SEVERAL = re.compile(r"\b(?:\w+[^s\W]s|feet|calves|both|two|people|one \w+ and)\b", re.IGNORECASE)
_PLAIN_NOUN = re.compile(
    rf"\b(?:the|your|a|any|this|that) ({_LIMBS}|pillow|blanket|towel|chair|wall|mat|mattress|bed|floor|{_BODY})\b"
    "(?! of)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\W*(?:(?:the (?:\w+ of|space between)|all of) )?(?:your|you|all five|both)"
    r"(?: (?:whole|right|left|upper|lower|low|inner|outer|index|middle|ring|little))*"
    rf"(?: (?:{_BODY}|thumb|collarbones?|eyebrows?|lips|navel|shoulder blades?))?\W*",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\?[\"'”’)]*$")


@lru_cache(maxsize=16_384)  # a check sees the same sentence in many scripts
def broken_rules(sentence: str) -> tuple[tuple[str, str], ...]:
    """The rules that a sentence breaks by itself, as pairs of rule and message."""
    return tuple(_broken_rules(sentence))


def _broken_rules(sentence: str) -> Iterator[tuple[str, str]]:
    found = words(sentence)
    if len(found) > MAX_WORDS:
        yield "long-sentence", f"{len(found)} words in one sentence, and {MAX_WORDS} are the most: make two of it"
    elif len(sentence) > MAX_CHARACTERS:
        what = f"{len(sentence)} characters in one sentence, and {MAX_CHARACTERS} are the most"
        yield "long-sentence", f"{what}: make two of it"
    if side := _SIDE_FIRST.match(sentence):
        what = f"a sentence that begins with '{side[1].lower()}' comes out of the silence unheard"
        yield "side-first", f"{what}: begin like 'Now the {side[1].lower()} …'"
    for advice, pattern in _NEVER_SAY.items():
        if said := pattern.search(sentence):
            yield "never-say", f"'{said[0]}': {advice}"
    yield from _unplain(sentence)
    if _QUESTION.search(sentence):
        yield "never-say", "a question wants an answer, and wakes: say it as a statement"
    for word in found:
        if syllables(word) >= HARD_SYLLABLES and word.lower() not in FAMILIAR:
            what = f"'{word}' has {HARD_SYLLABLES} syllables or more, hard to follow half asleep"
            yield "reading-ease", f"{what}: find a plainer word"


def _unplain(sentence: str) -> Iterator[tuple[str, str]]:
    """What a person who speaks to a person would say otherwise."""
    if part := _THE_BODY.search(sentence):
        yield "your-body", f"'{part[0]}' is the listener's own: say 'your {part[0][4:]}'"
    if ";" in sentence:
        yield "plain-words", "a semicolon can't be heard: make two sentences, or join them with a word"
    if said := _INVERTED.match(sentence):
        yield "plain-words", f"'{said[0].strip()}' is an inverted auxiliary: say 'if …'"
    for advice, pattern in _PLAIN_WORDS.items():
        if said := pattern.search(sentence):
            yield "plain-words", f"'{said[0]}': {advice}"
    nouns = Counter(noun.lower() for noun in _PLAIN_NOUN.findall(sentence))
    del nouns["breath"]  # yours and mine may differ
    if doubled := next((noun for noun, times in nouns.items() if times > 1), None):
        yield "plain-words", f"'{doubled}' comes twice in one sentence: say 'it', or make two sentences"
    for limb in _THAT_LIMB.finditer(sentence):
        before = sentence[: limb.start()]
        sides = {side.lower() for side in _SIDE_NAMED.findall(before)}
        if len(sides) > 1 or not _A_LIMB.search(before):
            yield "pronoun-without-noun", f"'{limb[0]}' isn't clear in this sentence alone: name its side"
            break
    if (they := _THEM.search(sentence)) and not _SEVERAL.search(sentence[: they.start()]):
        yield "pronoun-without-noun", f"'{they[0]}' has nothing to stand for in this sentence: name it"


def fragment(sentence: str) -> str | None:
    """What is wrong with a sentence that isn't whole; None if it is.

    Words that pace a breath ("Shoulders up.") are no sentences, and aren't to be judged.
    """
    if _VERBLESS.match(sentence):
        return "no verb tells what to do: write a whole sentence, like 'Bring your feet together.'"
    if hung := _TRAILING.search(sentence):
        return f"'{hung[0][2:].rstrip('.')}' is hung on without a verb: say it with 'and', 'with' or a verb of its own"
    return None


def is_named_part(sentence: str) -> bool:
    """Whether a sentence is nothing but the name of a part of the body.

    >>> [is_named_part(sentence) for sentence in ("Your right thumb.", "The sole of your foot.", "Rest your foot.")]
    [True, True, False]
    """
    return _NAMED.fullmatch(sentence) is not None


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def reading_ease(sentences: Sequence[str]) -> float | None:
    """Flesch reading ease of `sentences`: about 0 to 120, higher is easier; None for too few words."""
    said = [word for sentence in sentences for word in words(sentence)]
    if len(said) < MIN_WORDS:
        return None
    return 206.835 - 1.015 * len(said) / len(sentences) - 84.6 * sum(map(syllables, said)) / len(said)


@lru_cache(maxsize=4_096)
def syllables(word: str) -> int:
    """About how many syllables an English word has: its groups of vowels, without mute endings.

    >>> [syllables(word) for word in ("knee", "ankle", "softened", "shoulders", "comfortable")]
    [1, 2, 2, 2, 4]
    """
    word = re.sub(r"['’].*", "", word.lower())
    number = len(_VOWELS.findall(word))
    if (
        re.search(r"[^aeiouylr]e$|[^aeiouy][aeiouy]+[lr]e$", word)
        or re.search(r"[^aeiouytd]ed$", word)
        or (re.search(r"[^aeiouysxz]es$", word) and not re.search(r"(?:ch|sh|[cg]|[^aeiouy]l)es$", word))
    ):
        number -= 1
    return max(number, 1)
