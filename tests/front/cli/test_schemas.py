"""The JSON schema of each command: what it answers on every sample fits, and the stored members are those that are seen today."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterator, Tuple

import pytest
from tests.amount import ALL, some
from tests.fleet.threads import use_threads

from docs import schemas
from dumpscope.commands.index import all_commands, find_command
from dumpscope.errors import DumpError
from dumpscope.front.answer import refusal
from dumpscope.front.cli.schemas import DEFINITIONS, STORED, schema_of, schema_text
from dumpscope.front.options import Options
from dumpscope.session.registry import Command

COMMANDS = [item.name for item in all_commands()]


def places(schema: Any, path: str = "") -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Every schema in a schema, with its place."""
    if isinstance(schema, dict):
        yield path, schema
        for name, inner in schema.get("properties", {}).items():
            yield from places(inner, f"{path}/{name}")
        yield from places(schema.get("items"), path + "/[]")
        yield from places(schema.get("additionalProperties"), path + "/*")


@pytest.mark.parametrize("name", COMMANDS)
def test_documents_on_all_samples_fit_and_give_what_is_stored(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All documents give their members, and each is held against the schema, which is held against that of schemas.

    If not all is asked for: a twelfth of the samples, every fourth document, and every fourth schema.
    """
    jsonschema = pytest.importorskip("jsonschema")
    use_threads(monkeypatch)
    command = find_command(name)
    schema = schema_of(command)
    if name in some(COMMANDS, 0, 4):
        jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    seen = schemas.Seen()
    count = 0
    for line, document in schemas.documents(command, seen, some(schemas.samples(), COMMANDS.index(name), 12)):
        count += 1
        seen.document(document)
        if ALL or count % 4 == 1:
            wrong = next(check.iter_errors(document), None)
            assert wrong is None, f"{line}: {wrong.json_path}: {wrong.message[:300]}"
    assert count or name in schemas.SILENT
    stored, made = json.loads(STORED.read_text("utf-8"))[name], schemas.members_of(seen)
    told = "run `python -m docs.schemas`, then `python -m docs.build`"
    if ALL:
        assert stored == made, told
    else:
        assert list(beyond(made, stored)) == [], told


def beyond(made: Any, stored: Any, path: str = "") -> Iterator[str]:
    """The places of a schema, made of fewer documents, which the stored one does not have, or has with other types."""
    if not isinstance(made, dict) or not isinstance(stored, dict):
        return
    for name in ("type", "x-kind"):
        new, known = ({found} if isinstance(found, str) else {*found} for found in (made.get(name, []), stored.get(name, [])))
        if not new <= known | {"null"}:
            yield f"{path} {name}"
    for name, inner in made.get("properties", {}).items():
        patterns = [found for pattern, found in stored.get("patternProperties", {}).items() if re.search(pattern, name)]
        found = stored.get("properties", {}).get(name, patterns[0] if patterns else stored.get("additionalProperties"))
        yield from beyond(inner, found, f"{path}/{name}") if isinstance(found, dict) else [f"{path}/{name}"]
    for pattern, inner in made.get("patternProperties", {}).items():
        found = stored.get("patternProperties", {}).get(pattern)
        yield from beyond(inner, found, f"{path}/{pattern}") if found else [f"{path}/{pattern}"]
    for name in ("additionalProperties", "items"):
        yield from beyond(made.get(name), stored.get(name), f"{path}/{name}")


def test_a_new_member_or_type_is_beyond_what_is_stored() -> None:
    stored = json.loads(STORED.read_text("utf-8"))["handles"]
    row = ["properties", "handles", "items", "properties"]
    for change in ({"new": {"type": ["string"]}}, {"access": {"type": ["integer"]}}, {"access": {"items": {"type": "integer"}}}):
        made = json.loads(json.dumps(stored))
        assert list(beyond(made, stored)) == []
        place = made
        for name in row:
            place = place[name]
        place.update(change)
        assert len(list(beyond(made, stored))) == 1


def test_what_does_not_fit_is_refused() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    command = find_command("handles")
    check = jsonschema.Draft202012Validator(schema_of(command))
    sample = schemas.ROOT / "samples" / "handles.dmp"
    (document,) = [found for _, found in schemas.run_line(command, [str(sample)], str(sample), schemas.Seen())]
    assert check.is_valid(document)
    for spoil in (
        lambda copy: copy.pop("schema"),
        lambda copy: copy.update(schema=2),
        lambda copy: copy.update(command="threads"),
        lambda copy: copy["handles"][0].update(handle=4),
        lambda copy: copy["handles"][0].update(handle="4"),
        lambda copy: copy["handles"][0].update(type=[]),
        lambda copy: copy.update(handles={}),
        lambda copy: copy["notes"].append({"text": "alone"}),
    ):
        copy = json.loads(json.dumps(document))
        copy.setdefault("notes", [])
        spoil(copy)
        assert not check.is_valid(copy)
    document["handles"][0]["new_member"] = 1  # what is added later is no break
    assert check.is_valid(document)


def test_the_document_of_a_file_that_cannot_be_read_fits() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for name in COMMANDS:
        command: Command = find_command(name)
        text = "".join(refusal(command, "no.dmp", DumpError("the file is empty", offset=0, needed=32, available=0), Options([], json=True)))
        jsonschema.Draft202012Validator(schema_of(command)).validate(json.loads(text))


def test_what_is_typed_is_marked_stable_and_what_is_plain_data_is_not() -> None:
    schema = schema_of(find_command("handles"))
    row = schema["properties"]["handles"]["items"]
    assert schema["properties"]["handles"]["x-stable"] is True
    assert row["properties"]["handle"] == {"type": ["string", "null"], "x-stable": True, "x-kind": ["handle"], "pattern": "^-?0x[0-9a-f]+$"}
    assert "x-stable" not in row["properties"]["object_info"]
    for name in COMMANDS:
        for path, place in places(schema_of(find_command(name))):
            if "properties" in place:
                assert place["additionalProperties"] is True, f"{name} {path}"


def test_schema_prints_one_or_all(capsys: pytest.CaptureFixture[str]) -> None:
    from dumpscope.front.cli.main import main

    assert main(["schema", "handles"]) == 0
    assert json.loads(capsys.readouterr().out) == schema_of(find_command("handles"))
    assert main(["schema", "!handle"]) == 0
    assert json.loads(capsys.readouterr().out)["properties"]["command"]["const"] == "handles"
    assert main(["schema"]) == 0
    assert sorted(json.loads(capsys.readouterr().out)) == sorted(COMMANDS)
    assert main(["schema", "handels"]) == 2
    assert "handles" in capsys.readouterr().err
    assert main(["schema", "repl"]) == 2
    assert "no --json" in capsys.readouterr().err
    assert main(["schema", "why", "--json"]) == 2
    told = capsys.readouterr().err
    assert "its output is JSON already" in told
    assert "handles --json" not in told
    assert json.loads(schema_text("why"))["$defs"] == DEFINITIONS
