"""Connects to a Dask cluster, or starts one on this machine."""

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
    "distributed.scheduler.allowed-failures": 0,  # report a lost worker at once
    "distributed.worker.profile.enabled": False,  # unused, and it samples every 10 ms
}


def connect(address: str, store: TrackStore, *, notice: Callable[[str], None]) -> DaskExecutor:
    """The cluster whose scheduler listens at `address` (``tcp://host:8786``). It keeps running when we end.

    `notice` receives a message for each refused worker. Raises MissingToolError if Dask isn't installed, and
    InputError if no scheduler answers.
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
    """A cluster of `workers` processes on this machine, with its own scheduler on 127.0.0.1.

    Raises MissingToolError if Dask isn't installed.
    """
    distributed = dask_module("distributed")
    with _quiet(), sigint_blocked(), dask_module("dask").config.set(_LOCAL):
        here = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=0,  # our use is bounded; a limit would kill workers on a machine with little memory
            silence_logs=logging.CRITICAL,
        )
        client = distributed.Client(here, set_as_default=False)
    return DaskExecutor(
        client, store, notice=notice, cache_folder=cache_folder, local_cluster=here, task_function=task_function
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide Dask's warnings about versions: we report them when a worker is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
