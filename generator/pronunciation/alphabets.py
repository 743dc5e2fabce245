"""The phoneme alphabets of the engines, and the way from one to the other. Pure."""

from __future__ import annotations

import re

# The phonemes that all of espeak-ng's English voices know, by its names for them, the longest first, as it reads them.
# It drops an unknown name silently.
ESPEAK_VOWEL = re.compile("3:|A:|O:|i:|u:|aI|aU|eI|OI|oU|A@|O@|U@|e@|i@|o@|@2|@L|I#|I2|a#|aa|[03@EIUVai]")
ESPEAK_PHONEME = re.compile(rf"{ESPEAK_VOWEL.pattern}|dZ|tS|n-|r-|t#|[DNSTZbdfghjklmnprstvwz',% ]")

# misaki's, as the neural voices know them: American English of https://github.com/hexgrad/misaki (EN_PHONES.md).
MISAKI_VOWELS = "AIOWYQaiuæɑɐəɛɜɪɔʊʌᵊᵻ"
MISAKI = frozenset(MISAKI_VOWELS + "bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθT" + "ˈˌ ")

_TO_MISAKI = {
    "3:": "ɜɹ", "A:": "ɑ", "O:": "ɔ", "i:": "i", "u:": "u", "aI": "I", "aU": "W", "eI": "A", "OI": "Y", "oU": "O",
    "A@": "ɑɹ", "O@": "ɔɹ", "U@": "ʊɹ", "e@": "ɛɹ", "i@": "iə", "o@": "ɔɹ", "@2": "ə", "@L": "ᵊl", "I#": "ᵻ",
    "I2": "ɪ", "a#": "ɐ", "aa": "æ", "0": "ɑ", "3": "əɹ", "@": "ə", "E": "ɛ", "I": "ɪ", "U": "ʊ", "V": "ʌ", "a": "æ",
    "i": "i", "dZ": "ʤ", "tS": "ʧ", "n-": "n", "r-": "ɹ", "t#": "T", "D": "ð", "N": "ŋ", "S": "ʃ", "T": "θ", "Z": "ʒ",
    "g": "ɡ", "r": "ɹ", "'": "ˈ", ",": "ˌ", "%": "",
}  # fmt: skip

_EAR = re.compile("(?<=')i@3?|i@3")  # as in "ear"; without a stress, i@ is two vowels, as in "cranium"

_LETTERS = {
    "a": "'eI", "b": "b'i:", "c": "s'i:", "d": "d'i:", "e": "'i:", "f": "'Ef", "g": "dZ'i:", "h": "'eItS", "i": "'aI",
    "j": "dZ'eI", "k": "k'eI", "l": "'El", "m": "'Em", "n": "'En", "o": "'oU", "p": "p'i:", "q": "kj'u:", "r": "'A@",
    "s": "'Es", "t": "t'i:", "u": "j'u:", "v": "v'i:", "w": "d'Vb@Lj,u:", "x": "'Eks", "y": "w'aI", "z": "z'i:",
}  # fmt: skip


def to_misaki(espeak: str) -> str:
    """espeak-ng's phonemes in misaki's letters: "s'oU@s" as "sˈOəs"."""
    codes = ESPEAK_PHONEME.findall(_EAR.sub("Ir", espeak))
    said = "".join(_TO_MISAKI.get(code, code) for code in codes)
    return said.replace("ɹɹ", "ɹ")  # "3" before "r": one r is heard


def letter_names(letters: str) -> str:
    """espeak-ng's phonemes for letters said one by one, the last with the stress."""
    names = [_LETTERS[letter] for letter in letters.lower()]
    return " ".join([*(name.replace(",", "").replace("'", ",") for name in names[:-1]), names[-1]])
