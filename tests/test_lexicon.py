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
from generator.pronunciation.alphabets import to_misaki
from generator.pronunciation.lexicon import (
    Lexicon,
    Pronunciation,
    is_english,
    merged_lexicon,
    parse_lexicon,
)
from generator.pronunciation.reading import Reading
from generator.voices import open_voice
from generator.workspace import Workspace
from generator.workspace.lexicon_files import load_lexicon

from .conftest import Command

espeak_only = pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="espeak-ng is the engine on Linux")
pytestmark = pytest.mark.usefixtures("home")

# Each built-in entry, and how the light voice says it (IPA, as espeak-ng writes it).
SOUNDS = """\
use/verb = jˈuːz
use/noun = jˈuːs
close/verb = klˈoʊz
close/adjective = klˈoʊs
live/verb = lˈɪv
live/adjective = lˈaɪv
lives/verb = lˈɪvz
lives/noun = lˈaɪvz
read/verb = ɹˈiːd
read/past = ɹˈɛd
wind/verb = wˈaɪnd
wind/noun = wˈɪnd
wound/noun = wˈuːnd
wound/past = wˈaʊnd
bow/verb = bˈaʊ
bow/noun = bˈoʊ
lead/verb = lˈiːd
lead/noun = lˈɛd
tear/verb = tˈɛɹ
tear/noun = tˈɪɹ
minute/noun = mˈɪnɪt
minute/adjective = maɪnˈuːt
content/adjective = kəntˈɛnt
content/noun = kˈɑːntɛnt
present/noun = pɹˈɛzənt
present/verb = pɹɪzˈɛnt
contract/verb = kəntɹˈækt
contract/noun = kˈɑːntɹækt
increase/verb = ɪŋkɹˈiːs
increase/noun = ˈɪŋkɹiːs
decrease/verb = dɪkɹˈiːs
decrease/noun = dˈiːkɹiːs
permit/verb = pɚmˈɪt
permit/noun = pˈɜːmɪt
project/verb = pɹədʒˈɛkt
project/noun = pɹˈɑːdʒɛkt
object/verb = əbdʒˈɛkt
object/noun = ˈɑːbdʒɛkt
subject/verb = səbdʒˈɛkt
subject/noun = sˈʌbdʒɛkt
record/verb = ɹɪkˈɔːɹd
record/noun = ɹˈɛkɚd
progress/verb = pɹəɡɹˈɛs
progress/noun = pɹˈɑːɡɹəs
produce/verb = pɹədˈuːs
produce/noun = pɹˈoʊduːs
conduct/verb = kəndˈʌkt
conduct/noun = kˈɑːndʌkt
refuse/verb = ɹɪfjˈuːz
refuse/noun = ɹˈɛfjuːs
excuse/verb = ɛkskjˈuːz
excuse/noun = ɛkskjˈuːs
house/noun = hˈaʊs
house/verb = hˈaʊz
compress/verb = kəmpɹˈɛs
compress/noun = kˈɑːmpɹɛs
extract/verb = ɛkstɹˈækt
extract/noun = ˈɛkstɹækt
impact/noun = ˈɪmpækt
impact/verb = ɪmpˈækt
incline/verb = ɪŋklˈaɪn
incline/noun = ˈɪŋklaɪn
rebound/verb = ɹɪbˈaʊnd
rebound/noun = ɹˈiːbaʊnd
conflict/verb = kənflˈɪkt
conflict/noun = kˈɑːnflɪkt
contrast/verb = kəntɹˈæst
contrast/noun = kˈɑːntɹæst
desert/verb = dɪzˈɜːt
desert/noun = dˈɛzɚt
perfect/adjective = pˈɜːfɪkt
perfect/verb = pɚfˈɛkt
separate/verb = sˈɛpɚɹˌeɪt
separate/adjective = sˈɛpɹət
moderate/verb = mˈɑːdɚɹˌeɪt
moderate/adjective = mˈɑːdɚɹət
alternate/verb = ˈɔːltɚnˌeɪt
alternate/adjective = ˈɔːltɚnət
coordinate/verb = koʊˈɔːɹdənˌeɪt
coordinate/noun = koʊˈɔːɹdənət
deliberate/adjective = dɪlˈɪbɚɹət
deliberate/verb = dɪlˈɪbɚɹˌeɪt
articulate/verb = ɑːɹtˈɪkjəlˌeɪt
articulate/adjective = ɑːɹtˈɪkjələt
estimate/verb = ˈɛstəmˌeɪt
estimate/noun = ˈɛstəmət
approximate/verb = əpɹˈɑːksəmˌeɪt
approximate/adjective = əpɹˈɑːksəmət
appropriate/verb = əpɹˈoʊpɹiˌeɪt
appropriate/adjective = əpɹˈoʊpɹiət
graduate/verb = ɡɹˈædʒuːˌeɪt
graduate/noun = ɡɹˈædʒuːət
associate/verb = əsˈoʊsiˌeɪt
associate/noun = əsˈoʊsiət
elaborate/verb = ɪlˈæbɚɹˌeɪt
elaborate/adjective = ɪlˈæbɚɹət
intimate/adjective = ˈɪntəmət
intimate/verb = ˈɪntəmˌeɪt
duplicate/verb = dˈuːpləkˌeɪt
duplicate/noun = dˈuːpləkət
drowsy = dɹˈaʊzi
drowsiness = dɹˈaʊzinəs
drowsily = dɹˈaʊzəli
dissolve = dɪzˈɑːlv
dissolved = dɪzˈɑːlvd
dissolving = dɪzˈɑːlvɪŋ
resistance = ɹɪzˈɪstəns
resistant = ɹɪzˈɪstənt
instep = ˈɪnstɛp
scissors = sˈɪzɚz
scissor = sˈɪzɚ
exquisite = ɛkskwˈɪzɪt
interrupt = ɪntɚɹˈʌpt
guru = ɡˈʊɹuː
shh = ʃ
sh = ʃ
ssh = ʃ
mm = m
mmm = m
hm = hˈəm
hmm = hˈəm
aches = ˈeɪks
stomachs = stˈʌməks
drawing = dɹˈɔːɪŋ
gnawing = nˈɔːɪŋ
thawing = θˈɔːɪŋ
ninety = nˈaɪnti
nineties = nˈaɪntiz
massage = məsˈɑːʒ
amygdala = əmˈɪɡdələ
melatonin = mˌɛlətˈoʊnɪn
hypnagogic = hˌɪpnəɡˈɑːdʒɪk
coccygeal = kɑːksˈɪdʒiːəl
occiput = ˈɑːksɪpət
meniscus = mənˈɪskəs
hero = hˈɪɹoʊ
piriformis = pˌɪɹəfˈɔːɹmɪs
psoas = sˈoʊəs
iliopsoas = ˌɪliːoʊsˈoʊəs
quadratus = kwɑːdɹˈeɪɾəs
quadriceps = kwˈɑːdɹɪsˌɛps
latissimus = lətˈɪsɪməs
multifidus = mʌltˈɪfɪdəs
sternocleidomastoid = stˌɜːnoʊklˌaɪdoʊmˈæstɔɪd
iliacus = ɪlˈaɪəkəs
patellar = pətˈɛlɚ
erector spinae = ɪɹˈɛktɚ spˈaɪniː
spinae = spˈaɪniː
abdominis = æbdˈɑːmənəs
vagal = vˈeɪɡəl
serratus = sɛɹˈeɪɾəs
tibialis = tˌɪbiˈeɪlɪs
gracilis = ɡɹˈæsəlɪs
pectineus = pɛktˈɪniəs
supraspinatus = sˌuːpɹəspaɪnˈeɪɾəs
infraspinatus = ˌɪnfɹəspaɪnˈeɪɾəs
teres = tˈɛɹiːz
cranium = kɹˈeɪniəm
calcaneal = kælkˈeɪniːəl
fibromyalgia = fˌaɪbɹoʊmaɪˈældʒə
osteoporosis = ˌɑːstioʊpɚɹˈoʊsɪs
interoceptive = ˌɪntɚɹoʊsˈɛptɪv
lateralis = lˌæɾɚɹˈeɪlɪs
peroneus = pˌɛɹənˈiːəs
popliteus = pɑːplˈɪɾiəs
femoris = fˈɛmɚɹɪs
brachii = bɹˈeɪkiˌaɪ
fasciae = fˈæʃiˌiː
latae = lˈeɪɾiː
myofascial = mˌaɪoʊfˈæʃəl
vertebrae = vˈɜːɾəbɹˌeɪ
ischial = ˈɪskiːəl
intercostals = ˌɪntɚkˈɑːstəlz
sacrum = sˈeɪkɹəm
obliques = oʊblˈiːks
costal = kˈɑːstəl
apnea = ˈæpniə
masseter = məsˈiːɾɚ
obturator = ˈɑːbtɚɹˌeɪɾɚ
trochanter = tɹoʊkˈæntɚ
labrum = lˈeɪbɹəm
patella = pətˈɛlə
coccyx = kˈɑːksɪks
sacroiliac = sˌækɹoʊˈɪliˌæk
xiphoid = zˈaɪfɔɪd
fascia = fˈæʃə
fascial = fˈæʃəl
occipital = ɑːksˈɪpɪɾəl
suboccipital = sˌʌbɑːksˈɪpɪɾəl
vagus = vˈeɪɡəs
sciatic = saɪˈæɾɪk
calcaneus = kælkˈeɪniəs
popliteal = pˌɑːplɪtˈiːəl
peroneal = pˌɛɹənˈiːəl
pharynx = fˈæɹɪŋks
interoception = ˌɪntɚɹoʊsˈɛpʃən
asana = ˈɑːsənə
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
apana = əpˈɑːnə
samana = səmˈɑːnə
udana = ʊdˈɑːnə
vyana = viˈɑːnə
uddiyana = ˌʊdiˈɑːnə
jalandhara = dʒˌɑːləndˈɑːɹə
vinyasa = vɪnjˈɑːsə
ashtanga = əʃtˈɑːŋɡə
chakra = tʃˈʌkɹə
viparita = vˌɪpɚɹˈiːɾə
karani = kˈʌɹəniː
vipassana = vɪpˈʌsənə
tonglen = tˈɑːŋɡlɛn
tai chi = tˈaɪ tʃˈiː
mantra = mˈɑːntɹə
pada = pˈɑːdə
parsva = pˈɑːɹʃvə
urdhva = ˈʊrdvə
ardha = ˈɑːɹdə
dhanura = dənˈʊɹə
surya = sˈʊrjə
kapalabhati = kəpˌɑːləbˈɑːɾi
dhyana = djˈɑːnə
dharana = dˈɑːɹənə
ahimsa = əhˈɪmsɑː
sushumna = sʊʃˈʊmnɑː
ida = ˈiːdɑː
pingala = pˈɪŋɡəlɑː
svadhyaya = svɑːdjˈɑːjə
"""

# Whole sentences: what must be heard in each.
SENTENCES = {
    "Let your eyes close.": "ˈaɪz klˈoʊz",
    "Let the day close behind you.": "dˈeɪ klˈoʊz",
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

# What only looks like another part of speech.
LEFT_ALONE = {
    "Keep the knees close together.": "klˈoʊs təɡˈɛðɚ",
    "Stay close, your hand on the wall.": "klˈoʊs jʊɹ hˈænd",
    "You can close it.": "klˈoʊz",
    "The use of a pillow.": "jˈuːs",
    "Time to wind it in, out of the wind.": "wˈaɪnd ɪɾ ˈɪn ˌaʊɾəv ðə wˈɪnd",
    "You have read it, or you read it now.": "hæv ɹˈɛd ɪt ɔːɹ juː ɹˈiːd ɪt",
    "The gluteus, the sacrum, the trapezius.": "ðə sˈeɪkɹəm ðə tɹəpˈiːzɪəs",
    "Draw them close behind you.": "klˈoʊs bᵻhˈaɪnd",
    "Let your feet step close beside it.": "klˈoʊs",
    "A separate pillow for a minute.": "sˈɛpɹət pˈɪloʊ fɚɹə mˈɪnɪt",
}

# Entries that the neural voice needs, and espeak-ng doesn't.
SAID_WRONGLY_BY_HEART = {"hmm", "sacrum", "obliques", "pada", "drawing", "gnawing", "thawing", "ninety", "nineties"}

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


@pytest.mark.slow
@espeak_only
def test_every_built_in_entry_is_said_rightly_and_would_not_be_without_it(built_in: Lexicon) -> None:
    wanted = {word: sound for word, _, sound in (line.partition(" = ") for line in SOUNDS.splitlines())}
    entries = {
        f"{word}/{part}" if part else word: (word, entry)
        for word, whole in built_in.entries.items()
        for part, entry in whole.by_part or (("", whole),)
    }
    assert {key.lower() for key in wanted} == set(entries)

    with_it = phonemes([f"{entry.line(word, 'espeak')}." for word, entry in map(entries.get, map(str.lower, wanted))])  # type: ignore[misc]
    assert dict(zip(wanted, with_it, strict=True)) == wanted
    words = [word for word in wanted if "/" not in word]
    alone = phonemes([f"{word}." for word in words])
    rightly = {word for word, sound in zip(words, alone, strict=True) if sound == wanted[word]}
    assert rightly == SAID_WRONGLY_BY_HEART


@espeak_only
@pytest.mark.parametrize("table", [SENTENCES, LEFT_ALONE], ids=["mended", "as it was"])
def test_whole_sentences_are_said_rightly(built_in: Lexicon, table: dict[str, str]) -> None:
    reading = Reading(built_in, "en-us", "espeak")
    said = phonemes([reading.line(text) for text in table])
    assert {text: heard for (text, wanted), heard in zip(table.items(), said, strict=True) if wanted not in heard} == {}


def test_other_engines_get_letters_alone(built_in: Lexicon) -> None:
    reading = Reading(built_in, "en", None)
    given = [reading.line(key) for key in built_in.entries]
    assert [text for text in given if not text.isascii() or "[" in text] == []
    assert reading.line("Use it in savasana.") == "Yooz it in shuh-vah-suh-nuh."
    assert reading.line("Trikonasana.") == "Trikonasana."


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
    german = Reading(load_lexicon("de", Workspace.here()), "de", None)
    assert german.line("Ruhe, 5 cm, savasana") == "Ruuhe, 5 cm, savasana"
    english = Reading(load_lexicon("en-gb", Workspace.here()), "en-gb", None)
    assert english.line("Ruhe, 5 cm, savasana") == "Ruuhe, five centimeters, shuh-vah-suh-nuh"


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
    assert LEXICON.apply("Only the psoas.", "misaki") == "[Only](/ˈOnli/) the [psoas](/sˈOəs/)."
    assert LEXICON.apply("Close your hand", "espeak") == "Cloze your hand"


@pytest.mark.parametrize(
    ("espeak", "misaki"),
    [
        ("s'oU@s", "sˈOəs"),
        ("tr,IkoUn'A:s@n@", "tɹˌɪkOnˈɑsənə"),
        ("kr'eIni@m", "kɹˈAniəm"),
        ("t'i@3", "tˈɪɹ"),
        ("v'eIg@L", "vˈAɡᵊl"),
        ("m'0d@r,eIt", "mˈɑdəɹˌAt"),
        ("b,UdZVNg'A:s@n@", "bˌʊʤʌŋɡˈɑsənə"),
        ("S", "ʃ"),
    ],
)
def test_phonemes_of_espeak_ng_serve_the_neural_voices_too(espeak: str, misaki: str) -> None:
    assert to_misaki(espeak) == misaki


def test_plurals_and_possessives_follow_their_word() -> None:
    reading = Reading(LEXICON, "en", "espeak")
    assert reading.line("The psoas's rest.") == "The [[s'oU@sI2z]] rest."
    parts = parse_lexicon('use: {verb: {espeak: "j\'u:z"}, noun: {espeak: "j\'u:s"}}', "x")
    uses = Reading(parts, "en", "espeak")
    assert uses.line("It has many uses.") == "It has many [[j'u:sI2z]]."
    assert uses.line("She uses it.") == "She [[j'u:zI2z]] it."


def test_an_entry_may_be_a_sign() -> None:
    reading = Reading(parse_lexicon("→: then\n90-90: nine tee nine tee", "x"), "en", None)
    assert reading.line("Inhale → exhale in 90-90.") == "Inhale then exhale in nine tee nine tee."
    assert not reading.of("Inhale → exhale.").faults


@given(st.text())
def test_brackets_of_a_text_never_become_phonemes(text: str) -> None:
    assert "[[" not in Lexicon({"psoas": Pronunciation("so us")}).apply(text, "espeak")
    assert "](" not in Lexicon({"psoas": Pronunciation("so us")}).apply(text, "misaki")
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
    "psoas: {sya: so us}": "1:9: there is no 'sya' here: an entry may have say and espeak and misaki, or verb",
    "use: {verb: {noun: yooz}}": "1:14: there is no 'noun' here",
    "use: {verb: yooz, say: yooss}": "1:6: give say, espeak and misaki inside each part of speech",
    "psoas: {misaki: 'so@s'}": "1:17: misaki has no phoneme 'o@'",
    "psoas: {say: [so]}": "1:14: say is a text",
    "psoas: so us\nPsoas: soaz": "2:1: 'psoas' stands here and on line 1",
    "psoas: so us\npsoas: soaz": "2:1: 'psoas' stands twice",
    f"{'x' * 201}: so us": "1:1: a word, phrase or sign has between one and 200 characters",
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
