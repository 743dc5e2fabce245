"""A Dask cluster to make tracks: one that is there, or one of this machine's processes."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import InputError
from ..system.stopping import sigint_blocked
from .cluster_executor import DaskExecutor, dask_module
from .cluster_worker import TaskFunction
from .protocols import TrackStore

CONNECT_S = 10.0
_LOCAL = {
    "distributed.scheduler.allowed-failures": 0,  # a lost worker is told at once
    "distributed.worker.profile.enabled": False,  # nobody looks at it, and it samples every 10 ms
}


def connect(address: str, store: TrackStore, *, notice: Callable[[str], None]) -> DaskExecutor:
    """Workers of the cluster whose scheduler listens at `address` (``tcp://host:8786``); they go on after us.

    `notice` is told which workers are refused, and why. Raises MissingToolError where Dask isn't installed,
    InputError where nothing answers.
    """
    distributed = dask_module("distributed")
    with _quiet():
        try:
            client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"no Dask scheduler answers: {error}",
                where=f"--scheduler {address}",
                hint="start one with `dask scheduler`, and workers with `dask worker tcp://HOST:8786 --nthreads 1`",
            ) from error
    return DaskExecutor(client, store, notice=notice)


def local(
    workers: int,
    store: TrackStore,
    *,
    cache_folder: Path,
    notice: Callable[[str], None],
    task_function: TaskFunction | None = None,
) -> DaskExecutor:
    """`workers` processes of this machine, with a scheduler of their own on 127.0.0.1.

    Raises MissingToolError where Dask isn't installed.
    """
    distributed = dask_module("distributed")
    with _quiet(), sigint_blocked(), dask_module("dask").config.set(_LOCAL):
        here = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=0,  # ours is bounded, and a limit would kill workers on a machine that is short of it
            silence_logs=logging.CRITICAL,
        )
        client = distributed.Client(here, set_as_default=False)
    return DaskExecutor(
        client, store, notice=notice, cache_folder=cache_folder, local_cluster=here, task_function=task_function
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Versions that differ are told when a worker is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
