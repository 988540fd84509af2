"""Compressed files of symbol servers: ``NAME`` with an underscore for its last letter is a cabinet with one file (symstore /compress)."""

from __future__ import annotations

import os
import zlib
from typing import Optional

from ..dump.absence import DAMAGED, NOT_APPLICABLE, Absent
from ..dump.archives.cabinet import Cabinet
from ..dump.source import Source
from ..errors import DumpError


def packed_name(name: str) -> str:
    """What a compressed file is called: ``app.pd_`` for ``app.pdb``."""
    return name[:-1] + "_"


def expand(path: str, target: str, limit: int) -> Optional[Absent]:
    """Unpack the one file of the cabinet at ``path`` to ``target``, of ``limit`` bytes at the most; why not, or None when it is done.

    Raises OSError where ``target`` cannot be written.
    """
    try:
        source = Source.from_path(path)
    except DumpError as error:
        return Absent(NOT_APPLICABLE, error.message)
    try:
        cabinet = Cabinet(source)
        members = cabinet.members()
        if len(members) != 1:
            return Absent(DAMAGED, f"a compressed file holds one file, this one {len(members)}")
        member = members[0]
        if member.reason:
            return Absent(NOT_APPLICABLE, f"the server has it as a compressed file (CAB), which {member.reason}")
        if member.size is not None and member.size > limit:
            return Absent(DAMAGED, f"the compressed file unpacks to {member.size} bytes, {limit} are the most")
        written = 0
        with open(target, "wb") as out:
            for chunk in cabinet.chunks(member):
                out.write(chunk)
                written += len(chunk)
        if written == member.size:
            return None
        reason = f"the compressed file unpacks to {written} of {member.size} bytes"
    except (DumpError, zlib.error) as error:
        reason = f"the compressed file cannot be unpacked: {getattr(error, 'message', None) or error}"
    finally:
        source.close()
    if os.path.exists(target):
        os.remove(target)
    return Absent(DAMAGED, reason)
