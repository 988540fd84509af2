"""Workers that may die: an executor whose calls run in processes of their own, with a limit on time and memory for each."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from math import inf
from pathlib import Path
from threading import Event, Lock, Thread, local
from time import monotonic
from typing import Any, Callable, Set

DEFAULT_TIME = 60.0
"""Seconds for one dump."""
LOOK = 0.25
"""Seconds between two looks at the calls that run."""
DEFAULT_MEMORY = 2 << 30
"""Bytes of a worker's own memory, mapped files aside. Held on Linux only."""


class WorkerDied(Exception):
    """The process that did the call ended before it answered."""


class WorkerTimeout(WorkerDied):
    """The call took too long, and its process was ended."""


class _Worker:
    """One process, and the pipes to it."""

    def __init__(self, memory: int) -> None:
        package = str(Path(__file__).resolve().parents[2])
        # The package from where this one is, whatever the folder: the worker runs the same code.
        start = f"import sys; sys.path.insert(0, {package!r}); from dumpscope.fleet.workers import serve; serve({memory})"
        self.process = subprocess.Popen([sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.expired = False
        self.deadline = inf
        """When the call that runs is over."""
        self._receive()  # it is there: the time of a call begins only then

    def _receive(self) -> Any:
        assert self.process.stdout is not None
        head = self.process.stdout.read(8)
        data = self.process.stdout.read(int.from_bytes(head, "little")) if len(head) == 8 else b""
        if len(head) < 8 or len(data) < int.from_bytes(head, "little"):
            if self.expired:
                raise WorkerTimeout("took too long")
            code = self.process.wait()
            raise WorkerDied(f"ended by signal {-code}" if code < 0 else f"ended with code {code}")
        return pickle.loads(data)

    def expire(self) -> None:
        """End the process: its call takes too long."""
        self.expired = True
        self.process.kill()

    def call(self, request: bytes, seconds: float) -> Any:
        """Send a call and wait for its answer."""
        assert self.process.stdin is not None
        self.deadline = monotonic() + seconds
        try:
            self.process.stdin.write(len(request).to_bytes(8, "little") + request)
            self.process.stdin.flush()
        except OSError:
            pass  # it has ended: the answer says how
        try:
            done, value = self._receive()
        finally:
            self.deadline = inf
        if done:
            return value
        raise value

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass
        self.process.wait()


class Workers(Executor):
    """An executor of ``jobs`` processes. A call that takes more than ``seconds`` raises WorkerTimeout, one whose process dies WorkerDied.

    Functions and arguments are pickled. The process of a call that failed so is replaced; the other calls are not touched.
    """

    def __init__(self, jobs: int = 1, seconds: float = DEFAULT_TIME, memory: int = DEFAULT_MEMORY) -> None:
        self.jobs = jobs
        self._seconds = seconds
        self._memory = memory
        self._threads = ThreadPoolExecutor(jobs)
        self._own = local()
        self._all: Set[_Worker] = set()
        self._lock = Lock()
        self._closed = False
        self._ended = Event()
        Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """End the processes whose call takes too long; one thread looks after all of them."""
        while not self._ended.wait(min(LOOK, self._seconds / 4)):
            now = monotonic()
            with self._lock:
                late = [worker for worker in self._all if worker.deadline < now]
            for worker in late:
                worker.expire()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a call done by the next process that is free."""
        return self._threads.submit(self._run, pickle.dumps((fn, args, kwargs)))

    def _run(self, request: bytes) -> Any:
        worker = getattr(self._own, "worker", None)
        if worker is None:
            worker = _Worker(self._memory)
            with self._lock:
                self._all.add(worker)
                closed = self._closed
            if closed:
                worker.close()
                raise WorkerDied("the workers are closed")
            self._own.worker = worker
        try:
            return worker.call(request, self._seconds)
        except WorkerDied:
            self._own.worker = None
            with self._lock:
                self._all.discard(worker)
            worker.close()
            raise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes. With ``cancel_futures`` calls that run are ended, too."""
        if cancel_futures:
            self._end()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        self._end()

    def _end(self) -> None:
        self._ended.set()
        with self._lock:
            self._closed = True
            workers, self._all = self._all, set()
        for worker in workers:
            worker.close()


def serve(memory: int) -> None:
    """The loop of a worker's process: calls come on stdin, answers go to stdout."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else writes between the answers
    calls = sys.stdin.buffer
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    _send(answers, None)
    while True:
        head = calls.read(8)
        if len(head) < 8:
            return
        answer: Any
        try:
            function, args, kwargs = pickle.loads(calls.read(int.from_bytes(head, "little")))
            answer = (True, function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  the caller gets it
            answer = (False, error)
        try:
            _send(answers, answer)
        except (pickle.PicklingError, TypeError, AttributeError):
            _send(answers, (False, RuntimeError(f"{type(answer[1]).__name__}: {answer[1]}")))


def _send(file: Any, value: Any) -> None:
    data = pickle.dumps(value)
    file.write(len(data).to_bytes(8, "little") + data)
    file.flush()
