"""Mutation tests: ``python -m tests.mutants FOLDER…``. docs/testing.md says what it does and what it found."""
