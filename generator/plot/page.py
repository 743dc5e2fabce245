"""A page in pixels, to draw boxes and words on, and to save as a file. The same drawing gives the same bytes."""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIXES = (".png", ".svg")

WIDTH_PX = 1_080  # a phone's width, so that nothing is scaled
MARGIN_PX = 40
STRIP_PX = WIDTH_PX - 2 * MARGIN_PX
TITLE_PX, LABEL_PX, SMALL_PX = 50, 36, 29
_MAX_PX = 60_000  # matplotlib draws at most 65,535
_DPI = 100

# Dark, for a bedside. The colours are Okabe and Ito's (2008), which all kinds of colour vision can tell apart.
PAPER, INK, FAINT, LANE, SHADE = "#12141c", "#f2f0ea", "#a9adba", "#20242f", "#3a4154"
ORANGE, BLUE, GREEN, PURPLE, YELLOW, GREY = "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#f0e442", "#8892b0"


MISSING_GLYPH = "\u25a1"  # a box, in place of a letter that the font lacks


class Page:
    """A page `height_px` high, in pixels from its upper left corner. Raises InputError if that is too high.

    `missing_glyphs` are the letters in its texts that the font lacks. They are drawn as boxes.
    """

    def __init__(self, height_px: float) -> None:
        from matplotlib.figure import Figure

        if height_px > _MAX_PX:
            raise InputError("there is too much in it to draw", hint="plan a part of it, or a shorter --length")
        self._figure = Figure(figsize=(WIDTH_PX / _DPI, height_px / _DPI), dpi=_DPI)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._axes.set_xlim(0, WIDTH_PX)
        self._axes.set_ylim(height_px, 0)
        self.missing_glyphs: set[str] = set()

    def box(self, x_px: float, y_px: float, wide_px: float, high_px: float, *, colour: str, edge: str = "none") -> None:
        from matplotlib.patches import Rectangle

        place = (x_px, y_px)
        self._axes.add_patch(Rectangle(place, wide_px, high_px, facecolor=colour, edgecolor=edge, linewidth=1.5))

    def write(self, x_px: float, y_px: float, text: str, size_px: int, **look: Any) -> None:
        """Write `text` with its middle at `y_px`. It is never read as a formula."""
        style = {"color": INK, "ha": "left", "va": "center_baseline", "parse_math": False, **look}
        self.missing_glyphs |= {letter for letter in text if letter not in _glyphs()}
        self._axes.text(x_px, y_px, _drawable(text), fontsize=size_px * 72 / _DPI, **style)

    def fill(self, x_px: NDArray[np.float64], top_px: Any, bottom_px: Any, *, colour: str, line_px: float = 0) -> None:
        self._axes.fill_between(x_px, top_px, bottom_px, color=colour, linewidth=line_px)

    def title(self, title: str, *below: tuple[str, int, str]) -> float:
        """Write the title and the lines `below` it (text, size, colour). Returns the y position below them."""
        self.write(MARGIN_PX, 70, shortened(title, TITLE_PX, STRIP_PX), TITLE_PX, weight="bold")
        y_px = 128.0
        for text, size_px, colour in below:
            self.write(MARGIN_PX, y_px, shortened(text, size_px, STRIP_PX), size_px, color=colour)
            y_px += size_px + 12
        return y_px

    def legend(self, y_px: float, shown: list[tuple[str, str]]) -> float:
        """Write colours and their meanings, on as many lines as needed. Returns the y position below them."""
        x_px = float(MARGIN_PX)
        for colour, name in shown:
            wide_px = 74 + text_px(name, SMALL_PX)
            if x_px + wide_px > WIDTH_PX:
                x_px, y_px = float(MARGIN_PX), y_px + 44
            self.box(x_px, y_px - 13, 28, 26, colour=colour)
            self.write(x_px + 40, y_px, name, SMALL_PX, color=FAINT)
            x_px += wide_px
        return y_px + 44

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all, and without dates. Raises InputError if it can't be written."""
        import matplotlib as mpl

        part = path.with_name(f"{path.name}.part")
        kind = path.suffix.lower().removeprefix(".")
        metadata: dict[str, Any] = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with mpl.rc_context({"svg.hashsalt": "sleepward", "svg.fonttype": "path"}):
                self._figure.savefig(part, format=kind, metadata=metadata, facecolor=PAPER)
            part.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            what = f"this can't be written: {error.strerror or error}"
            raise InputError(what, where=f"--plot {path}", hint="choose another place") from error


def check_suffix(path: Path) -> None:
    """Raise InputError unless `path` is a PNG or an SVG. Called early, before anything takes time."""
    if path.suffix.lower() not in SUFFIXES:
        hint = f"write {path.with_suffix('.png')}"
        raise InputError("a plot is a .png or .svg file", where=f"--plot {path}", hint=hint)


def shortened(text: str, size_px: int, room_px: float) -> str:
    """`text`, shortened if it is wider than `room_px`."""
    if text_px(text, size_px) <= room_px:
        return text
    while text and text_px(f"{text}…", size_px) > room_px:
        text = text[:-1]
    return f"{text.rstrip()}…"


def text_px(text: str, size_px: int) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=size_px)
    width, _, _ = text_to_path.get_text_width_height_descent(_drawable(text), font, ismath=False)
    return float(width)


def _drawable(text: str) -> str:
    return "".join(letter if letter in _glyphs() else MISSING_GLYPH for letter in text)


@cache
def _glyphs() -> frozenset[str]:
    """The letters in matplotlib's own font, plain and bold. Fonts of the system differ and aren't used."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    plain, bold = (
        get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight))) for weight in ("normal", "bold")
    )
    return frozenset(map(chr, plain.get_charmap().keys() & bold.get_charmap().keys()))
