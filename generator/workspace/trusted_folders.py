"""The folders that are searched, in order, each with its trust, and the files in them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from ..errors import InputError, NotFoundError, SettingError, SleepwardError, did_you_mean
from ..settings import PARSERS
from ..system.symlinks import is_outside
from ..values import is_utf8
from .settings_file import file_layer
from .settings_layers import PROJECT_FILE, SettingsLayer, environment_layer, own_layer, own_voice

if TYPE_CHECKING:
    from ..model import Pose, Routine
    from ..storage.cache import Cache
    from ..values import OwnVoice

Trust = Literal["user", "stranger", "built-in"]

ROUTINE_SUFFIXES = (".yaml", ".yml")  # of routines, poses and programmes; the first one wins
ROUTINES, POSES, PROGRAMS = "routines", "routines/poses", "routines/programs"
TEMPLATES = "scripts_templates"
BASE_STYLE = "gentle"  # has the files that another style lacks
SHARED = "shared"  # has the files that every style uses
_PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that may hold `routines/`, `scripts_templates/`, a lexicon and `sleepward.toml`.

    No file is read through a link that leads out of the folder, unless the folder is built-in. The settings of a
    `stranger` may only name files inside the folder; those of the `user` may name any file.
    """

    folder: Path
    trust: Trust

    def inside(self, path: Path) -> Path:
        """`path`, which was found in this folder. Raises InputError if a link leads out of the folder."""
        if self.trust != "built-in" and is_outside(path, self.folder):
            hint = "put the file itself there, or delete the link"
            raise InputError(f"a link leads out of {self.folder} here", where=str(path), hint=hint)
        return path


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folders of one command. The first folder that has a file wins.

    A workspace remembers what it has read, so a command reads each file once. Workspaces share nothing. If
    `use_settings` is False, neither the environment nor settings files count.
    """

    roots: tuple[Root, ...]
    use_settings: bool = True
    _poses: dict[str, Pose] = field(default_factory=dict, init=False, repr=False, compare=False)
    _poses_of: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _layers: list[SettingsLayer] = field(default_factory=list, init=False, repr=False, compare=False)

    @classmethod
    def here(cls) -> Self:
        """The working folder, then the built-in files. Raises InputError if the working folder is gone."""
        return cls((Root(_working_folder(), "user"), *_built_in()))

    @classmethod
    def beside(cls, library: Path) -> Self:
        """The folder of a library's file, then the working folder, then the built-in files.

        The library's folder has a stranger's trust, unless it is the working folder.
        """
        folder, own = library.parent.absolute(), cls.here()
        if folder.resolve() == own.roots[0].folder.resolve():
            return own
        return cls((Root(folder, "stranger"), *own.roots))

    def without_settings(self) -> Self:
        """The same folders without settings, to check a file by itself."""
        return replace(self, use_settings=False)

    # --- routines, poses, programmes ---------------------------------------------------------------------

    def routine_path(self, name: str) -> Path:
        """The file of the routine called `name`. Raises NotFoundError with the nearest names."""
        return self._find("routine", ROUTINES, name, self.routine_names())

    def pose_path(self, pose_id: str) -> Path:
        """The file of the pose with that id. Raises NotFoundError with the nearest ids."""
        return self._find("pose", POSES, pose_id, self.pose_ids())

    def program_path(self, name: str) -> Path:
        """The file of the programme called `name`. Raises NotFoundError with the nearest names."""
        return self._find("programme", PROGRAMS, name, self.program_names())

    def routine_names(self) -> list[str]:
        return self._stems(ROUTINES)

    def pose_ids(self) -> list[str]:
        return self._stems(POSES)

    def program_names(self) -> list[str]:
        return self._stems(PROGRAMS)

    def read_routine(self, path: Path, cache: Cache | None = None) -> Routine:
        """The routine in a file with its poses, from the `cache` if it was read before.

        Raises DefinitionError with every fault of all of these files, and InputError if the name isn't UTF-8.
        """
        refuse_foreign_name(path)
        if cache is None:
            return self._read_routine(path, reread=False)
        from ..definition.routine_cache import cached_routine

        return cached_routine(path, self._pose_files(), cache, lambda path: self._read_routine(path, reread=True))

    def read_pose(self, pose_id: str) -> Pose:
        """The pose with that id. Raises NotFoundError, and DefinitionError with every fault of its file."""
        if pose_id not in self._poses:
            self._poses[pose_id] = self._read_pose(pose_id)
        return self._poses[pose_id]

    def poses_of(self, routine: str) -> Collection[str]:
        """The ids of a routine's poses. Empty if it can't be read; using the routine reports why."""
        if routine not in self._poses_of:
            try:
                steps = self.read_routine(self.routine_path(routine)).steps
            except SleepwardError:
                steps = ()
            self._poses_of[routine] = tuple(step.pose.id for step in steps)
        return self._poses_of[routine]

    def refuse_link(self, path: Path) -> None:
        """Raise InputError if `path` lies in `routines/` of a folder, and a link leads out of that folder."""
        for root in self._own_roots():
            if path.absolute().is_relative_to(root.folder / ROUTINES):
                root.inside(path.absolute())

    # --- styles ------------------------------------------------------------------------------------------

    def styles(self) -> list[str]:
        folders = (folder for root in self.roots for folder in (root.folder / TEMPLATES).glob("*/"))
        return sorted({folder.name for folder in folders if folder.is_dir()} - {SHARED})

    def template_folders(self, style: str) -> list[tuple[Path, Path | None]]:
        """The folders to search for a style's templates, in order: its own, then those that it builds on.

        With each comes the folder that its files must lie in, None for built-in ones. Raises NotFoundError with the
        nearest styles, and InputError if a link leads out.
        """
        known = self.styles()
        if style not in known:
            hint = did_you_mean(style, known, 3, f"your own is a folder scripts_templates/{style}/")
            raise NotFoundError(f"there is no style called {style!r}", hint=hint)
        return [
            (root.inside(folder), None if root.trust == "built-in" else root.folder)
            for name in dict.fromkeys((style, BASE_STYLE, SHARED))
            for root in self.roots
            if (folder := root.folder / TEMPLATES / name).is_dir()
        ]

    def is_built_in(self, path: Path) -> bool:
        """Whether the file is one that comes with the program."""
        return any(root.trust == "built-in" and path.resolve().is_relative_to(root.folder) for root in self.roots)

    def word_files(self) -> list[Path]:
        """All files that the words of any routine may come from, beside its own: poses and templates."""
        folders = (root.folder / TEMPLATES for root in self.roots)
        templates = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
        return [*self._pose_files(), *templates]

    # --- settings and lexicons ---------------------------------------------------------------------------

    def layers(self) -> list[SettingsLayer]:
        """The layers beside those of a routine or script: the environment, the folders' files, the user's file.

        The settings of the routine or script belong after the first layer. Raises SettingError.
        """
        if not self.use_settings:
            return [SettingsLayer({}, str)]
        if not self._layers:
            files = [_layer_of(root) for root in self._own_roots()]
            user = file_layer(_user_folder() / "config.toml")
            self._layers.extend([environment_layer(os.environ), *files, user])
        return self._layers

    def own_voices(self) -> dict[str, OwnVoice]:
        """The user's own voices by name. Raises SettingError."""
        found: dict[str, OwnVoice] = {}
        for layer in self.layers():
            for name in layer.voices:
                if name not in found and (own := own_voice(name, self.layers())) is not None:
                    found[name] = own
        return found

    def built_in_templates(self) -> Path:
        """The folder of the built-in templates."""
        return next(folder for root in reversed(self.roots) if (folder := root.folder / TEMPLATES).is_dir())

    def own_lexicons(self, name: str) -> Iterator[Path]:
        """The lexicons called `name`: the user's, then those of the folders, ending with the first folder's."""
        if (users := _user_folder() / name).exists():
            yield users
        for root in reversed(self._own_roots()):
            if (path := root.folder / name).exists():
                yield root.inside(path)

    # --- searching ---------------------------------------------------------------------------------------

    def _own_roots(self) -> list[Root]:
        return [root for root in self.roots if root.trust != "built-in"]

    def _find(self, kind: str, folder: str, name: str, known: Iterable[str]) -> Path:
        for root in self.roots:
            for suffix in ROUTINE_SUFFIXES:
                path = root.folder / folder / f"{name}{suffix}"
                if name in known and path.is_file():
                    return root.inside(path)
        raise NotFoundError(
            f"there is no {kind} called {name!r}",
            hint=did_you_mean(name, list(known), 3, f"your own goes into {folder}/{name}.yaml"),
        )

    def _stems(self, folder: str) -> list[str]:
        return sorted({path.stem for path in self._files(folder) if path.is_file()})

    def _files(self, folder: str) -> Iterator[Path]:
        for root in self.roots:
            for suffix in ROUTINE_SUFFIXES:
                yield from (root.folder / folder).glob(f"*{suffix}")

    def _pose_files(self) -> list[Path]:
        """The files of all poses in the order of the search. An earlier file hides later ones with the same id."""
        folders = (root.folder / POSES for root in self.roots)
        found = (path for folder in folders for path in sorted(folder.glob("*")) if path.suffix in ROUTINE_SUFFIXES)
        return [path for path in found if path.is_file()]

    def _read_routine(self, path: Path, *, reread: bool) -> Routine:
        """If `reread`, every pose's file is read again."""
        from ..definition.loading import load_routine

        poses = self._read_pose if reread else self.read_pose
        return load_routine(path, poses=poses, known_poses=self.pose_ids, known_settings=PARSERS)

    def _read_pose(self, pose_id: str) -> Pose:
        from ..definition.loading import load_pose

        return load_pose(self.pose_path(pose_id))


def _layer_of(root: Root) -> SettingsLayer:
    """The settings of a folder's file.

    Raises SettingError if a stranger's name a file outside the folder, or define a voice with an engine: its keys name
    programs that run, and files anywhere.
    """
    path = root.folder / PROJECT_FILE
    layer = file_layer(root.inside(path))
    if root.trust == "user":
        return layer
    for voice in layer.voices.values():
        if voice.engine:
            what = f"a library's folder can't define a voice with an engine, as [voices.{voice.name}] does"
            hint = "if you trust it, copy the table into sleepward.toml in the folder where you work"
            raise SettingError(what, where=f"{root.folder / voice.where_of('engine')}", hint=hint)
    try:
        own = own_layer(layer.values, layer.where, root.folder)
    except SleepwardError as error:  # the error of a background has no place
        where = error.where or layer.where("background")
        raise SettingError(error.what, where=where, hint=error.hint) from error
    return replace(layer, values=own.values)


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise InputError("the working folder is gone", hint="change to another folder") from error


def _built_in() -> Iterator[Root]:
    """The package's data, then the repository if this code runs from one."""
    repository = _PACKAGE.parent
    yield Root(_PACKAGE / "data", "built-in")
    if (repository / "pyproject.toml").is_file():
        yield Root(repository, "built-in")


def _user_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("sleepward", appauthor=False))


def refuse_foreign_name(path: Path) -> None:
    """Raise InputError if the name of a routine or script isn't UTF-8: it goes into the track as its title or tag."""
    if not is_utf8(path.name):
        hint = "rename it, for example with letters of English alone"
        raise InputError("this file's name isn't UTF-8, so no track can carry it", where=str(path), hint=hint)
