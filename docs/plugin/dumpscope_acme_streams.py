"""An example of a stream of a company: XML that its programs pass to MiniDumpWriteDump as a user stream."""

from __future__ import annotations

import re
from typing import Iterator

from dumpscope.dump.decoders import Decoded, StreamDecoder


def _values(data: bytes) -> Iterator[Decoded]:
    text = data.decode("utf-16-le", "replace")
    version = re.search(r'version="([^"]*)"', text)
    if version is not None:
        yield Decoded("version", version[1], 2 * version.start(1), "version of the report")
    for found in re.finditer(r"<(\w+)>([^<]*)</\1>", text):
        yield Decoded(found[1], found[2], 2 * found.start(2))


STREAMS = (StreamDecoder(0x10000, "AcmeReport", "the program's own report: the stage that it was in, as XML", _values, private=True),)
