"""The built-in beds, one module each. To add a bed, add a module here that defines `BED`.

Importing these modules loads no library; what makes the sound is imported when it is made.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

from ..bed_kind import EVEN_DB, BedKind, Texture


def _sort_key(bed: tuple[str, BedKind]) -> tuple[bool, int, bool, str]:
    """Order of the list: plain textures first, even beds before moving ones, silence last."""
    name, kind = bed
    return kind.texture == "none", get_args(Texture).index(kind.texture), kind.most_range_db > EVEN_DB, name


def _find_beds() -> dict[str, BedKind]:
    names = [module.name for module in iter_modules(__path__)]
    beds: dict[str, BedKind] = {name: import_module(f".{name}", __name__).BED for name in names}
    return dict(sorted(beds.items(), key=_sort_key))


BEDS = _find_beds()
"""Each bed by its name, which is its module's name, in the order of the list."""
