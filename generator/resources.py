"""Where routines, poses and templates are found: the working folder, then the package's data, then the repository."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .errors import InputError, NotFoundError, did_you_mean

_PACKAGE = Path(__file__).parent


def roots() -> list[Path]:
    """Folders that may hold `routines/` and `scripts_templates/`; the first that has a file wins."""
    repository = _PACKAGE.parent
    try:
        found = [Path.cwd(), _PACKAGE / "data"]
    except FileNotFoundError as error:
        raise InputError("the working folder is gone", hint="change to one that is there") from error
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


def template_folders() -> list[Path]:
    """Folders that are searched for templates, in order."""
    return [folder for root in roots() if (folder := root / "scripts_templates").is_dir()]


def _find(kind: str, folder: str, name: str, known: Iterable[str]) -> Path:
    for root in roots():
        path = root / folder / f"{name}.yaml"
        if name in known and path.is_file():
            return path
    raise NotFoundError(
        f"there is no {kind} called {name!r}",
        hint=f"{did_you_mean(name, list(known), 3)}; your own goes into {folder}/{name}.yaml",
    )


def _stems(folder: str) -> list[str]:
    return sorted({path.stem for root in roots() for path in (root / folder).glob("*.yaml")})
