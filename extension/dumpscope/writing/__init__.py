"""Dumps made from dumps."""
