"""The run over many files: which they are, one row for each, whatever happens to the worker that reads it."""

from __future__ import annotations

import os
from concurrent.futures import Executor, Future
from itertools import islice
from queue import SimpleQueue
from threading import local
from typing import Any, Callable, Dict, Generator, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..dump.archives.opening import contents, is_archive_name, member_of
from ..dump.archives.reading import Part
from ..dump.plain import plain_source
from ..dump.stores import is_address, listed
from ..errors import DumpscopeError, UsageError
from .facts import DEFAULTS, Row, Settings, empty_row, fill
from .workers import DEFAULT_MEMORY, DEFAULT_TIME, Workers

AHEAD = 16
"""Tasks for each worker that are handed out before their turn."""
AHEAD_BATCHES = 4
"""The same, where a task has many files."""


class Task(NamedTuple):
    """One file to read: ``member`` is its name in the archive ``path``, empty for a file of its own. ``fault`` says that it cannot be read."""

    path: str
    member: str = ""
    size: Optional[int] = None
    mtime: Optional[int] = None
    fault: str = ""

    @property
    def key(self) -> Tuple[str, str]:
        """What tells it from others."""
        return self.path, self.member


def tasks(paths: Iterable[str]) -> Iterator[Task]:
    """Every file in these files and folders, and every member of the archives among them; each once, links are not followed into folders.

    An address in a store is a file, a prefix, or a pattern. Raises UsageError for a path that is not there, DumpError for an address.
    """
    seen = set()
    for path in paths:
        if is_address(path):
            for stored in listed(path):
                if stored.address not in seen:
                    seen.add(stored.address)
                    yield from _members(Task(stored.address, "", stored.size, stored.mtime))
            continue
        if not os.path.lexists(path):
            raise UsageError(f"there is no {path!r}", "give files and folders")
        for name in _files(path):
            real = os.path.realpath(name)
            if real not in seen:
                seen.add(real)
                yield from _of_file(name)


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            yield os.path.join(folder, name)


def _of_file(path: str) -> Iterator[Task]:
    try:
        found = os.stat(path)
    except OSError as error:
        yield Task(path, fault=str(error.strerror or error))
        return
    if not os.path.isfile(path):
        yield Task(path, fault="not a regular file")
        return
    yield from _members(Task(path, "", found.st_size, found.st_mtime_ns))


def _members(plain: Task) -> Iterator[Task]:
    """The file itself, or what is in it where it is an archive."""
    if not is_archive_name(plain.path):
        yield plain
        return
    try:
        members = contents(plain.path)
    except (DumpscopeError, MemoryError) as error:
        yield plain._replace(fault=f"not a readable archive: {getattr(error, 'message', 'it needs too much memory')}")
        return
    if not members:
        yield plain
    for member in members:
        yield Task(plain.path, member.name, member.size, plain.mtime)


def row_of(task: Task, settings: Settings = DEFAULTS) -> Row:
    """The row of one task. Never raises for what is in the file: this is what a worker runs."""
    row = empty_row(*task[:4])
    if task.fault:
        row["error"] = task.fault
        return row
    try:
        if task.member:
            _member(row, task, settings)
        else:
            source = plain_source(task.path)
            try:
                fill(row, source, settings)
            finally:
                source.close()
    except DumpscopeError as error:
        row["error"] = error.message
    except MemoryError:
        row["error"] = "needs more memory than a worker may have"
    except Exception as error:  # noqa: BLE001  a bug of ours must not stop the fleet
        row["error"] = f"internal error: {type(error).__name__}: {error}"[:500]
    return row


def _member(row: Row, task: Task, settings: Settings) -> None:
    """Read a member of an archive: where it lies when it is stored, else unpacked to memory or a temporary file."""
    try:
        source = member_of(task.path, task.member)
        if isinstance(source, Part):
            source.verify()
    except DumpscopeError as error:
        row["error"] = f"cannot be unpacked: {error.message}"[:500]
        return
    try:
        row["size"] = source.size
        fill(row, source, settings)
    finally:
        source.close()
    if row["error"]:
        row["error"] = row["error"].replace(source.name, task.member)


_here = local()


def rows_of(batch: Sequence[Task], settings: Settings = DEFAULTS, seconds: float = DEFAULT_TIME, memory: int = DEFAULT_MEMORY) -> List[Row]:
    """The rows of some tasks, each made in a process of its own with limits: what a worker of a cluster runs.

    The process stays for the next batch. It ends with the one that started it.
    """
    pools: Dict[Tuple[float, int], Workers] = _here.__dict__.setdefault("pools", {})
    pool = pools.get((seconds, memory))
    if pool is None:
        pool = pools[seconds, memory] = Workers(1, seconds, memory)
    rows = []
    for task in batch:
        future = pool.submit(row_of, task, settings)
        fault = future.exception()
        rows.append(future.result() if fault is None else _unread(task, fault))
    return rows


def _unread(task: Task, error: BaseException) -> Row:
    row = empty_row(*task[:4])
    words = f"{error}" or type(error).__name__
    row["error"] = f"the worker {words}" if isinstance(error, Exception) else words
    return row


def triage(
    paths: Iterable[str],
    *,
    settings: Settings = DEFAULTS,
    executor: Optional[Executor] = None,
    jobs: Optional[int] = None,
    seconds: float = DEFAULT_TIME,
    memory: int = DEFAULT_MEMORY,
    skip: Callable[[Task], bool] = lambda task: False,
    batch: int = 1,
) -> Generator[Row, None, None]:
    """One row for each file, as they are done; members as in :data:`dumpscope.fleet.facts.COLUMNS`.

    ``executor`` is any executor; without one the rows are made by ``jobs`` processes (as many as there are processors), each dump bounded
    by ``seconds`` and ``memory``. With ``batch`` a call of the executor makes that many rows, each in a process of its own beside the
    executor's, with the same bounds. A call that raises is a row with ``error``; of a batch each file is then done again alone. ``skip``
    leaves a task out. Closing the iterator ends the workers. Raises UsageError for a path that is not there.

    >>> for row in triage(["dumps"]):                        # doctest: +SKIP
    ...     print(row["path"], row["signature"])
    """
    own = Workers(jobs or os.cpu_count() or 1, seconds, memory) if executor is None else None
    used = own if own is not None else executor
    assert used is not None
    most = (AHEAD if batch == 1 else AHEAD_BATCHES) * (own.jobs if own is not None else jobs or os.cpu_count() or 1)
    running: Dict[Future[Any], List[Task]] = {}
    finished: SimpleQueue[Future[Any]] = SimpleQueue()
    waiting = (task for task in tasks(paths) if not skip(task))
    again: List[Task] = []
    try:
        more = True
        while more or running or again:
            while len(running) < most and (again or more):
                taken = [again.pop()] if again else list(islice(waiting, batch))
                if not taken:
                    more = False
                    break
                try:
                    if batch == 1:
                        future: Future[Any] = used.submit(row_of, taken[0], settings)
                    else:
                        future = used.submit(rows_of, taken, settings, seconds, memory)
                    running[future] = taken
                    future.add_done_callback(finished.put)
                except Exception as error:  # noqa: BLE001  a broken pool takes no more
                    yield from (_unread(task, error) for task in taken)
            if not running:
                continue
            future = finished.get()
            taken = running.pop(future)
            fault = future.exception()
            if fault is None:
                yield from [future.result()] if batch == 1 else future.result()
            elif len(taken) > 1:
                again += taken
            else:
                yield _unread(taken[0], fault)
    finally:
        for future in running:
            future.cancel()
        if own is not None:
            own.shutdown(cancel_futures=True)
