"""Fixtures of all tests: a command line run in this process, with its output as text or as JSON."""

from __future__ import annotations

import gc
import io
import json
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, NamedTuple

import pytest

from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main

SAMPLES = Path(__file__).resolve().parent.parent / "samples"


def pytest_collection_finish() -> None:
    """Take what was collected out of the garbage collector's sight: ten thousand tests, which each of its rounds would go through."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """Deal out whole files in their order, but single tests of the engine, and groups as they are marked.

    A worker then sets up what a file needs once. And the scheduler of pytest-xdist goes through all that it ever dealt out after each
    test, and looks for each test among all others: with twenty thousand tests it was busier than the workers. Here what is done is
    forgotten, and places are looked up.
    """
    from xdist.scheduler import LoadGroupScheduling

    class Collected(List[str]):
        def __init__(self, tests: Iterable[str]) -> None:
            super().__init__(tests)
            self.places = {test: place for place, test in enumerate(self)}

        def index(self, test: str, *within: Any) -> int:
            return self.places[test]

    class ByFile(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            scope = str(super()._split_scope(nodeid))
            return scope if scope != nodeid or nodeid.startswith("tests/engine/") else nodeid.partition("::")[0]

        def add_node_collection(self, node: Any, collection: Any) -> None:
            super().add_node_collection(node, collection)
            if node in self.registered_collections:
                self.registered_collections[node] = Collected(self.registered_collections[node])

        def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
            super().mark_test_complete(node, item_index, duration)
            work = self.assigned_work[node]
            for scope in [scope for scope, tests in work.items() if all(tests.values())]:
                del work[scope]

    config.option.loadscopereorder = False
    return ByFile(config, log)


class Result(NamedTuple):
    """What a command line did: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli() -> Callable[..., Result]:
    """Run ``dumpscope`` with these words; a sample's file name (``tokens.dmp``) stands for its path."""

    def run(*words: Any) -> Result:
        out, err = io.StringIO(), io.StringIO()
        argv = [_path(word) for word in words]
        code = main(argv, Environment(out, err, {}))
        return Result(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def run_json(cli: Callable[..., Result]) -> Callable[..., Dict[str, Any]]:
    """The same with ``--json``; the document, with the exit code under ``code``."""

    def run(*words: Any) -> Dict[str, Any]:
        result = cli(*words, "--json")
        document: Dict[str, Any] = json.loads(result.out)
        document["exit"] = result.code
        return document

    return run


def _path(word: Any) -> str:
    text = str(word)
    sample = SAMPLES / text
    return str(sample) if text.endswith(".dmp") and "/" not in text and sample.exists() else text
