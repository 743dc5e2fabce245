"""How words are said: the sounds that espeak-ng makes of the built-in lexicon, and what people write in their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import DefinitionError
from generator.pronunciation.lexicon import (
    Lexicon,
    Pronunciation,
    is_english,
    merged_lexicon,
    normalized,
    parse_lexicon,
)
from generator.voices import open_voice
from generator.workspace import Workspace
from generator.workspace.lexicon_files import load_lexicon

from .conftest import Command

espeak_only = pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="espeak-ng is the engine on Linux")
pytestmark = pytest.mark.usefixtures("home")

# Each built-in entry, and how the light voice says it (IPA, as espeak-ng writes it).
SOUNDS = """\
close the = klˈoʊz ðə
close your = klˈoʊz jʊɹ
close my = klˈoʊz mˈaɪ
close them = klˈoʊz ðˌɛm
close both = klˈoʊz bˈoʊθ
close one = klˈoʊz wˌʌn
eyes close = ˈaɪz klˈoʊz
lids close = lˈɪdz klˈoʊz
eyelids close = ˈaɪlɪdz klˈoʊz
use a = jˈuːz ˈeɪ
use an = jˈuːz æn
use the = jˈuːz ðə
use your = jˈuːz jʊɹ
use one = jˈuːz wˌʌn
use two = jˈuːz tˈuː
use both = jˈuːz bˈoʊθ
use as = jˈuːz æz
use only = jˈuːz ˈoʊnli
use more = jˈuːz mˈɔːɹ
use less = jˈuːz lˈɛs
use whatever = jˈuːz wʌtˈɛvɚ
use it = jˈuːz ɪt
use them = jˈuːz ðˌɛm
live with = lˈɪv wɪð
wind down = wˈaɪnd dˈaʊn
wind the = wˈaɪnd ðə
wound around = wˈaʊnd ɚɹˈaʊnd
wound round = wˈaʊnd ɹˈaʊnd
bow the = bˈaʊ ðə
bow your = bˈaʊ jʊɹ
bow forward = bˈaʊ fˈɔːɹwɚd
bow over = bˈaʊ ˈoʊvɚ
bow low = bˈaʊ lˈoʊ
minute movement = maɪ nˈuːt mˈuːvmənt
minute movements = maɪ nˈuːt mˈuːvmənts
separate the = sˈɛpɚɹˌeɪt ðə
separate your = sˈɛpɚɹˌeɪt jʊɹ
separate them = sˈɛpɚɹˌeɪt ðˌɛm
on alternate = ɑːn ˈɔːltɚnət
alternate = ˈɔːltɚnˌeɪt
contract the = kəntɹˈækt ðə
contract your = kəntɹˈækt jʊɹ
contract and = kəntɹˈækt ænd
muscles contract = mˈʌsəlz kəntɹˈækt
increase the = ɪŋkɹˈiːs ðə
feel content = fˈiːl kəntˈɛnt
rest content = ɹˈɛst kəntˈɛnt
content to = kəntˈɛnt tə
content with = kəntˈɛnt wɪð
hero = hˈɪɹoʊ
90-90 = nˈaɪnti nˈaɪnti
4-7-8 = fˈɔːɹ sˈɛvən ˈeɪt
1 mm = wˈʌn mˈɪlɪmˌiːɾɚ
mm = mˈɪlɪmˌiːɾɚz
1 cm = wˈʌn sˈɛntɪmˌiːɾɚ
cm = sˈɛntɪmˌiːɾɚz
1 kg = wˈʌn kˈɪləɡɹˌæm
kg = kˈɪləɡɹˌæmz
psoas = sˈoʊəs
iliopsoas = ˌɪliːoʊsˈoʊəs
quadratus = kwɑːdɹˈeɪɾəs
quadriceps = kwˈɑːdɹɪsˌɛps
latissimus = lətˈɪsɪməs
multifidus = mʌltˈɪfɪdəs
sternocleidomastoid = stˌɜːnoʊklˌaɪdoʊmˈæstɔɪd
masseter = məsˈiːɾɚ
obturator = ˈɑːbtɚɹˌeɪɾɚ
trochanter = tɹoʊkˈæntɚ
labrum = lˈeɪbɹəm
patella = pətˈɛlə
coccyx = kˈɑːksɪks
sacroiliac = sˌækɹoʊˈɪliˌæk
SI joint = ˈɛs aɪ dʒˈɔɪnt
xiphoid = zˈaɪfɔɪd
fascia = fˈæʃə
fascial = fˈæʃəl
occipital = ɑːksˈɪpɪɾəl
suboccipital = sˌʌbɑːksˈɪpɪɾəl
suboccipitals = sˌʌbɑːksˈɪpɪɾəlz
vagus = vˈeɪɡəs
sciatic = saɪˈæɾɪk
calcaneus = kælkˈeɪniəs
popliteal = pˌɑːplɪtˈiːəl
peroneal = pˌɛɹənˈiːəl
pharynx = fˈæɹɪŋks
interoception = ˌɪntɚɹoʊsˈɛpʃən
asana = ˈɑːsənə
asanas = ˈɑːsənəz
savasana = ʃəvˈɑːsənə
shavasana = ʃəvˈɑːsənə
supta = sˈʊptə
baddha = bˈʌdə
konasana = koʊnˈɑːsənə
upavistha = ˌʊpəvˈiːʃtə
balasana = bəlˈɑːsənə
ananda = ɑːnˈʌndə
marjaryasana = mˌɑːɹdʒɑːɹjˈɑːsənə
bitilasana = bˌɪɾɪlˈɑːsənə
marjaryasana-bitilasana = mˌɑːɹdʒɑːɹjˈɑːsənə bˌɪɾɪlˈɑːsənə
eka = ˈeɪkə
rajakapotasana = ɹˌɑːdʒəkəpoʊtˈɑːsənə
kapotasana = kəpoʊtˈɑːsənə
utthan = ʊtˈɑːn
utthana = ʊtˈɑːnə
pristhasana = pɹɪʃtˈɑːsənə
virasana = vɪɹˈɑːsənə
sukhasana = sʊkˈɑːsənə
siddhasana = sɪdˈɑːsənə
padmasana = pʌdmˈɑːsənə
tadasana = tɑːdˈɑːsənə
uttanasana = ˌʊtənˈɑːsənə
paschimottanasana = pˌʌʃɪmoʊtənˈɑːsənə
sirsasana = ʃɪrʃˈɑːsənə
malasana = məlˈɑːsənə
gomukhasana = ɡˌoʊmʊkˈɑːsənə
setu = sˈeɪɾuː
bandha = bˈʌndə
bandhasana = bʌndˈɑːsənə
apanasana = ˌʌpənˈɑːsənə
jathara = dʒˈʌɾɚɹə
parivartanasana = pˌʌɹɪvˌɑːɹtənˈɑːsənə
matsyendrasana = mˌʌtsiɛndɹˈɑːsənə
padangusthasana = pˌɑːdʌŋɡʊʃtˈɑːsənə
sucirandhrasana = sˌuːtʃɪɹʌndɹˈɑːsənə
vajrasana = vʌdʒɹˈɑːsənə
bhujangasana = bˌʊdʒʌŋɡˈɑːsənə
makarasana = mˌʌkɚɹˈɑːsənə
adho = ˈʌdoʊ
mukha = mˈʊkə
svanasana = ʃvɑːnˈɑːsənə
anjaneyasana = ˌʌndʒəneɪjˈɑːsənə
namaste = nˈɑːməstˌeɪ
namaskar = nˌʌməskˈɑːɹ
om = ˈoʊm
nidra = nˈiːdɹə
mudra = mˈuːdɹə
pranayama = pɹˌɑːnəjˈɑːmə
ujjayi = ʊdʒˈaɪi
nadi = nˈɑːdi
shodhana = ʃˈoʊdənə
bhramari = bɹˈɑːmɚɹi
hatha = hˈʌɾə
Iyengar = aɪjˈɛŋɡɑːɹ
yogic = jˈoʊɡɪk
sangha = sˈʌŋɡə
samadhi = səmˈɑːdi
sankalpa = səŋkˈʌlpə
mula = mˈuːlə
kundalini = kˌʊndəlˈiːni
ayurveda = ˌaɪɚvˈeɪdə
ayurvedic = ˌaɪɚvˈeɪdɪk
shanti = ʃˈɑːnti
zazen = zˈɑːzˌɛn
qigong = tʃiːɡˈʌŋ
qi = tʃˈiː
chi = tʃˈiː
pilates = pɪlˈɑːɾiːz
zabuton = zˈɑːbuːtˌɑːn
hygge = hˈuːɡə
shiatsu = ʃiːˈɑːtsuː
"""

# Whole sentences: what must be heard in each.
SENTENCES = {
    "Let your eyes close.": "ˈaɪz klˈoʊz",
    "Close your eyes, and wind down.": "klˈoʊz jʊɹ ˈaɪz ænd wˈaɪnd dˈaʊn",
    "Use a pillow, or use both.": "jˈuːz ɐ pˈɪloʊ ɔːɹ jˈuːz bˈoʊθ",
    "Live with it tonight.": "lˈɪv wɪð ɪt",
    "Practise Supta Baddha Konasana.": "sˈʊptə bˈʌdə koʊnˈɑːsənə",
    "This is Eka Pada Rajakapotasana, low pigeon.": "ˈeɪkə pˈɑːdɚ ɹˌɑːdʒəkəpoʊtˈɑːsənə",
    "Utthan Pristhasana, or Lizard.": "ʊtˈɑːn pɹɪʃtˈɑːsənə",
    "Legs on a Chair, 90-90.": "nˈaɪnti nˈaɪnti",
    "Slide it up 10 cm, then 1 cm more.": "tˈɛn sˈɛntɪmˌiːɾɚz ðˈɛn wˈʌn sˈɛntɪmˌiːɾɚ",
    "Savasana. Namaste.": "ʃəvˈɑːsənə nˈɑːməstˌeɪ",
}

# What espeak-ng says rightly by itself, or what only looks like an entry.
LEFT_ALONE = {
    "Keep the knees close together.": "klˈoʊs təɡˈɛðɚ",
    "Stay close, your hand on the wall.": "klˈoʊs jʊɹ hˈænd",
    "You can close it.": "klˈoʊz",
    "The use of a pillow.": "jˈuːs",
    "Time to wind it in, out of the wind.": "wˈaɪnd ɪɾ ˈɪn ˌaʊɾəv ðə wˈɪnd",
    "You have read it, or you read it now.": "hæv ɹˈɛd ɪt ɔːɹ juː ɹˈiːd ɪt",
    "The piriformis, the sacrum, the trapezius.": "pˈɪɹɪfˌɔːɹmɪs ðə sˈeɪkɹəm ðə tɹəpˈiːzɪəs",
    "A separate pillow for a minute.": "sˈɛpɹət pˈɪloʊ fɚɹə mˈɪnɪt",
}

_PHONEMES = """
import ctypes, json, os, sys
from pathlib import Path
from generator.voices import _pyttsx3_server as server
texts = json.loads(sys.stdin.read())
server._load_driver("espeak", None)
server._set_data_path(Path.cwd())
from pyttsx3.drivers import _espeak
espeak, libc = ctypes.CDLL("libespeak-ng.so.1"), ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.fflush.argtypes = [ctypes.c_void_p]
espeak.espeak_SetPhonemeTrace.argtypes = [ctypes.c_int, ctypes.c_void_p]
_espeak.Initialize(_espeak.AUDIO_OUTPUT_RETRIEVAL, 1000)
assert _espeak.SetVoiceByName(b"gmw/en-US+klatt4") == 0
_espeak.SetParameter(_espeak.RATE, 450, 0)
_espeak.SetSynthCallback(lambda *_: 0)
trace = libc.fopen(b"trace", b"w")
espeak.espeak_SetPhonemeTrace(2, trace)
said, done = [], 0
for text in texts:
    _espeak.Synth(text.encode(), flags=_espeak.ENDPAUSE | _espeak.CHARS_UTF8)  # as pyttsx3's driver calls it
    _espeak.Synchronize()
    libc.fflush(trace)
    heard = open("trace", "rb").read()
    said.append(" ".join(heard[done:].decode().split()))
    done = len(heard)
print(json.dumps(said), flush=True)
os._exit(0)  # espeak asserts when Python ends in order
"""


def phonemes(texts: list[str]) -> list[str]:
    """What espeak-ng says for texts that it is given, as IPA, through the library and the flags of our server."""
    done = subprocess.run(
        [sys.executable, "-c", _PHONEMES], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    said: list[str] = json.loads(done.stdout)
    return said


@pytest.fixture
def built_in() -> Lexicon:
    return load_lexicon("en-us", Workspace.here())


# --- the built-in entries ------------------------------------------------------------------------------


@espeak_only
def test_every_built_in_entry_is_said_rightly_and_would_not_be_without_it(built_in: Lexicon) -> None:
    wanted = {word: sound for word, _, sound in (line.partition(" = ") for line in SOUNDS.splitlines())}
    assert {normalized(word) for word in wanted} == set(built_in.entries)

    with_it = phonemes([built_in.apply(f"{word}.", "espeak") for word in wanted])
    assert dict(zip(wanted, with_it, strict=True)) == wanted
    at_the_start = phonemes([built_in.apply(f"{word[0].upper()}{word[1:]}.", "espeak") for word in wanted])
    assert at_the_start == with_it
    alone = phonemes([f"{word}." for word in wanted])
    assert [word for word, sound in zip(wanted, alone, strict=True) if sound == wanted[word]] == []


@espeak_only
@pytest.mark.parametrize("table", [SENTENCES, LEFT_ALONE], ids=["mended", "left alone"])
def test_whole_sentences_are_said_rightly(built_in: Lexicon, table: dict[str, str]) -> None:
    said = phonemes([built_in.apply(text, "espeak") for text in table])
    assert {text: heard for (text, wanted), heard in zip(table.items(), said, strict=True) if wanted not in heard} == {}


def test_what_is_said_rightly_anyway_is_given_as_it_is_written(built_in: Lexicon) -> None:
    assert [text for text in LEFT_ALONE if built_in.apply(text, "espeak") != text] == []


def test_other_engines_get_letters_alone(built_in: Lexicon) -> None:
    given = [built_in.apply(key, None) for key in built_in.entries]
    assert [text for text in given if not text.isascii() or "[" in text] == []
    assert built_in.apply("Rest in savasana.") == "Rest in shuh-vah-suh-nuh."


@espeak_only
def test_the_voice_takes_phonemes_for_phonemes() -> None:
    voice = open_voice("en-us+klatt4")
    assert voice.phonemes == "espeak"
    spoken_texts = ["Now see it.", "Now [[s'i:]] it.", "Now [ [s'i:] ] it."]
    spoken = dict(voice.speak(spoken_texts, 2))
    word, codes, brackets = (spoken[text].samples for text in spoken_texts)
    assert np.array_equal(word, codes)
    assert len(brackets) > len(word)  # brackets of a text are no phonemes


@espeak_only
def test_only_english_voices_get_english_phonemes() -> None:
    german = open_voice("de+klatt4")
    assert (german.language, german.phonemes) == ("de", None)
    assert open_voice("en-gb").phonemes == "espeak"


def test_the_built_in_entries_are_for_english_voices(tmp_path: Path) -> None:
    (tmp_path / "lexicon.yaml").write_text("Ruhe: Ruuhe\n")
    assert load_lexicon("de", Workspace.here()).apply("Ruhe, 5 cm, savasana", None) == "Ruuhe, 5 cm, savasana"
    assert load_lexicon("en-gb", Workspace.here()).apply("Ruhe, 5 cm", None) == "Ruuhe, 5 centimeters"


@pytest.mark.parametrize(("language", "english"), [("en", True), ("EN_us", True), ("", True), ("eo", False)])
def test_which_languages_are_english(language: str, english: bool) -> None:
    assert is_english(language) is english


# --- how entries are applied -----------------------------------------------------------------------------

LEXICON = Lexicon(
    {
        "psoas": Pronunciation("so us", "s'oU@s"),
        "close your": Pronunciation("cloze your"),
        "close your eyes": Pronunciation("cloze your ize"),
        "it's": Pronunciation("its"),
        "don": Pronunciation("dawn"),
        "90-90": Pronunciation("ninety ninety"),
        "only": Pronunciation("", "'oUnli"),
    }
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The psoas rests.", "The so us rests."),
        ("Psoas, PSOAS", "So us, So us"),
        ("iliopsoas, psoass, psoas2, psoas_", "iliopsoas, psoass, psoas2, psoas_"),
        ("psoas's and the psoas’s", "psoas's and the psoas’s"),
        ("'psoas' and “psoas”; psoas-like", "'so us' and “so us”; so us-like"),
        ("Don't; Don does", "Don't; Dawn does"),
        ("Close your eyes.", "Cloze your ize."),
        ("close \n your hand", "cloze your hand"),
        ("close, your hand", "close, your hand"),
        ("It’s warm, it's warm", "Its warm, its warm"),
        ("90-90, 190-90", "ninety ninety, 190-90"),
        ("only for espeak", "only for espeak"),
    ],
)
def test_whole_words_in_any_case_longest_first(text: str, said: str) -> None:
    assert LEXICON.apply(text) == said


def test_phonemes_go_to_the_engine_that_has_them() -> None:
    assert LEXICON.apply("Only the psoas.", "espeak") == "[['oUnli]] the [[s'oU@s]]."
    assert LEXICON.apply("Close your hand", "espeak") == "Cloze your hand"


@given(st.text())
def test_brackets_of_a_text_never_become_phonemes(text: str) -> None:
    assert "[[" not in Lexicon({"psoas": Pronunciation("so us")}).apply(text, "espeak")
    assert Lexicon().apply(text) == text


@given(st.lists(st.sampled_from(["the", "hips", "closer", "doing", "eyes"])).map(" ".join))
def test_texts_without_an_entry_are_given_as_they_are(text: str) -> None:
    assert LEXICON.apply(text, "espeak") == text


# --- what people write -------------------------------------------------------------------------------------


def test_a_later_file_wins_by_entry() -> None:
    first = 'psoas: {say: so us, espeak: "s\'oU@s"}\nom: ohm'
    lexicon = merged_lexicon(((first, "a.yaml"), ("PSOAS: soaz  # mine", "b.yaml"), ("# nothing yet\n", "c.yaml")))
    assert lexicon.apply("psoas, om", "espeak") == "soaz, ohm"


FAULTY = {
    "a: [b]": "1:4: a list",
    "psoas:": "1:7: this can't be spoken",
    "psoas: '...'": "1:8: this can't be spoken",
    "om: ohm\npsoas: {}": "2:8: nothing is said for this",
    "psoas: {sya: so us}": "1:9: there is no 'sya' here: an entry may have say and espeak",
    "psoas: {say: [so]}": "1:14: say is a text",
    "psoas: so us\nPsoas: soaz": "2:1: 'psoas' stands here and on line 1",
    "psoas: so us\npsoas: soaz": "2:1: 'psoas' stands twice",
    "'!': so us": "1:1: a word or phrase begins and ends with a letter",
    "psoas: '[[so]]'": "1:8: brackets can't be spoken",
    "psoas: {espeak: sAs}": "1:17: espeak-ng's English has no phoneme 'A'",
    "psoas: {espeak: ss}": "1:17: there is no vowel",
    "- psoas": "1:1: the lexicon holds a list",
    f"psoas: {'so ' * 70}": "1:8: this has 209 characters",
    "\n".join(f"w{n}: x" for n in range(2_001)): "1:1: there are 2001 entries",
}


@pytest.mark.parametrize(("text", "fault"), FAULTY.items(), ids=range(len(FAULTY)))
def test_faults_name_their_place_and_what_to_do(text: str, fault: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_lexicon(text, "lexicon.yaml")
    assert f"lexicon.yaml:{fault}" in str(caught.value)


def test_all_faults_come_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_lexicon("psoas:\nom: {espeak: A}\nqi: chee\n", "lexicon.yaml")
    assert [fault.line for fault in caught.value.faults] == [1, 2]


def test_an_empty_lexicon_changes_nothing() -> None:
    assert parse_lexicon("", "x").entries == parse_lexicon("\n# to do: psoas\n", "x").entries == {}


# --- as a user meets it ----------------------------------------------------------------------------------------

SPEAKS_IT = "Let the psoas rest. [1s]\nStill and warm. [1s]\n[sleep]\n"
SPEAKS_IT_NOT = "Still and warm. [1s]\nRest. [1s]\n[sleep]\n"
BUILD = (
    "build",
    "it.txt",
    "not.txt",
    "--voice",
    "tone",
    "--format",
    "wav",
    "--cover",
    "none",
    "--background",
    "none",
    "--tail",
    "10s",
    "-o",
    "out/",
)


def _clips(folder: Path) -> int:
    return sum(path.is_file() for path in (folder / "clips").rglob("*"))


def test_another_entry_makes_only_those_tracks_anew_that_speak_the_word(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "it.txt").write_text(SPEAKS_IT)
    (tmp_path / "not.txt").write_text(SPEAKS_IT_NOT)
    env = {"SLEEPWARD_CACHE_DIR": str(tmp_path / "cache")}

    def fresh() -> list[bool]:
        lines = sleepward(*BUILD, "--json", env=env).stdout.splitlines()
        return [json.loads(line)["fresh"] for line in lines]

    assert fresh() == [True, True]
    before = _clips(tmp_path / "cache")
    (tmp_path / "lexicon.yaml").write_text("om: ohm\n")  # nobody speaks it
    assert fresh() == [False, False]
    (tmp_path / "lexicon.yaml").write_text("psoas: so aah aah us\n")
    assert fresh() == [True, False]
    assert _clips(tmp_path / "cache") == before + 1
    assert fresh() == [False, False]

    plan = sleepward.json("plan", "it.txt", "--voice", "tone", env=env)
    first = plan["events"][0]["text"] if plan["events"][0]["kind"] == "speech" else plan["events"][1]["text"]
    assert first == "Let the psoas rest."  # people read what is written
    (tmp_path / "lexicon.yaml").unlink()
    assert fresh() == [True, False]


def test_a_fault_in_ones_lexicon_is_said_before_anything_is_made(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "it.txt").write_text(SPEAKS_IT)
    (tmp_path / "lexicon.yaml").write_text("om: ohm\npsoas:\n")
    done = sleepward("build", "it.txt", "--voice", "tone", "-o", "out/", code=2)
    assert "lexicon.yaml:2:7: this can't be spoken: write the word as it sounds" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_users_own_lexicon_yields_to_the_working_folders(tmp_path: Path, home: Path) -> None:
    own = home / "config" / "sleepward" / "lexicon.yaml"
    if sys.platform in ("darwin", "win32"):
        pytest.skip("the config folder is elsewhere there")
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("om: mine\nqi: mine\n")
    (tmp_path / "lexicon.yaml").write_text("om: here\n")
    try:
        assert load_lexicon("en", Workspace.here()).apply("om qi chi") == "here mine chee"
    finally:
        own.unlink()
