"""What was typed before, kept in the user's state folder; a folder that cannot be written is done without."""

from __future__ import annotations

import os
from typing import Iterable, List

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

KEPT_LINES = 5000
LONGEST = 2000
"""Characters of a line that is kept: pasted logs are not."""


class KeptHistory(FileHistory):
    """A file of lines that never stops the session: what cannot be read or written is left out."""

    def load_history_strings(self) -> Iterable[str]:
        """The lines, newest first, each once."""
        try:
            rows = list(super().load_history_strings())
        except (OSError, UnicodeError):
            return []
        return list(dict.fromkeys(rows))[:KEPT_LINES]

    def store_string(self, string: str) -> None:
        """Add a line, unless it is too long to be typed again."""
        if len(string) > LONGEST:
            return
        try:
            super().store_string(string)
        except OSError:
            pass


def open_history(folder: str) -> History:
    """The history in ``folder``, or one that lasts as long as the session."""
    if not folder:
        return InMemoryHistory()
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = os.path.join(folder, "history")
        with open(path, "ab"):
            pass
        os.chmod(path, 0o600)
    except OSError:
        return InMemoryHistory()
    return KeptHistory(path)


def typed_lines(history: History) -> List[str]:
    """The lines that are known now, oldest first."""
    return list(history.get_strings())
