"""A cover is dark, calm and readable, one of a family, and the same every time."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from generator.build.track_tags import cover_line
from generator.errors import InputError, NotFoundError
from generator.formats.cover import MAX_BYTES, MAX_OWN_BYTES, SIZE, draw_cover, load_cover
from generator.settings import SETTINGS, Settings

parse = SETTINGS["background"].kind.parse

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ROUTINES = ["ten-minutes-in-bed", "lower-back-relief", "soothing-hips", "psoas-release", "neck-and-shoulders", "ü"]
LONG = "A very long title that someone wrote for a long winter's night of stretching and breathing in the dark " * 3


def light(picture: bytes) -> NDArray[np.float64]:
    """Luma of each pixel, from 0 to 1."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")) / 255
    return np.asarray(pixels @ [0.299, 0.587, 0.114])


def bright_rows(picture: bytes) -> NDArray[np.bool_]:
    """Where the title is written."""
    return np.asarray((light(picture)[:, : SIZE // 2] > 0.6).any(axis=1))


@pytest.mark.parametrize("seed", ROUTINES)
@pytest.mark.parametrize("title", ["Ten minutes in bed", LONG, ""], ids=["title", "long", "none"])
def test_it_is_a_small_dark_square(title: str, seed: str) -> None:
    picture = draw_cover(title, "25 min · rain", seed)
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (SIZE, SIZE), "RGB")
    assert len(picture) <= MAX_BYTES
    assert light(picture).mean() < 0.15
    assert (light(picture) > 0.5).mean() < 0.12  # no lamp in a dark room
    assert np.percentile(light(picture), 99.5) < 0.95  # single pixels beside a letter may ring


def test_the_same_words_and_seed_are_the_same_picture() -> None:
    assert draw_cover("Rest", "8 h", "rest") == draw_cover("Rest", "8 h", "rest")


def test_each_routine_has_its_own() -> None:
    pictures = [light(draw_cover("", "", seed)) for seed in ROUTINES]
    for number, picture in enumerate(pictures):
        for other in pictures[number + 1 :]:
            assert np.abs(picture - other).mean() > 0.005


def test_they_are_one_family() -> None:
    """Dark above, a moon at the right, hills below that grow darker."""
    for seed in ROUTINES:
        picture = light(draw_cover("", "", seed))
        rows, columns = np.nonzero(picture > 0.6)
        assert 100 < len(rows) < 20_000
        assert 480 < rows.min() <= rows.max() < 760
        assert columns.min() > 480
        assert picture[:100].mean() < picture[560:700].mean() > picture[950:].mean()


def test_the_title_is_written_large_enough_for_a_phone() -> None:
    """Capitals of 128 pixels' type are 9 pixels high in a notification of 100."""
    rows = np.flatnonzero(bright_rows(draw_cover("HE", "", "a")))
    assert rows.max() - rows.min() > 0.08 * SIZE


def test_long_titles_are_wrapped_and_stay_inside() -> None:
    picture = light(draw_cover("Internal hip rotation, an evening of small circles", "40 min", "a"))
    bright = picture > 0.6
    assert not bright[:60].any()
    assert not bright[:, :60].any()
    assert not bright[:540, -60:].any()
    starts = np.flatnonzero(np.diff(bright_rows(draw_cover("hhh hhhhhhhhhhh hhhhhhhhhhhh", "", "a")).astype(int)) == 1)
    assert len(starts) == 3


@pytest.mark.parametrize("title", [LONG, "m" * 300])
def test_endless_titles_end_above_the_moon(title: str) -> None:
    bright = light(draw_cover(title, "", "a")) > 0.6
    assert bright[60:500].any()
    assert not bright[:540, -60:].any()
    assert not bright[520:, :450].any()


def test_the_subtitle_is_fainter_than_the_title() -> None:
    without, with_it = light(draw_cover("", "", "a")), light(draw_cover("", "25 min · rain", "a"))
    drawn = np.abs(with_it - without)[90:160] > 0.1
    assert drawn.sum() > 500
    assert with_it[90:160].max() < 0.7 < light(draw_cover("Rest", "", "a"))[90:300].max()


def test_each_line_below_the_title_has_room_of_its_own() -> None:
    one, two = (light(draw_cover("Rest", below, "a")) for below in ("night 3 · rain", "night 3 · rain\n25 minutes"))
    rows = np.flatnonzero((np.abs(two - one) > 0.1).any(axis=1))
    first = np.flatnonzero((np.abs(one - light(draw_cover("Rest", "", "a"))) > 0.1).any(axis=1))
    assert first.max() < rows.min() < rows.max() < 520


def test_a_dash_is_drawn_though_the_font_has_none() -> None:
    assert draw_cover("Rest – a while", "", "a") == draw_cover("Rest - a while", "", "a")


@pytest.mark.parametrize("title", ["眠り", "Übung", "Rest 😴"])
def test_no_boxes_in_the_place_of_letters(title: str) -> None:
    assert draw_cover(title, "", "a") == draw_cover("", "", "a")


# --- the user's own --------------------------------------------------------------------------------


def picture(form: str, size: tuple[int, int] = (40, 30)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (40, 20, 60)).save(file, form)
    return file.getvalue()


def white(width: int, height: int) -> bytes:
    """A whole PNG of that size, of one bit a pixel: a coloured one would take 600 MB of memory to make."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * -(-width // 8)) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_ones_own_picture_is_taken_as_it_is(tmp_path: Path, form: str) -> None:
    (tmp_path / "mine").write_bytes(picture(form))
    assert load_cover(tmp_path / "mine") == picture(form)


def test_a_picture_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    """As phones write them: what is above comes last, and a note says so."""
    lying, note = Image.new("RGB", (40, 30), (200, 30, 30)), Image.Exif()
    lying.paste((30, 30, 200), (0, 0, 40, 15))
    note[0x0112] = 6  # the top of the picture is at the right of the file
    lying.save(tmp_path / "mine", "JPEG", exif=note)
    with Image.open(io.BytesIO(load_cover(tmp_path / "mine"))) as upright:
        assert (upright.format, upright.size, upright.getexif().get(0x0112)) == ("JPEG", (30, 40), None)
        red, blue = (upright.convert("RGB").getpixel((x, 20)) for x in (3, 26))
    assert red == pytest.approx((200, 30, 30), abs=12)
    assert blue == pytest.approx((30, 30, 200), abs=12)


def test_a_picture_for_printers_becomes_one_for_screens(tmp_path: Path) -> None:
    Image.new("CMYK", (40, 30), (0, 200, 200, 10)).save(tmp_path / "mine", "JPEG")
    with Image.open(io.BytesIO(load_cover(tmp_path / "mine"))) as shown:
        assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", (40, 30))
        assert shown.getpixel((5, 5)) == pytest.approx((245, 53, 53), abs=4)


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"moon\.png"):
        load_cover(tmp_path / "moon.png")


def test_a_picture_of_one_bit_a_pixel_is_one(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(white(400, 300))  # as below, where only their sizes are wrong
    assert load_cover(tmp_path / "mine") == white(400, 300)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no PNG and no JPEG"),
        (b"Dear diary, today it rained.", "no PNG and no JPEG"),
        (picture("GIF"), "no PNG and no JPEG"),
        (picture("WEBP"), "no PNG and no JPEG"),
        (picture("JPEG", (300, 300))[:-400], "damaged"),
        (picture("PNG", (300, 300))[:-400], "damaged"),
        (white(6_000, 5_000), "too many"),
        (white(14_000, 14_000), "too many"),
        (picture("JPEG") + bytes(MAX_OWN_BYTES), "too large"),
    ],
    ids=["empty", "letter", "gif", "webp", "half a jpeg", "half a png", "30 megapixels", "bomb", "5 MB"],
)
def test_what_cannot_be_a_cover_is_said(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "moon.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=what) as caught:
        load_cover(path)
    assert caught.value.where == str(path)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("settings", "guided_min", "says"),
    [
        (Settings(tail=8 * 3_600_000, background=parse("rain")), 10, "10 minutes, then 8 hours of rain"),
        (
            Settings(tail=5_400_000, background=parse("rain+drone:-6")),
            65,
            "1 hour 5 minutes, then 1 hour 30 minutes of rain and a drone",
        ),
        (Settings(tail=3_600_000), 20, "20 minutes, then 1 hour of brown noise"),
        (Settings(tail=3_600_000, background=parse("none")), 20, "20 minutes, then 1 hour of silence"),
        (Settings(), 40, "45 minutes"),
    ],
)
def test_a_cover_says_how_long_one_is_spoken_to(settings: Settings, guided_min: int, says: str) -> None:
    assert cover_line(settings, guided_min * 60_000 + settings.tail) == says


def test_a_broken_picture_is_told_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.png"
    Image.effect_noise((300, 300), 50).save(path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(InputError, match=r"^.*mine\.png: this picture is damaged or cut short\n"):
        load_cover(path)
