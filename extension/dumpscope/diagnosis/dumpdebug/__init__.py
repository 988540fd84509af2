"""The text of ``.dumpdebug``, line for line."""
