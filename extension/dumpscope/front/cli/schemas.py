"""``schema``: the JSON schema of a command's document, from the registry, from what every document has, and from ``schemas.json``.

``schemas.json`` has the members of each command's own, made by ``python -m docs.schemas`` from the answers on all samples.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Dict, List

from ...commands.index import all_commands, find_command
from ...errors import UsageError
from ...session.registry import Command
from ...view.document import SCHEMA

DIALECT = "https://json-schema.org/draft/2020-12/schema"
STORED = Path(__file__).resolve().parent / "schemas.json"


def _object(properties: Dict[str, Any], required: List[str]) -> Dict[str, Any]:
    return {"type": "object", "x-stable": True, "properties": properties, "required": required, "additionalProperties": True}


_TEXT: Dict[str, Any] = {"type": "string"}
_OFFSET: Dict[str, Any] = {"type": ["integer", "null"]}
_WORDS: Dict[str, Any] = {"type": "array", "items": {"type": "string"}}

DEFINITIONS: Dict[str, Any] = {
    "dump": {**_object({"path": {"type": ["string", "null"]}, "size": {"type": "integer"}}, ["path"]), "type": ["object", "null"]},
    "reason": _object({"kind": _TEXT, "message": _TEXT}, ["kind", "message"]),
    "error": _object({"message": _TEXT, "hint": _TEXT, "offset": _OFFSET, "needed": _OFFSET, "available": _OFFSET}, ["message", "hint"]),
    "note": _object({"level": {"enum": ["info", "hint", "warning", "error"]}, "text": _TEXT, "code": _TEXT}, ["level", "text", "code"]),
    "evidence": _object({"what": _TEXT, "value": _TEXT, "offset": _OFFSET}, ["what", "value", "offset"]),
    "finding": _object(
        {
            "code": _TEXT,
            "severity": {"enum": ["error", "warning", "info"]},
            "title": _TEXT,
            "verdict": _TEXT,
            "confidence": {"enum": ["proven", "inferred"]},
            "evidence": {"type": "array", "items": {"$ref": "#/$defs/evidence"}},
            "remedy": _WORDS,
            "commands": _WORDS,
        },
        ["code", "severity", "title", "verdict", "confidence", "evidence", "remedy", "commands"],
    ),
}
"""What documents of all commands share: see :mod:`dumpscope.view.document`."""


@cache
def _stored() -> Dict[str, Any]:
    """What is stored, read once: the server for agents asks for the schema of each command."""
    read: Dict[str, Any] = json.loads(STORED.read_text("utf-8"))
    return read


def schema_of(command: Command) -> Dict[str, Any]:
    """The JSON schema (2020-12) of a command's document. Its parts are shared with other answers: they are not to be changed."""
    own = _stored().get(command.name, {})
    members: Dict[str, Any] = own.get("properties", {})
    shared: Dict[str, Any] = {
        "schema": {"const": SCHEMA, "x-stable": True, "description": "the number of this form of documents"},
        "command": {"const": command.name, "x-stable": True},
        "dump": {"$ref": "#/$defs/dump"},
        "reason": {"$ref": "#/$defs/reason", "description": "why what was asked for is not in the dump"},
        "error": {"$ref": "#/$defs/error", "description": "why the file cannot be read, or the answer ends early"},
        "findings": {"type": "array", "x-stable": True, "items": {"$ref": "#/$defs/finding"}},
        "notes": {"type": "array", "x-stable": True, "items": {"$ref": "#/$defs/note"}},
    }
    for name in shared:
        if name in members:  # the command has one of its own under this name
            shared[name] = {"anyOf": [shared[name], members[name]]}
    return {
        "$schema": DIALECT,
        "title": f"dumpscope {command.name} --json",
        "description": command.summary,
        "type": "object",
        "required": ["schema", "command", "dump"],
        "properties": {**members, **shared},
        "patternProperties": {"^.+_reason$": {"description": "why the member without `_reason` is null"}, **own.get("patternProperties", {})},
        "additionalProperties": True,
        "$defs": DEFINITIONS,
    }


def schema_text(name: str = "") -> str:
    """The schema of the command of that name, or of all by their names, as JSON. Raises UsageError for a name that is none."""
    if not name:
        return _json({item.name: schema_of(item) for item in all_commands()})
    from .shells import SHELLS

    if name in SHELLS:
        raise UsageError(f"{name} has no --json, so it has no schema", "`dumpscope schema` prints those of all commands that have one")
    return _json(schema_of(find_command(name.lstrip("!."))))


def _json(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"


__all__ = ["DEFINITIONS", "schema_of", "schema_text"]
