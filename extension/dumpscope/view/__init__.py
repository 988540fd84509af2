"""Blocks that say what an answer is, and the renderers that draw it: text, ANSI, DML, JSON, CSV."""
