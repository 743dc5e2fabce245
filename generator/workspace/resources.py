"""Where routines, poses and templates are found: `here`, then in the package's data, then in the repository."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import NotFoundError, did_you_mean
from .folders import here

ROUTINE_SUFFIXES = (".yaml", ".yml")  # of routines, poses and programmes; where both are there, the first
TEMPLATES = "scripts_templates"
BASE_STYLE = "gentle"  # gives what another style has no file for …
SHARED = "shared"  # … and this what no style has
_PACKAGE = Path(__file__).parent.parent


def roots() -> list[Path]:
    """Folders that may hold `routines/` and `scripts_templates/`; the first that has a file wins."""
    repository = _PACKAGE.parent
    found = [*here(), _PACKAGE / "data"]
    return [*found, repository] if (repository / "pyproject.toml").is_file() else found


def routine_path(name: str) -> Path:
    """The file of the routine called `name`. Raises NotFoundError with the nearest names."""
    return _find("routine", "routines", name, routine_names())


def pose_path(pose_id: str) -> Path:
    """The file of the pose with that id. Raises NotFoundError with the nearest ids."""
    return _find("pose", "routines/poses", pose_id, pose_ids())


def routine_names() -> list[str]:
    return _stems("routines")


def pose_ids() -> list[str]:
    return _stems("routines/poses")


def pose_files() -> list[Path]:
    """The files of all poses, in the order in which they are searched; of some, one before hides them."""
    folders = (root / "routines/poses" for root in roots())
    found = (path for folder in folders for path in sorted(folder.glob("*")) if path.suffix in ROUTINE_SUFFIXES)
    return [path for path in found if path.is_file()]


def template_folders(style: str) -> list[Path]:
    """Folders that are searched for a style's templates, in order: its own, then those that it builds on.

    Raises NotFoundError with the nearest styles.
    """
    known = styles()
    if style not in known:
        hint = f"{did_you_mean(style, known, 3)}; your own is a folder scripts_templates/{style}/"
        raise NotFoundError(f"there is no style called {style!r}", hint=hint)
    names = dict.fromkeys((style, BASE_STYLE, SHARED))
    return [folder for name in names for root in roots() if (folder := root / TEMPLATES / name).is_dir()]


def own_templates() -> Path:
    """The folder of the built-in templates."""
    return next(folder for root in reversed(roots()) if (folder := root / TEMPLATES).is_dir())


def styles() -> list[str]:
    folders = (folder for root in roots() for folder in (root / TEMPLATES).glob("*/"))
    return sorted({folder.name for folder in folders if folder.is_dir()} - {SHARED})


def _find(kind: str, folder: str, name: str, known: Iterable[str]) -> Path:
    for root in roots():
        for suffix in ROUTINE_SUFFIXES:
            path = root / folder / f"{name}{suffix}"
            if name in known and path.is_file():
                return path
    raise NotFoundError(
        f"there is no {kind} called {name!r}",
        hint=f"{did_you_mean(name, list(known), 3)}; your own goes into {folder}/{name}.yaml",
    )


def _stems(folder: str) -> list[str]:
    files = (path for root in roots() for suffix in ROUTINE_SUFFIXES for path in (root / folder).glob(f"*{suffix}"))
    return sorted({path.stem for path in files if path.is_file()})
