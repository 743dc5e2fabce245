"""What a page must be in a real browser: dark, large, without barriers."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MOST_LUMINANCE = 0.4
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]  # axe-core's tags
PHONE, DESKTOP = (360, 640), (1280, 800)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

in_browser = [pytest.mark.external, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH")]


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def wait_until(page: Page, condition: str) -> None:
    """Wait for a condition in JavaScript. The page's policy forbids Playwright's own way of waiting for one."""
    asked = f"(() => {{ const audio = document.getElementById('audio'); return Boolean({condition}); }})()"
    deadline_s = time.monotonic() + 10
    while not page.evaluate(asked):
        assert time.monotonic() < deadline_s, condition
        page.wait_for_timeout(30)


def luminance(srgb: Any) -> Any:
    """Relative luminance of sRGB in [0, 1], as WCAG 2.2 defines it."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def expect_no_barriers(page: Page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    faults = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert not [(each["id"], each["nodes"]) for each in faults if each["impact"] in ("serious", "critical")]


def expect_darkness(page: Page, shot: Path) -> None:
    page.screenshot(path=shot)
    with Image.open(shot) as picture:
        pixels = np.asarray(picture.convert("RGB")) / 255
    assert float(luminance(pixels).max()) <= MOST_LUMINANCE + 0.005
    assert (pixels == 0).all(axis=-1).mean() > 0.4


def expect_large_controls(page: Page, width: int) -> None:
    boxes = page.evaluate(
        """[...document.querySelectorAll("button, select, input, summary")].map((e) => e.getBoundingClientRect())
           .filter((box) => box.width).map((box) => [box.width, box.height, box.left, box.right])"""
    )
    assert all(wide >= 56 and high >= 56 for wide, high, *_ in boxes)
    assert all(left >= 0 and right <= width for *_, left, right in boxes)
