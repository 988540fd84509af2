"""One family of streams to a module."""
