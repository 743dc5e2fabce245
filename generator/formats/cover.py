"""A cover for a track: a night sky over hills with the title, dark enough for a bedside screen.

A hash of a seed decides the hue, the moon's place and phase, the hills and the stars. So the same routine always looks
the same. Pillow draws the text and writes the JPEG.
"""

from __future__ import annotations

import hashlib
import io
import math
import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, NotFoundError
from ..values import path_test
from .tags import image_type

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image, ImageFont

    Canvas = NDArray[np.float32]
    """(3, SIZE, SIZE): planes of red, green and blue in [0, 255], sRGB."""

SIZE = 1_000  # pixels; stores ask for square covers, phones show them at 100 to 1,000
MAX_BYTES = 60_000  # of a cover we draw
MAX_OWN_BYTES = 5_000_000  # of a picture that the user gives
MAX_OWN_PIXELS = 25_000_000

MAX_OWN_SIDE = 65_500  # pixels, libjpeg's most

_ORIENTATION, _UPRIGHT = 0x0112, 1  # a tag of EXIF, and its value for a picture that isn't turned
_TURNS = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
    6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90",
}  # fmt: skip
"""What turns a picture upright, by that tag's value, as Pillow calls it."""
_NOTES = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif")  # where Pillow keeps what a camera noted
_DAMAGED = (
    OSError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError, AttributeError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow raises for a damaged picture."""
_OWN_QUALITY = 92  # of a picture that has to be converted

_QUALITIES = (88, 80, 72, 64, 56, 48)  # the first one whose JPEG fits MAX_BYTES is taken; letters need many bytes
_MARGIN = 84
_TITLE_TOP = 96
_TITLE_BOTTOM = 520  # the hills begin below it
_TITLE_SIZES = (128, 112, 100, 88, 78, 68, 60, 52)
_SUBTITLE_SIZE = 44
_LINE = 1.12  # of the font size, from line to line
_TITLE_COLOUR = (222, 216, 202)  # warm, not white: the screen lights a dark room
_SUBTITLE_COLOUR = (150, 150, 160)
_ELLIPSIS = "…"
_DASHES = str.maketrans("–—‑", "---")  # the font has only the hyphen
_MOON_COLOUR = (214.0, 206.0, 184.0)
_GLOW_COLOUR = (190.0, 185.0, 170.0)
_STAR_COLOUR = (170.0, 175.0, 195.0)
_STAR_REACH = 6  # pixels; a star's light ends there


# --- drawing ---------------------------------------------------------------------------------------


def draw_cover(title: str, subtitle: str, seed: str) -> bytes:
    """A square JPEG of at most MAX_BYTES. The same words, seed and Pillow give the same bytes.

    A long title is wrapped, then set in a smaller font, then cut with an ellipsis. If the font lacks a letter of the
    title or of a line of the subtitle, that text is left out: the player shows it beside the picture.
    """
    from PIL import Image, ImageDraw

    title, subtitle = title.translate(_DASHES), subtitle.translate(_DASHES)

    random = _SeededRandom(seed)
    planes = _draw_sky(random).clip(0, 255).round().astype("uint8")
    picture = Image.merge("RGB", [Image.fromarray(plane) for plane in planes])
    draw = ImageDraw.Draw(picture)
    bottom = float(_TITLE_TOP)
    if _can_write(title):
        size, lines = _fit_title(title)
        for line in lines:
            draw.text((_MARGIN, bottom), line, fill=_TITLE_COLOUR, font=_font(size), anchor="la")
            bottom += size * _LINE
        bottom += 16
    for text in filter(_can_write, subtitle.split("\n")):
        line = _shortened(text, _SUBTITLE_SIZE)
        draw.text((_MARGIN, bottom), line, fill=_SUBTITLE_COLOUR, font=_font(_SUBTITLE_SIZE), anchor="la")
        bottom += _SUBTITLE_SIZE * _LINE
    return _jpeg(picture)


def _jpeg(picture: Image.Image) -> bytes:
    for quality in _QUALITIES:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True, subsampling="4:2:0")
        if file.tell() <= MAX_BYTES:
            break
    return file.getvalue()


class _SeededRandom:
    """Numbers that look random and depend on the seed alone."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def between(self, what: str, low: float, high: float) -> float:
        digest = hashlib.sha256(f"{self._seed}\0{what}".encode()).digest()
        return low + (high - low) * int.from_bytes(digest[:6], "big") / 2**48


@dataclass(frozen=True, slots=True)
class _Moon:
    x: float
    y: float
    radius: float
    shadow: tuple[float, float]  # from the moon's centre to the centre of its dark part, in radii


def _draw_sky(random: _SeededRandom) -> Canvas:
    """Sky, stars, moon and four ranges of hills. Far hills are paler."""
    import numpy as np

    hue = random.between("hue", 205, 275)  # from a deep blue-green to violet
    height = np.arange(SIZE)[:, None] / SIZE
    canvas = np.empty((3, SIZE, SIZE), np.float32)
    canvas[:] = _rgb(hue, 0.55, 0.035) + (_rgb(hue + 14, 0.45, 0.17) - _rgb(hue, 0.55, 0.035)) * height**1.6
    moon = _Moon(
        x=random.between("moon x", 600, 850),
        y=random.between("moon y", 590, 630),
        radius=random.between("moon radius", 52, 76),
        shadow=(random.between("moon phase", -0.95, -0.45), random.between("moon tilt", -0.35, 0.05)),
    )
    _draw_stars(canvas, random, moon)
    _draw_moon(canvas, moon)
    for layer in range(4):
        _draw_hills(canvas, random, layer, hue)
    return canvas


def _draw_stars(canvas: Canvas, random: _SeededRandom, moon: _Moon) -> None:
    """Soft dots. None is near the moon."""
    import numpy as np

    for number in range(46):
        x, y = random.between(f"star x {number}", 10, SIZE - 10), random.between(f"star y {number}", 10, 700)
        if math.hypot(x - moon.x, y - moon.y) < 2.2 * moon.radius:
            continue
        radius, light = (
            random.between(f"star size {number}", 0.8, 1.7),
            random.between(f"star light {number}", 0.15, 0.5),
        )
        left, top = int(x) - _STAR_REACH, int(y) - _STAR_REACH
        rows, columns = np.mgrid[top : top + 2 * _STAR_REACH + 1, left : left + 2 * _STAR_REACH + 1]
        soft = light * np.exp(-(((columns - x) ** 2 + (rows - y) ** 2) / radius**2))
        spot = canvas[:, rows[0, 0] : rows[-1, 0] + 1, columns[0, 0] : columns[0, -1] + 1]
        spot += soft * (_colour(*_STAR_COLOUR) - spot)


def _draw_moon(canvas: Canvas, moon: _Moon) -> None:
    import numpy as np

    at = np.arange(SIZE)
    across, down = (np.exp(-(((at - middle) / (3.4 * moon.radius)) ** 2)) for middle in (moon.x, moon.y))
    glow = (0.16 * np.outer(down, across)).astype(np.float32)
    canvas += glow * (_colour(*_GLOW_COLOUR) - canvas)
    near = tuple(slice(int(middle - moon.radius) - 1, int(middle + moon.radius) + 3) for middle in (moon.y, moon.x))
    (rows, columns), disc = np.mgrid[near], canvas[:, *near]
    distance = np.hypot(columns - moon.x, rows - moon.y)
    from_shadow = np.hypot(
        columns - moon.x - moon.shadow[0] * moon.radius, rows - moon.y - moon.shadow[1] * moon.radius
    )
    lit = (moon.radius - distance + 0.5).clip(0, 1) * (from_shadow - moon.radius * 1.02 + 0.5).clip(0, 1)
    disc += lit * (_colour(*_MOON_COLOUR) - disc)


def _draw_hills(canvas: Canvas, random: _SeededRandom, layer: int, hue: float) -> None:
    """One ridge, the sum of three slow waves. A nearer layer is lower and darker."""
    import numpy as np

    across = np.arange(SIZE) / SIZE
    ridge = np.full(SIZE, 752.0 + 66 * layer)
    for wave, (turns, height) in enumerate(((0.9, 40), (1.9, 20), (3.7, 7))):
        turn = turns * random.between(f"hill {layer} turns {wave}", 0.75, 1.25)
        phase = random.between(f"hill {layer} phase {wave}", 0, 1)
        ridge += height * np.sin(2 * np.pi * (turn * across + phase))
    highest = int(ridge.min()) - 1
    below = canvas[:, highest:]
    under = (np.arange(highest, SIZE)[:, None] - ridge).astype(np.float32)
    inside, depth = (under + 0.5).clip(0, 1), under.clip(0, 300) / 300
    top, bottom = _rgb(hue + 6, 0.42, 0.125 - 0.027 * layer), _rgb(hue, 0.5, 0.03)
    colour = top + (bottom - top) * depth
    below += inside * (colour - below)


def _rgb(hue: float, saturation: float, lightness: float) -> Canvas:
    """A colour; `hue` is in degrees."""
    import colorsys

    return _colour(*colorsys.hls_to_rgb(hue % 360 / 360, lightness, saturation)) * 255


def _colour(*rgb: float) -> Canvas:
    """A colour as an array (3, 1, 1), to be used with a canvas."""
    import numpy as np

    return np.array(rgb, np.float32)[:, None, None]


# --- words -----------------------------------------------------------------------------------------


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Aileron, which Pillow carries. Fonts of the system differ, and so would the bytes."""
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels have FreeType"
    return font


def _can_write(text: str) -> bool:
    """Whether the font has every letter of `text`. It draws the same box for every letter that it lacks."""
    box = bytes(_font(40).getmask("\uffff"))
    return all(character.isspace() or bytes(_font(40).getmask(character)) != box for character in set(text))


def _fit_title(title: str) -> tuple[int, list[str]]:
    """The largest font size at which the wrapped title has room, and the title's lines."""
    for size in _TITLE_SIZES:
        lines = _wrapped(title, size)
        if len(lines) * size * _LINE <= _TITLE_BOTTOM - _TITLE_TOP and all(
            _width(line, size) <= _room() for line in lines
        ):
            return size, lines
    smallest = _TITLE_SIZES[-1]
    most = int((_TITLE_BOTTOM - _TITLE_TOP) / (smallest * _LINE))
    lines = [_shortened(line, smallest) for line in _wrapped(title, smallest)]
    if len(lines) > most:
        lines = [*lines[: most - 1], _shortened(f"{lines[most - 1]} {_ELLIPSIS}", smallest)]
    return smallest, lines


def _wrapped(text: str, size: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and _width(f"{lines[-1]} {word}", size) <= _room():
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _shortened(text: str, size: int) -> str:
    """`text` as one line, cut with an ellipsis if it is too long."""
    line = " ".join(text.split())
    if _width(line, size) <= _room():
        return line
    while line and _width(f"{line}{_ELLIPSIS}", size) > _room():
        line = line[:-1].rstrip()
    return f"{line}{_ELLIPSIS}"


def _width(line: str, size: int) -> float:
    return _font(size).getlength(line)


def _room() -> int:
    return SIZE - 2 * _MARGIN


# --- the user's picture -------------------------------------------------------------------------------


def load_cover(path: Path) -> bytes:
    """The bytes of a PNG or JPEG that the user gives: upright and in RGB as every player shows it, else unchanged.

    A phone's picture may lie on its side, with a note in its EXIF that says so; a printer's may be in CMYK.

    Raises NotFoundError if there is no file, InputError if it is no PNG or JPEG, damaged or too large.
    """
    from PIL import Image, UnidentifiedImageError

    if not path_test(path.is_file):
        raise NotFoundError(f"there is no file {path}", hint="check its name and folder")
    hint = "give a PNG or JPEG of at most 5 MB and 25 megapixels, best square and 1,000 to 3,000 pixels wide"
    if path.stat().st_size > MAX_OWN_BYTES:
        what = f"a cover of {path.stat().st_size / 1e6:,.1f} MB is too large: every track would carry it"
        raise InputError(what, where=str(path), hint=hint)
    data = path.read_bytes()
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            pixels, side = picture.width * picture.height, max(picture.size)
            if pixels <= MAX_OWN_PIXELS and side <= MAX_OWN_SIDE:
                picture.load()
                if picture.mode == "CMYK" or picture.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT:
                    data = _upright_rgb(picture)
    except Image.DecompressionBombError as error:
        raise InputError("this picture has far too many pixels", where=str(path), hint=hint) from error
    except UnidentifiedImageError as error:
        raise InputError("this is no PNG and no JPEG", where=str(path), hint=hint) from error
    except _DAMAGED as error:
        raise InputError("this picture is damaged or cut short", where=str(path), hint=hint) from error
    if pixels > MAX_OWN_PIXELS:
        raise InputError(f"{pixels / 1e6:,.0f} megapixels are too many", where=str(path), hint=hint)
    if side > MAX_OWN_SIDE:
        raise InputError(f"a side of {side:,} pixels is too long", where=str(path), hint=hint)
    return data


def _upright_rgb(picture: Image.Image) -> bytes:
    """The picture turned as its EXIF says, in RGB, in its own format. Its EXIF is left out, its profile kept."""
    from PIL import Image, ImageCms

    profile = picture.info.get("icc_profile")
    turn = _TURNS.get(picture.getexif().get(_ORIENTATION, _UPRIGHT))
    upright = picture.transpose(Image.Transpose[turn]) if turn else picture.copy()
    for note in _NOTES:
        upright.info.pop(note, None)
    if upright.mode == "CMYK":
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
            srgb = ImageCms.createProfile("sRGB")
            upright = ImageCms.profileToProfile(upright, source, srgb, outputMode="RGB") or upright
        except (OSError, ImageCms.PyCMSError):  # it has no profile, or a damaged one
            upright = upright.convert("RGB")
        profile = None
    file = io.BytesIO()
    upright.save(file, picture.format, quality=_OWN_QUALITY, icc_profile=profile)
    return file.getvalue()


def as_jpeg(image: bytes) -> bytes:
    """A PNG or JPEG as a JPEG; a JPEG unchanged. What is transparent becomes black, as the screen around it is dark.

    Raises InputError if it is no PNG or JPEG, damaged or too large.
    """
    from PIL import Image

    file = io.BytesIO()
    try:
        if image_type(image) == "image/jpeg":
            return image
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(image), formats=("PNG",)) as picture:
            if picture.width * picture.height > MAX_OWN_PIXELS:
                raise ValueError("too many pixels")
            opaque = Image.new("RGB", picture.size)
            shown = picture.convert("RGBA")
            opaque.paste(shown, mask=shown.getchannel("A"))
        opaque.save(file, "JPEG", quality=_OWN_QUALITY)
    except (Image.DecompressionBombError, *_DAMAGED) as error:
        raise InputError("this picture is too large or damaged, or no PNG and no JPEG") from error
    return file.getvalue()
