"""The parser made from the registry; and numbers that are none, which are wrong usage and never a fault."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Dict, List

import pytest
from tests.cases import each

from dumpscope.errors import EXIT_BUG, UsageError
from dumpscope.front.cli.environment import Environment
from dumpscope.front.cli.main import main
from dumpscope.session.parsing import Parser
from dumpscope.session.registry import arg

SAMPLE = str(Path(__file__).resolve().parents[2] / "samples" / "handles.dmp")
NUMBERS = ["²", "٣", "9" * 5000]
LINES = [
    ["strings", SAMPLE, "--min", "{}"],
    ["search", SAMPLE, "a", "--limit", "{}"],
    ["streams", SAMPLE, "{}"],
    ["bytes", SAMPLE, "directory", "{}"],
    ["bytes", SAMPLE, "stream", "{}"],
    ["bytes", SAMPLE, "header", "--first", "{}"],
    ["threads", SAMPLE, "{}"],
    ["modules", SAMPLE, "{}"],
    ["tokens", SAMPLE, "{}"],
    ["whatis", SAMPLE, "{}"],
    ["learn", "{}"],
    ["dumpinfo", SAMPLE, "--width", "{}"],
    ["what-if", SAMPLE, "drop stream {}"],
    ["what-if", SAMPLE, "stream {} size = 1"],
    ["what-if", SAMPLE, "type {} size = 1"],
    ["what-if", SAMPLE, "flags ^= " + "~" * 5000 + "1"],
    ["what-if", SAMPLE, "flags ^= " + "-" * 5000 + "1"],
    ["run", SAMPLE, "-c", "handles | head {}"],
    ["run", SAMPLE, "-c", "handles | tail {}"],
    ["run", SAMPLE, "-c", "use {}"],
    ["run", SAMPLE, "-c", "set width {}"],
    ["run", SAMPLE, "-c", "learn {}"],
]


@each("number", NUMBERS, ids=["superscript", "arabic", "long"])
@each("words", LINES, ids=lambda words: " ".join(word[:20] for word in words if word != SAMPLE))
def test_what_is_no_number_is_wrong_usage(words: List[str], number: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert main([word.replace("{}", number) for word in words], Environment(out, err, {})) != EXIT_BUG, err.getvalue()
    assert "internal error" not in out.getvalue() + err.getvalue()


ARGUMENTS = (
    arg("dump", metavar="DUMP", help="needed"),
    arg("handle", nargs="?", metavar="HANDLE", help="may be left out"),
    arg("rest", nargs="*", metavar="REST", help="any number"),
    arg("-s", "--sort", choices=("name", "type"), default="name", help="one of two"),
    arg("--of-type", repeat=True, help="may be given again"),
    arg("--all", switch=True, help="or not"),
)


@pytest.mark.parametrize(
    ("words", "members"),
    [
        (["a"], {"dump": "a", "handle": None, "rest": [], "sort": "name", "of_type": None, "all": False}),
        (["a", "--sort", "type", "b", "--all", "c", "d"], {"dump": "a", "handle": "b", "rest": ["c", "d"], "sort": "type", "all": True}),
        (["--of-type=x=1", "a", "--of-type", "-0x10"], {"dump": "a", "of_type": ["x=1", "-0x10"]}),
        (["a", "-5", "-", "-.5"], {"handle": "-5", "rest": ["-", "-.5"]}),
        (["a", "--", "--all", "--", "-s"], {"handle": "--all", "rest": ["--", "-s"], "all": False}),
        (["a", "-a b"], {"handle": "-a b"}),
    ],
)
def test_options_and_positionals_in_any_order(words: List[str], members: Dict[str, Any]) -> None:
    values = vars(Parser("dumpscope x", ARGUMENTS).parse_words(words))
    assert {name: values[name] for name in members} == members


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the following arguments are required: DUMP"),
        (["a", "--sort"], "argument -s/--sort: expected one argument"),
        (["a", "--sort", "size"], "argument -s/--sort: invalid choice: 'size'"),
        (["a", "--all=1"], "argument --all: ignored explicit argument '1'"),
        (["a", "--al"], "unrecognized arguments: --al"),
        (["--nope", "a", "-q"], "unrecognized arguments: --nope -q"),
    ],
)
def test_wrong_words_are_wrong_usage(words: List[str], said: str) -> None:
    with pytest.raises(UsageError) as found:
        Parser("dumpscope x", ARGUMENTS).parse_words(words)
    assert found.value.message.startswith("x: " + said)
    assert found.value.hint == "`dumpscope x --help` shows how it is used"


def test_options_are_taken_out_of_words_that_are_for_others() -> None:
    values, words = Parser("", ARGUMENTS).options(["x", "--all", "--nope", "1", "--sort=type", "-5", "--", "--all"])
    assert (values.all, values.sort) == (True, "type")
    assert words == ["x", "--nope", "1", "-5", "--", "--all"]


def test_an_empty_name_of_a_file_is_not_the_same_as_none() -> None:
    parser = Parser("dumpscope x", (arg("-o", "--output", metavar="OUT", help="", completes="path"), arg("--name", help="")))
    assert vars(parser.parse_words(["--name", ""])) == {"output": None, "name": ""}
    assert parser.parse_words(["-o", "a b"]).output == "a b"
    for empty in ("", " "):
        with pytest.raises(UsageError, match="x: argument -o/--output: the name of a file is empty"):
            parser.parse_words(["-o", empty])
