"""Dumps inside archives: which members there are, which of them is meant, and its bytes as a :class:`~dumpscope.dump.source.Source`."""
