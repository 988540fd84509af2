"""Tests of the stack walker."""
