"""The dump of the article: rebuilt from what its transcript prints, small and in full size."""
from .recipes import compose
from .writer import DumpBuilder


def small() -> DumpBuilder:
    """placeholder"""
    return compose("threads modules memory system misc", 0x1105)
