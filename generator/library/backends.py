"""Chooses the store and the executor: this machine, unless the user asks for a URL or a cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .folder import FolderStore
from .pool import ProcessExecutor
from .protocols import Executor, TrackStore


def store_for(out: str) -> TrackStore:
    """The folder `out`, or its remote store if it is a URL. Raises InputError, MissingToolError."""
    if (folder := folder_of(out)) is not None:
        return FolderStore(folder.absolute())  # workers may have another working folder
    from .remote import open_store

    return open_store(out)


def folder_of(out: str) -> Path | None:
    """The folder of this machine that `out` names, None if it is a URL."""
    return None if "://" in out else Path(out)


def executor_for(
    store: TrackStore,
    *,
    jobs: int,
    cache_folder: Path,
    scheduler: str | None = None,
    local_cluster: bool = False,
    notice: Callable[[str], None] = lambda text: None,
) -> Executor:
    """`jobs` processes here, or the workers of a Dask cluster. Raises InputError, MissingToolError."""
    if scheduler is None and not local_cluster:
        return ProcessExecutor(jobs, store, cache_folder)
    from . import cluster

    if scheduler is not None:
        return cluster.connect(scheduler, store, notice=notice)
    return cluster.local(jobs, store, cache_folder=cache_folder, notice=notice)
