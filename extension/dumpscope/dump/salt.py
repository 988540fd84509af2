"""Numbers of a file as keys."""

from __future__ import annotations

import os

SALT = int.from_bytes(os.urandom(7), "little") | 1
"""Numbers that a file chooses, and of which there may be any number, are multiplied by this before they are keys of a dictionary or set.

An integer's hash is itself, and a dictionary looks for a free place in the same order each time: a file can name numbers of which
each is looked for where all before it are, so that 200,000 of them take half a minute. A factor that no file knows spreads them.
Dictionaries that hold no more than some thousand of them do not need it.
"""
