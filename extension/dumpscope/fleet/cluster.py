"""A Dask cluster as the executor of a run (extra ``dumpscope[dask]``)."""

from __future__ import annotations

import gc
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, Iterator, Optional, Tuple

from .. import __version__
from ..errors import UsageError

BATCH = 64
"""Files of one task."""
CONNECT = 30
"""Seconds to wait for the scheduler, and for its first worker."""


def version() -> str:
    """The version of the package where this runs: a worker is asked."""
    return __version__


@contextmanager
def dask(address: str, patience: float = CONNECT) -> Iterator[Tuple[Executor, int]]:
    """An executor over the workers of a scheduler (``tcp://scheduler:8786``), and how many threads they have now.

    A task whose worker is lost is done again by another one: that is Dask's own work. Raises UsageError where the package is missing, no
    scheduler answers, it has no worker, or its workers have another version of this package.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(f"--dask needs a package that is not there ({error})", "pip install 'dumpscope[dask]'") from None
    refused: Optional[str] = None
    try:
        client: Any = Client(address, timeout=patience, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        refused = str(error)
    if refused is not None:
        gc.collect()  # the client that came to nothing takes a lock when it goes: not while the next one starts and holds it
        raise UsageError(f"no scheduler answers at {address!r}: {refused}", "such as --dask tcp://scheduler:8786; `dask scheduler` starts one")
    try:
        try:
            client.wait_for_workers(1, timeout=patience)
        except TimeoutError:
            raise UsageError(f"the scheduler at {address!r} has no worker", f"`dask worker {address}` starts one") from None
        try:
            theirs = client.submit(version, pure=False).result(timeout=patience)
        except Exception as error:  # noqa: BLE001  whatever keeps a worker from importing this package
            raise UsageError(f"the workers of {address!r} cannot run dumpscope: {error}", "install the same version of dumpscope on each of them") from None
        if theirs != __version__:
            raise UsageError(f"the workers of {address!r} have dumpscope {theirs}, and this is {__version__}", "install the same version on each of them")
        yield client.get_executor(), sum(client.nthreads().values())
    finally:
        client.close()
