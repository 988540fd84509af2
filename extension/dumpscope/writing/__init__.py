"""Dumps made from dumps, and from nothing: the writer that works on the same format table as the reader."""

from __future__ import annotations

from .builder import DumpBuilder
from .output import write_whole

__all__ = ["DumpBuilder", "write_whole"]
