"""What work says that needs a dump which the debugger opens: to mend it first, or why that is no way."""

from __future__ import annotations

from ..dump.command_lines import mend_line
from ..dump.source import Source
from ..errors import DumpError
from .mend import mend


def mend_first(source: Source) -> str:
    """The hint for work that needs a dump which the debugger opens: to mend it first, or why that is no way."""
    try:
        mend(source)
    except DumpError as error:
        try:
            mend(source, invent=True)
        except DumpError:
            return f"`mend` cannot help: {error.message}" + (f"; {error.hint}" if error.hint else "")
        return f"`{mend_line(source.name, True)}` first; it makes up what is missing"
    return f"`{mend_line(source.name)}` first"
