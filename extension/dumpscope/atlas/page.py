"""One HTML page from one dump: the template with its style, its program and the data, everything inside."""

from __future__ import annotations

import base64
import hashlib
import json
import pkgutil
import zlib
from typing import Any, Dict, Iterator, List

from ..diagnosis.facts import Facts
from ..view.redact import Redactor
from .carried import KINDS
from .nodes import Atlas
from .tables import commands, findings, flags, header_facts, tables

SCRIPTS = ("bytes.js", "tree.js", "map.js", "inspect.js", "tables.js", "start.js")
PLAIN_LIMIT = 1 << 14
"""Bytes up to which they are not worth compressing."""


def _file(name: str) -> str:
    data = pkgutil.get_data("dumpscope.atlas", name)
    assert data is not None
    return data.decode("utf-8")


def script_json(value: Any) -> str:
    """JSON that may stand in a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") + "'"


def page_data(facts: Facts, *, redact: bool, memory: bool) -> Dict[str, Any]:
    """Everything that a page shows but its bytes, which stand under ``bytes`` as they are."""
    dump = facts.dump
    atlas = Atlas(dump, redactor=Redactor.of(dump) if redact else None, memory=memory)
    pieces = list(atlas.pieces())
    ranges = atlas.ranges(atlas.gaps(pieces))
    name = dump.path.replace("\\", "/").rpartition("/")[2]
    nodes: List[List[Any]] = [list(row) for row in atlas.rows]
    return {
        "version": 1,
        "name": atlas.clean(name),
        "size": dump.size,
        "redacted": redact,
        "memory": memory,
        "pointerSize": dump.pointer_size,
        "facts": header_facts(dump, atlas.clean),
        "kinds": [list(kind) for kind in KINDS],
        "nodes": nodes,
        "parts": atlas.shapes.parts,
        "shapes": atlas.shapes.shapes,
        "values": atlas.shapes.values,
        "pieces": pieces,
        "overlaps": [[offset, size, atlas.clean(first), atlas.clean(second)] for offset, size, first, second in atlas.overlaps[:200]],
        "flags": flags(facts, atlas.clean),
        "findings": findings(facts, atlas.clean),
        "commands": commands(facts, atlas.clean),
        "tables": tables(dump, atlas.clean),
        "notes": atlas.notes,
        "ranges": [[start, end - start] for start, end in ranges],
        "bytes": atlas.bytes_of(ranges),
    }


def page(facts: Facts, *, redact: bool = False, memory: bool = False) -> Iterator[str]:
    """The page in pieces of text. The dump must be open in ``facts``."""
    yield from drawn(page_data(facts, redact=redact, memory=memory))


def drawn(data: Dict[str, Any]) -> Iterator[str]:
    """The page of such data, in pieces of text."""
    raw: bytes = data.pop("bytes")
    encoding = "plain"
    if len(raw) > PLAIN_LIMIT:
        raw, encoding = zlib.compress(raw, 9), "deflate"
    data["encoding"] = encoding
    style = _file("page.css")
    script = "'use strict';\n(() => {\n" + "\n".join(_file(name) for name in SCRIPTS) + "\n})();\n"
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; base-uri 'none'; form-action 'none'"
    holes = {"POLICY": policy, "STYLE": style, "SCRIPT": script, "DATA": script_json(data), "BYTES": base64.b64encode(raw).decode("ascii")}
    for number, part in enumerate(_file("page.html").split("%%")):
        yield holes[part] if number % 2 else part
